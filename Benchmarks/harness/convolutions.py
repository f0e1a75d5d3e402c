"""The single convolutions that are measured, and what each takes at least."""

import math
from dataclasses import replace

from peers.convolution import PARTS, Convolution

FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS = PARTS
# Nothing reads the gradient of the network's input.
FIRST_LAYER = (FORWARD, BACKWARD_WEIGHTS)


def convolutions():
    """Name → convolution, one for each part that is measured."""
    return {f"{_name(conv)} {part}": replace(conv, part=part) for conv, parts in _table() for part in parts}


def flops(conv):
    """Floating-point operations of the definition, those with padding included."""
    sides = conv.space if conv.transposed else conv.output_space
    pairs = conv.inputs * conv.outputs // conv.groups
    return 2 * conv.batch * math.prod(sides) * pairs * math.prod(conv.kernel)


def bytes_moved(conv):
    """Bytes of input, weights and output, each once, in float32."""
    return 4 * sum(map(math.prod, (conv.input_shape, conv.weight_shape, conv.output_shape)))


def _table():
    for sizes in (
        (4, 64, 256, 64),
        (4, 128, 128, 128),
        (4, 256, 64, 256),
        (4, 512, 32, 512),
        (4, 1024, 16, 1024),
        (4, 32, 256, 32),
        (4, 16, 256, 16),
    ):
        yield _square(*sizes, 3, padding=1), PARTS
    yield _square(4, 64, 128, 128, 3, stride=2, padding=1), PARTS
    yield _square(4, 256, 64, 256, 1), PARTS
    yield _square(4, 64, 256, 64, 1), PARTS
    yield _square(4, 64, 128, 128, 4, stride=2, padding=1), PARTS
    yield _square(4, 3, 256, 64, 3, padding=1), FIRST_LAYER
    yield _square(4, 3, 256, 64, 7, stride=2, padding=3), FIRST_LAYER
    for kernel, size in ((3, 64), (7, 64), (31, 32)):
        yield _square(4, 128, size, 128, kernel, padding=kernel // 2, groups=128), PARTS
    # Atrous spatial pyramid pooling, as in DeepLab.
    yield _square(4, 256, 32, 256, 3, padding=12, dilation=12), PARTS
    yield _square(1, 256, 64, 256, 3, padding=36, dilation=36), PARTS
    yield _square(4, 128, 128, 64, 2, stride=2, transposed=True), PARTS
    # Two layers that each shorten a sequence by their whole kernel.
    yield _cube(1, 256, 64, 200, 4, 10, stride=10), PARTS
    yield _cube(1, 256, 4, 20, 64, 5, stride=5), PARTS
    yield _cube(3, 1, 32, 32, 32, 3, padding=1), PARTS


def _square(*sizes, **options):
    return _cube(2, *sizes, **options)


def _cube(axes, batch, inputs, size, outputs, kernel, stride=1, padding=0, dilation=1, groups=1, transposed=False):
    """The same sizes along each of the space axes."""
    size, kernel, stride, padding, dilation = ((v,) * axes for v in (size, kernel, stride, padding, dilation))
    return Convolution(batch, inputs, size, outputs, kernel, stride, padding, dilation, groups, transposed)


def _name(conv):
    """Such as "conv 3x3 s2 4x64x128x128": kernel, what is not plain, then batch × inputs × size × outputs."""
    axes = len(conv.space)
    words = ["conv" if axes == 2 else f"conv{axes}d", "x".join(map(str, conv.kernel))]
    words += ["transposed"] * conv.transposed
    words += [f"s{conv.stride[0]}"] if conv.stride[0] > 1 else []
    words += [f"rate {conv.dilation[0]}"] if conv.dilation[0] > 1 else []
    words += ["depthwise"] if conv.groups > 1 else []
    return " ".join(words + [f"{conv.batch}x{conv.inputs}x{conv.space[0]}x{conv.outputs}"])
