"""A convolution as bench.py gives it to a worker; the same words that `martlet-bench conv` takes."""

import argparse
from dataclasses import dataclass

PARTS = ("forward", "backward-data", "backward-weights")


@dataclass(frozen=True)
class Convolution:
    """Sizes for each space axis are tuples of one to three values. `space` is that of the input, and a transposed
    convolution counts inputs and outputs as its own."""

    batch: int
    inputs: int
    space: tuple
    outputs: int
    kernel: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    groups: int = 1
    transposed: bool = False
    part: str = "forward"

    @property
    def output_space(self):
        return tuple(map(self._output_size, self.space, self.kernel, self.stride, self.padding, self.dilation))

    def _output_size(self, size, kernel, stride, padding, dilation):
        reach = (kernel - 1) * dilation + 1
        if self.transposed:
            return (size - 1) * stride + reach - 2 * padding
        return (size + 2 * padding - reach) // stride + 1

    @property
    def input_shape(self):
        return (self.batch, self.inputs, *self.space)

    @property
    def output_shape(self):
        return (self.batch, self.outputs, *self.output_space)

    @property
    def weight_shape(self):
        """In PyTorch's order, which is also ONNX's."""
        first, second = (self.inputs, self.outputs) if self.transposed else (self.outputs, self.inputs)
        return (first, second // self.groups, *self.kernel)

    def command_line(self):
        """The words that `arguments` reads."""
        words = ["--batch", str(self.batch), "--inputs", str(self.inputs), "--outputs", str(self.outputs)]
        for name in ("space", "kernel", "stride", "padding", "dilation"):
            words += ["--" + name, ",".join(map(str, getattr(self, name)))]
        words += ["--groups", str(self.groups), "--part", self.part]
        return words + (["--transposed"] if self.transposed else [])


def arguments(description, modes=()):
    """Parses a worker's command line; gives the convolution and the remaining options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--outputs", type=int, required=True)
    for name in ("space", "kernel", "stride", "padding", "dilation"):
        parser.add_argument("--" + name, type=_numbers, required=True)
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--transposed", action="store_true")
    parser.add_argument("--part", choices=PARTS, default="forward")
    parser.add_argument("--threads", type=int, default=2)
    if modes:
        parser.add_argument("--mode", choices=modes, default=modes[0])
    options = parser.parse_args()
    fields = {name: getattr(options, name) for name in Convolution.__dataclass_fields__}
    return Convolution(**fields), options


def _numbers(text):
    return tuple(int(word) for word in text.split(","))
