"""A worker for bench.py: the forward pass of a convolution in ncnn, which takes a batch's images one by one."""

import tempfile
from pathlib import Path

import ncnn
import numpy as np

import convolution
import worker

# Where a layer's parameters put each space axis, width first.
FIRST_KEYS = {"kernel": (1, 11, 21), "dilation": (2, 12, 22), "stride": (3, 13, 23), "padding": (4, 14, 24)}


def layer(conv):
    """The layer's type and its parameters in ncnn's text format."""
    name = ("Deconvolution" if conv.transposed else "Convolution") + ("DepthWise" if conv.groups > 1 else "")
    name += {1: "1D", 2: "", 3: "3D"}[len(conv.space)]
    keys = {0: conv.outputs, 5: 0, 6: int(np.prod(conv.weight_shape))}
    for field, places in FIRST_KEYS.items():
        keys |= dict(zip(places, reversed(getattr(conv, field))))
    return name, keys | ({7: conv.groups} if conv.groups > 1 else {})


def network(conv, weight, threads, allocators):
    net = ncnn.Net()
    net.opt.blob_allocator, net.opt.workspace_allocator = allocators
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
        setattr(net.opt, "use_" + name, False)
    name, keys = layer(conv)
    text = " ".join(f"{key}={value}" for key, value in keys.items())
    with tempfile.TemporaryDirectory() as folder:
        description, numbers = Path(folder) / "net.param", Path(folder) / "net.bin"
        description.write_text(f"7767517\n2 2\nInput x 0 1 x\n{name} y 1 1 x y {text}\n")
        # ncnn keeps a transposed convolution's weights by output channel too; four zero bytes mean float32.
        ordered = np.swapaxes(weight, 0, 1) if conv.transposed else weight
        numbers.write_bytes(bytes(4) + np.ascontiguousarray(ordered).tobytes())
        if net.load_param(str(description)) != 0 or net.load_model(str(numbers)) != 0:
            raise SystemExit("ncnn does not take the convolution")
    return net


def main():
    conv, options = convolution.arguments(__doc__)
    # They keep their memory between runs, and must outlive what is made with them.
    allocators = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()

    def prepare():
        numbers = np.random.default_rng(0)
        x, weight = (numbers.standard_normal(s, dtype=np.float32) for s in (conv.input_shape, conv.weight_shape))
        net = network(conv, weight, options.threads, allocators)
        images = [ncnn.Mat(image).clone() for image in x]

        def infer():
            outputs = []
            for image in images:
                extractor = net.create_extractor()
                extractor.input("x", image)
                status, output = extractor.extract("y")
                if status != 0:
                    raise SystemExit(f"ncnn failed with status {status}")
                outputs.append(output)
            return outputs

        return infer

    worker.serve(f"ncnn {ncnn.__version__}", prepare, lambda made: float(sum(np.array(y).sum() for y in made)))


if __name__ == "__main__":
    main()
