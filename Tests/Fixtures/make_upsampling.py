"""Interpolation: nearest and linear."""

import torch.nn.functional as F

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
rows.save()
