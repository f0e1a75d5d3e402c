"""Interpolation: PyTorch's modes, and those of ONNX that PyTorch lacks by ONNX's reference implementation."""

import numpy as np
import torch
import torch.nn.functional as F
from onnx.reference.ops.op_resize import Resize

from fixture import Rows

rows = Rows("upsampling")
r = rows.random


def add(name, shape, **options):
    rows.add(name, lambda x: F.interpolate(x, **options), [r(name, *shape)])


add("nearest_double", (2, 17, 3, 4), scale_factor=2)
add("nearest_size", (2, 3, 5, 4), size=(7, 9))
add("nearest_down", (1, 2, 9, 10), size=(4, 3))
add("nearest_scale", (1, 2, 5, 7), scale_factor=1.7)
add("nearest_1d", (2, 3, 5), size=13)
add("nearest_3d", (1, 2, 2, 3, 2), scale_factor=2)
add("linear", (2, 3, 5), size=11, mode="linear")
add("bilinear_double", (2, 17, 4, 5), scale_factor=2, mode="bilinear")
add("bilinear_double_aligned", (2, 16, 4, 5), scale_factor=2, mode="bilinear", align_corners=True)
add("bilinear_size", (2, 3, 5, 4), size=(7, 9), mode="bilinear")
add("bilinear_scale", (1, 2, 5, 7), scale_factor=2.6, mode="bilinear")
add("bilinear_down", (1, 3, 9, 8), size=(4, 3), mode="bilinear")
add("bilinear_from_one", (2, 20, 1, 1), size=(4, 3), mode="bilinear", align_corners=True)
add("trilinear", (1, 2, 2, 3, 4), size=(5, 4, 4), mode="trilinear")
add("bicubic", (2, 17, 4, 5), size=(7, 9), mode="bicubic")
add("bicubic_down", (1, 3, 9, 8), size=(4, 3), mode="bicubic")
add("bicubic_kept", (1, 2, 4, 5), scale_factor=1.2, mode="bicubic")
add("bicubic_aligned", (1, 3, 5, 4), scale_factor=2, mode="bicubic", align_corners=True)
add("bilinear_antialias", (1, 3, 13, 10), size=(4, 7), mode="bilinear", antialias=True)
add("bicubic_antialias", (1, 3, 13, 10), size=(4, 7), mode="bicubic", antialias=True)


def matrix(size, scale=None, output=None, roi=None, outside=0.0, **options):
    """What ONNX's reference makes of an axis, as a matrix: what it makes of the columns of the identity."""
    options = dict(
        axes=[0], mode="linear", coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75, exclude_outside=0,
        extrapolation_value=outside, keep_aspect_ratio_policy="stretch", nearest_mode="round_prefer_floor", antialias=0
    ) | options
    scales, sizes = (None, [output]) if scale is None else ([scale], None)
    return Resize._run(None, np.eye(size), None if roi is None else np.array(roi), scales, sizes, **options)[0]


def reference(name, shape, scales=None, sizes=None, rois=None, **options):
    space = shape[2:]
    matrices = [
        torch.from_numpy(
            matrix(
                size, None if scales is None else scales[i], None if sizes is None else sizes[i],
                None if rois is None else rois[i], **options
            )
        )
        for i, size in enumerate(space)
    ]

    def run(x):
        for axis, m in enumerate(matrices):
            x = torch.tensordot(x, m, dims=([2], [1]))
        return x

    rows.add(name, run, [r(name, *shape)])


for rounding in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
    for coordinates in ["half_pixel", "asymmetric"]:
        reference(
            f"onnx_nearest_{coordinates}_{rounding}", (1, 2, 4, 6), scales=[2.0, 0.5], mode="nearest",
            nearest_mode=rounding, coordinate_transformation_mode=coordinates
        )
reference("onnx_nearest_ties", (1, 2, 4, 12), sizes=[3, 9], mode="nearest")
for method in ["linear", "cubic"]:
    for coordinates in ["half_pixel_symmetric", "pytorch_half_pixel", "asymmetric"]:
        reference(
            f"onnx_{method}_{coordinates}", (1, 3, 5, 4), scales=[1.7, 0.6], mode=method,
            coordinate_transformation_mode=coordinates
        )
reference("onnx_nearest_1d_aligned", (2, 3, 5), sizes=[9], mode="nearest", coordinate_transformation_mode="align_corners")
reference("onnx_cubic_3d", (1, 2, 4, 3, 5), sizes=[3, 5, 7], mode="cubic", cubic_coeff_a=-0.5)
reference("onnx_cubic_excluding", (1, 2, 4, 5), scales=[1.5, 2.0], mode="cubic", exclude_outside=1)
reference("onnx_linear_antialias", (1, 2, 9, 8), scales=[0.4, 1.5], antialias=1)
reference("onnx_cubic_antialias", (1, 2, 9, 8), scales=[0.4, 0.7], mode="cubic", antialias=1)
reference("onnx_cubic_antialias_excluding", (1, 2, 9, 8), sizes=[4, 3], mode="cubic", antialias=1, exclude_outside=1)


def crop(name, mode, outside):
    """Part of the image and some of what lies beyond it."""
    options = dict(mode=mode, coordinate_transformation_mode="tf_crop_and_resize")
    ends = [[0.2, 1.3], [-0.1, 0.8]]
    a, b = (torch.from_numpy(matrix(n, output=o, roi=e, **options)) for n, o, e in zip((5, 6), (4, 7), ends))
    empty = (a.abs().sum(1) == 0)[:, None] | (b.abs().sum(1) == 0)[None]

    def run(x):
        return torch.where(empty, outside, torch.einsum("ncij,oi,pj->ncop", x, a, b))

    rows.add(name, run, [r(name, 1, 3, 5, 6)])


crop("onnx_linear_crop", "linear", 2.5)
crop("onnx_nearest_crop", "nearest", -1.0)
rows.save()
