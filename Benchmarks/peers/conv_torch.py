"""A worker for bench.py: one part of a convolution in PyTorch, the call that a training step makes."""

import torch

import convolution
import worker

LAYOUTS = {2: torch.channels_last, 3: torch.channels_last_3d}


def main():
    conv, options = convolution.arguments(__doc__, modes=("channels_last", "contiguous"))
    torch.set_num_threads(options.threads)
    # There is no channels-last layout for one space axis.
    channels_last = options.mode == "channels_last" and len(conv.space) in LAYOUTS
    layout = LAYOUTS[len(conv.space)] if channels_last else torch.contiguous_format
    none = (0,) * len(conv.space)
    settings = (conv.stride, conv.padding, conv.dilation, conv.transposed, none, conv.groups)

    def numbers(shape):
        return torch.randn(shape).contiguous(memory_format=layout)

    def prepare():
        torch.manual_seed(0)
        x, weight = numbers(conv.input_shape), numbers(conv.weight_shape)
        if conv.part == "forward":
            return lambda: torch.convolution(x, weight, None, *settings)
        gradient = numbers(conv.output_shape)
        wanted = [conv.part == "backward-data", conv.part == "backward-weights", False]
        backward = torch.ops.aten.convolution_backward
        return lambda: backward(gradient, x, weight, None, *settings, wanted)[wanted.index(True)]

    worker.serve(
        f"PyTorch {torch.__version__}; {'channels_last' if channels_last else 'contiguous'}",
        prepare,
        lambda made: made.sum().item(),
    )


if __name__ == "__main__":
    with torch.no_grad():
        main()
