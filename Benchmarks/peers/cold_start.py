"""A worker for bench.py: a process that loads a saved network, reads a PNG, and writes the mask; its whole time counts.

The process is this file too, with --image and --mask: what it imports is what a small program for the engine imports.
"""

import argparse
import subprocess
import sys
from pathlib import Path


def pytorch(options):
    import torch

    torch.set_num_threads(options.threads)
    model = torch.jit.load(str(options.model.with_suffix(".torchscript")))

    def logits(x):
        with torch.inference_mode():
            return model(torch.from_numpy(x).contiguous(memory_format=torch.channels_last)).numpy()

    return logits


def onnxruntime(options):
    import onnxruntime as ort

    settings = ort.SessionOptions()
    settings.intra_op_num_threads = options.threads
    # Everything was done when it was saved.
    settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(optimized(options)), settings, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})[0]


def optimized(options):
    """ONNX Runtime's own form of the network, for this machine."""
    return options.model.with_suffix(".optimized.onnx")


def openvino(options):
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": options.threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        # What was compiled the first time.
        "CACHE_DIR": str(options.model.with_suffix(".openvino")),
    }
    model = openvino.Core().compile_model(str(options.model.with_suffix(".xml")), "CPU", settings)
    return lambda x: model(x)[0]


def ncnn(options):
    import ncnn
    import numpy as np

    net = ncnn.Net()
    net.opt.num_threads = options.threads
    for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
        setattr(net.opt, "use_" + name, False)
    net.load_param(str(options.model.with_suffix(".ncnn.param")))
    net.load_model(str(options.model.with_suffix(".ncnn.bin")))

    def logits(x):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(x[0]))
        return np.array(extractor.extract("out0")[1])[None]

    return logits


ENGINES = {"pytorch": pytorch, "onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn}


def predict(options):
    """What is measured."""
    import numpy as np
    from PIL import Image

    logits = ENGINES[options.mode](options)
    pixels = np.asarray(Image.open(options.image), np.float32).transpose(2, 0, 1)[None] / 255
    mask = logits(np.ascontiguousarray(pixels))[0].argmax(0).astype(np.uint8)
    Image.fromarray(mask * 255).save(options.mask)


def export(options):
    """Saves the network for all engines, and an image."""
    import network_infer
    import networks
    import numpy as np
    import onnxruntime as ort
    import openvino
    import torch
    from PIL import Image

    network_infer.export(options)
    settings = ort.SessionOptions()
    settings.optimized_model_filepath = str(optimized(options))
    ort.InferenceSession(str(options.model), settings, providers=["CPUExecutionProvider"])
    openvino.save_model(
        openvino.Core().read_model(str(options.model)), options.model.with_suffix(".xml"), compress_to_fp16=False
    )
    model = networks.make_for_inference(options).to(memory_format=torch.channels_last)
    x = torch.zeros(options.batch, 3, options.size, options.size).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        torch.jit.freeze(torch.jit.trace(model, x)).save(str(options.model.with_suffix(".torchscript")))
    pixels = np.random.default_rng(0).integers(0, 256, (options.size, options.size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(options.model.with_suffix(".png"))


def version(mode):
    from importlib.metadata import version

    package, name = {
        "pytorch": ("torch", "PyTorch"),
        "onnxruntime": ("onnxruntime", "ONNX Runtime"),
        "openvino": ("openvino", "OpenVINO"),
        "ncnn": ("ncnn", "ncnn"),
    }[mode]
    return f"{name} {version(package).split('-')[0]}"


def serve(options):
    import worker

    mask = options.model.with_name(f"{options.mode}-mask.png")
    image = options.model.with_suffix(".png")
    command = [sys.executable, __file__, "--mode", options.mode, "--model", str(options.model)]
    command += ["--threads", str(options.threads), "--image", str(image), "--mask", str(mask)]

    def prepare():
        def start():
            mask.unlink(missing_ok=True)
            subprocess.run(command, check=True)
            return mask.stat().st_size

        return start

    worker.serve(version(options.mode), prepare)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=[*ENGINES, "export"], required=True)
    parser.add_argument("--network", default="unet")
    parser.add_argument("--encoder")
    parser.add_argument("--base", type=int, default=64)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, help="the ONNX file; what other engines load lies beside it")
    parser.add_argument("--image", type=Path, help="a PNG to predict, in this process")
    parser.add_argument("--mask", type=Path)
    options = parser.parse_args()
    if options.mode == "export":
        export(options)
    elif options.image:
        predict(options)
    else:
        serve(options)


if __name__ == "__main__":
    main()
