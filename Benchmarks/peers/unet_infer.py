"""A worker for bench.py: one forward pass of the U-Net in evaluation mode, in PyTorch or ONNX Runtime."""

import argparse
from pathlib import Path

import worker

def network(base):
    """The U-Net with running statistics that are not the identity, so that folding them is real work saved."""
    import torch

    from unet import UNet

    torch.manual_seed(0)
    model = UNet(base_channels=base)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return model.eval()


def pytorch(options):
    import torch

    torch.set_num_threads(options.threads)

    def prepare():
        model = network(options.base).to(memory_format=torch.channels_last)
        if options.mode == "compile":
            from torch._inductor import config

            config.freezing = True
            model = torch.compile(model)
        x = torch.randn(options.batch, 3, options.size, options.size)
        x = x.contiguous(memory_format=torch.channels_last)

        def infer():
            with torch.no_grad():
                return model(x).sum().item()

        return infer

    return f"PyTorch {torch.__version__}", prepare


def onnxruntime(options):
    import numpy as np
    import onnxruntime as ort

    def prepare():
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        session = ort.InferenceSession(str(options.model), settings, providers=["CPUExecutionProvider"])
        shape = (options.batch, 3, options.size, options.size)
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        return lambda: float(session.run(None, {"x": x})[0].sum())

    return f"ONNX Runtime {ort.__version__}", prepare


def export(options):
    """Writes the network as ONNX to `options.model`."""
    import torch

    x = torch.randn(options.batch, 3, options.size, options.size)
    partial = options.model.with_suffix(".partial")
    torch.onnx.export(network(options.base), (x,), partial, dynamo=False, input_names=["x"], output_names=["y"])
    partial.replace(options.model)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["eager_cl", "compile", "onnxruntime", "export"], default="eager_cl")
    parser.add_argument("--base", type=int, default=64)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, help="the ONNX file that export writes and onnxruntime reads")
    options = parser.parse_args()
    if options.mode == "export":
        export(options)
    else:
        worker.serve(*(onnxruntime if options.mode == "onnxruntime" else pytorch)(options))


if __name__ == "__main__":
    main()
