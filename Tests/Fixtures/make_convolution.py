"""Convolutions and transposed convolutions of one to three space axes."""

import torch.nn.functional as F

from fixture import Rows

rows = Rows("convolution")
r = rows.random

CONVOLUTIONS = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}
TRANSPOSED = {3: F.conv_transpose1d, 4: F.conv_transpose2d, 5: F.conv_transpose3d}


def tensors(name, input_shape, weight_shape, channels):
    bias = [] if channels is None else [r(name + "/b", channels)]
    return [r(name, *input_shape), r(name + "/w", *weight_shape)] + bias


def add(name, input_shape, weight_shape, bias=True, pads=None, **options):
    """`pads`, in the order of F.pad (last axis first), for padding that differs between the sides."""
    convolve = CONVOLUTIONS[len(input_shape)]
    run = lambda x, *w: convolve(F.pad(x, pads) if pads else x, *w, **options)
    rows.add(name, run, tensors(name, input_shape, weight_shape, weight_shape[0] if bias else None))


def add_transposed(name, input_shape, weight_shape, bias=True, **options):
    transpose = TRANSPOSED[len(input_shape)]
    channels = weight_shape[1] * options.get("groups", 1) if bias else None
    rows.add(name, lambda *t: transpose(*t, **options), tensors(name, input_shape, weight_shape, channels))


add("plain", (2, 16, 7, 6), (16, 16, 3, 3), padding=1)
add("no_bias", (1, 5, 6, 7), (9, 5, 3, 3), bias=False)
add("odd_channels", (1, 19, 5, 6), (21, 19, 3, 3), padding=1)
add("first_layer", (2, 3, 9, 8), (18, 3, 3, 3), padding=1)
add("first_layer_7x7_stride_2", (1, 3, 15, 14), (8, 3, 7, 7), stride=2, padding=3)
add("pointwise", (2, 18, 5, 4), (7, 18, 1, 1))
add("pointwise_stride_2", (2, 9, 5, 7), (7, 9, 1, 1), stride=2)
add("stride_2", (2, 10, 9, 8), (11, 10, 3, 3), stride=2, padding=1)
add("stride_2x3", (1, 9, 11, 10), (6, 9, 2, 4), stride=(2, 3), padding=(0, 2))
add("stride_above_kernel", (1, 9, 10, 11), (5, 9, 2, 2), stride=3)
add("dilation", (1, 9, 9, 10), (6, 9, 3, 3), dilation=2, padding=2)
add("dilation_2x3_stride", (1, 9, 11, 13), (6, 9, 3, 2), dilation=(2, 3), stride=(1, 2), padding=(2, 1))
add("one_sided_padding", (1, 9, 6, 7), (6, 9, 3, 3), pads=(0, 1, 2, 0))
add("wide_padding", (1, 9, 3, 2), (6, 9, 2, 2), padding=4)
add("groups", (2, 12, 5, 6), (9, 4, 3, 3), groups=3, padding=1)
add("depthwise", (2, 19, 6, 5), (19, 1, 3, 3), groups=19, padding=1)
add("depthwise_stride_multiplier", (1, 6, 7, 6), (12, 1, 3, 3), groups=6, stride=2, padding=1)
add("one_pixel", (2, 9, 1, 1), (10, 9, 1, 1))
add("empty_batch", (0, 5, 4, 4), (6, 5, 3, 3), padding=1)
add("1d", (2, 9, 17), (10, 9, 5), stride=2, padding=2)
add("1d_few_channels", (2, 2, 17), (10, 2, 5), padding=2)
add("3d", (1, 9, 4, 5, 6), (6, 9, 3, 2, 3), padding=(1, 0, 1), stride=(2, 1, 1))
add("3d_few_channels", (1, 2, 4, 5, 6), (6, 2, 3, 3, 3), padding=1)
# Large enough for fast algorithms, at sizes that fill neither their tiles nor vectors.
add("winograd", (2, 35, 13, 11), (37, 35, 3, 3), padding=1)
add("winograd_dilation", (1, 32, 11, 15), (33, 32, 3, 3), bias=False, padding=2, dilation=2)

add_transposed("transposed_2x2", (2, 18, 4, 5), (18, 9, 2, 2), stride=2)
add_transposed("transposed_no_bias", (1, 9, 4, 5), (9, 7, 3, 3), bias=False)
add_transposed("transposed_output_padding", (1, 9, 4, 5), (9, 7, 3, 3), stride=2, padding=1, output_padding=1)
add_transposed("transposed_mixed", (1, 8, 4, 3), (8, 5, 3, 2), stride=(3, 2), padding=(1, 0), output_padding=(2, 1))
add_transposed("transposed_dilation", (1, 8, 4, 5), (8, 5, 3, 3), dilation=2, padding=1, output_padding=1)
add_transposed("transposed_groups", (1, 8, 4, 3), (8, 3, 3, 3), groups=2, stride=2, padding=1)
add_transposed("transposed_depthwise", (1, 9, 4, 3), (9, 1, 4, 4), groups=9, stride=2, padding=1)
add_transposed("transposed_1d", (2, 9, 7), (9, 5, 4), stride=2, padding=1)
add_transposed("transposed_3d", (1, 6, 3, 2, 3), (6, 5, 2, 3, 2), stride=2, padding=(0, 1, 0))
rows.add(
    "transposed_one_sided",
    lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 3), groups=2)[:, :, 1:, :-2],
    [rows.random("tos", 1, 8, 4, 3), rows.random("tos.w", 8, 3, 3, 4), rows.random("tos.b", 6)],
)
add_transposed(
    "transposed_3d_groups_dilation", (1, 6, 2, 3, 3), (6, 2, 2, 2, 3), groups=3, stride=(1, 2, 1), dilation=(2, 1, 2),
    padding=(1, 0, 2), output_padding=(1, 1, 0)
)
rows.add(
    "3d_groups_one_sided",
    lambda x, w: F.conv3d(F.pad(x, (0, 2, 1, 0, 0, 1)), w, stride=(1, 2, 1), dilation=(1, 1, 2), groups=2),
    [rows.random("3gos", 1, 8, 3, 4, 5), rows.random("3gos.w", 6, 4, 2, 3, 2)],
)
rows.save()
