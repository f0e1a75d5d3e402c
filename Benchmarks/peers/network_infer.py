"""A worker for bench.py: one forward pass of a network in evaluation mode, in PyTorch, ONNX Runtime, OpenVINO or ncnn."""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import networks
import worker


def image(options):
    shape = (options.batch, 3, options.size, options.size)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def model_file(options):
    return options.model.with_suffix(".int8.onnx") if options.int8 else options.model


def pytorch(options):
    import torch

    torch.set_num_threads(options.threads)

    def prepare():
        model = networks.make_for_inference(options).to(memory_format=torch.channels_last)
        if options.bf16:
            model = model.to(torch.bfloat16)
        if options.mode == "compile":
            from torch._inductor import config

            config.freezing = True
            model = torch.compile(model)
        x = torch.from_numpy(image(options)).contiguous(memory_format=torch.channels_last)
        x = x.to(torch.bfloat16) if options.bf16 else x

        def infer():
            with torch.no_grad():
                return model(x).sum().item()

        return infer

    return f"PyTorch {torch.__version__}", prepare


def onnxruntime(options):
    import onnxruntime as ort

    def prepare():
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        session = ort.InferenceSession(str(model_file(options)), settings, providers=["CPUExecutionProvider"])
        x = image(options)
        return lambda: float(session.run(None, {"x": x})[0].sum())

    return f"ONNX Runtime {ort.__version__}", prepare


def openvino(options):
    import openvino

    def prepare():
        settings = {
            "INFERENCE_NUM_THREADS": options.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if options.bf16 else "f32",
        }
        request = openvino.Core().compile_model(str(model_file(options)), "CPU", settings).create_infer_request()
        x = openvino.Tensor(image(options))

        def infer():
            request.infer({0: x})
            return float(request.get_output_tensor(0).data.sum())

        return infer

    return f"OpenVINO {openvino.__version__.split('-')[0]}", prepare


def ncnn(options):
    import ncnn

    # They keep their memory between runs, and must outlive what is made with them.
    allocators = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()

    def prepare():
        net = ncnn.Net()
        net.opt.blob_allocator, net.opt.workspace_allocator = allocators
        net.opt.num_threads = options.threads
        net.opt.use_vulkan_compute = False
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
            setattr(net.opt, "use_" + name, False)
        files = [options.model.with_suffix(suffix) for suffix in (".ncnn.param", ".ncnn.bin")]
        if net.load_param(str(files[0])) != 0 or net.load_model(str(files[1])) != 0:
            raise SystemExit("ncnn does not take the network")
        images = [ncnn.Mat(x).clone() for x in image(options)]

        def infer():
            total = 0.0
            for x in images:
                extractor = net.create_extractor()
                extractor.input("in0", x)
                failed, y = extractor.extract("out0")
                if failed:
                    raise SystemExit("ncnn cannot run the network")
                total += float(np.array(y).sum())
            return total

        return infer

    return f"ncnn {ncnn.__version__}", prepare


def export(options):
    """Writes the network as ONNX to `options.model` and, for ncnn, beside it."""
    import pnnx
    import torch

    model = networks.make_for_inference(options)
    x = torch.from_numpy(image(options))
    with tempfile.TemporaryDirectory() as folder:
        traced = Path(folder) / "net.pt"
        with torch.no_grad():
            torch.jit.trace(model, x).save(str(traced))
        pnnx.convert(str(traced), [x], fp16=False)
        for suffix in (".ncnn.param", ".ncnn.bin"):
            written = traced.with_suffix(suffix)
            if written.exists():
                options.model.with_suffix(suffix).write_bytes(written.read_bytes())
    partial = options.model.with_suffix(".partial")
    torch.onnx.export(model, (x,), partial, dynamo=False, input_names=["x"], output_names=["y"])
    partial.replace(options.model)


def quantize(options):
    """Writes the ONNX file beside itself in int8, weights by channel, with ONNX Runtime's static quantization calibrated
    on the images that are then run: as both engines read it, with operators that quantize and dequantize."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Images(CalibrationDataReader):
        left = [{"x": image(options)}]

        def get_next(self):
            return self.left.pop() if self.left else None

    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(str(options.model), str(plain))
        quantize_static(
            str(plain), str(quantized), Images(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        partial = options.model.with_suffix(".partial")
        partial.write_bytes(quantized.read_bytes())
        partial.replace(options.model.with_suffix(".int8.onnx"))


ENGINES = {
    "eager_cl": pytorch, "compile": pytorch, "onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn,
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=[*ENGINES, "export", "quantize"], default="eager_cl")
    networks.add_arguments(parser, batch=1)
    parser.add_argument("--bf16", action="store_true", help="PyTorch and OpenVINO: weights and activations in bfloat16")
    parser.add_argument("--int8", action="store_true", help="ONNX Runtime and OpenVINO: the file that quantize writes")
    parser.add_argument("--model", type=Path, help="the ONNX file that export writes and the engines read")
    options = parser.parse_args()
    if options.mode == "export":
        export(options)
    elif options.mode == "quantize":
        quantize(options)
    else:
        worker.serve(*ENGINES[options.mode](options))


if __name__ == "__main__":
    main()
