"""Writes raster.json: connected components by SciPy and scikit-image, and distance transforms by SciPy.

Masks are strings of digits, row by row. Classes are digits of their own.
"""

import json
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage import measure

draw = np.random.default_rng(7)


def digits(mask):
    return "".join(str(v) for v in mask.ravel())


def component_case(mask, connectivity):
    structure = ndimage.generate_binary_structure(2, 1 if connectivity == 4 else 2)
    return {
        "height": mask.shape[0],
        "width": mask.shape[1],
        "connectivity": connectivity,
        "pixels": digits(mask),
        "labels": ndimage.label(mask, structure)[0].ravel().tolist(),
        "classLabels": measure.label(mask, background=0, connectivity=1 if connectivity == 4 else 2).ravel().tolist(),
    }


def spiral(size):
    """One path that winds inwards: a component whose parts meet late."""
    mask = np.zeros((size, size), int)
    y, x, dy, dx = 0, 0, 0, 1
    for _ in range(size * size):
        mask[y, x] = 1
        ahead = (y + 2 * dy, x + 2 * dx)
        inside = 0 <= y + dy < size and 0 <= x + dx < size
        if not inside or (0 <= ahead[0] < size and 0 <= ahead[1] < size and mask[ahead]):
            dy, dx = dx, -dy
        if not (0 <= y + dy < size and 0 <= x + dx < size) or mask[y + dy, x + dx]:
            break
        y, x = y + dy, x + dx
    return mask


masks = [draw.integers(0, 2, (13, 17)), (draw.random((19, 11)) < 0.7).astype(int), draw.integers(0, 4, (16, 15))]
masks += [spiral(15), np.ones((3, 5), int), np.zeros((2, 4), int), draw.integers(0, 3, (1, 23)), draw.integers(0, 3, (23, 1))]
masks += [np.indices((9, 8)).sum(0) % 2, np.array([[1, 0, 2, 0, 1], [1, 0, 2, 0, 1], [1, 1, 1, 1, 1]])]


def distance_case(mask, spacing):
    some = (mask == 0).any()
    return {
        "shape": list(mask.shape),
        "spacing": spacing,
        "mask": digits(mask),
        # SciPy takes a mask without a zero for one with a zero somewhere outside.
        "squared": (ndimage.distance_transform_edt(mask, spacing) ** 2).ravel().tolist() if some else None,
    }


def one_zero(shape, at):
    mask = np.ones(shape, int)
    mask[at] = 0
    return mask


distances = [
    distance_case((draw.random((14, 17)) < 0.8).astype(int), [1.0, 1.0]),
    distance_case((draw.random((11, 21)) < 0.95).astype(int), [0.7, 1.9]),
    distance_case((draw.random((6, 7, 9)) < 0.97).astype(int), [1.0, 1.0, 1.0]),
    distance_case((draw.random((5, 8, 7)) < 0.9).astype(int), [2.5, 0.5, 0.8]),
    distance_case(one_zero((9, 12), (8, 0)), [1.0, 1.0]),
    distance_case(one_zero((5, 6, 4), (2, 5, 0)), [3.0, 1.0, 1.0]),
    distance_case(np.ones((4, 5), int), [1.0, 1.0]),
    distance_case(np.zeros((3, 4), int), [1.0, 1.0]),
    distance_case((draw.random((1, 19)) < 0.8).astype(int), [1.0, 1.0]),
    distance_case((draw.random((19, 1)) < 0.8).astype(int), [1.0, 0.3]),
]

path = Path(__file__).parent / "raster.json"
path.write_text(
    json.dumps(
        {"components": [component_case(m, c) for m in masks for c in (4, 8)], "distances": distances},
        separators=(",", ":"),
    )
    + "\n"
)
print(f"{path.name}: {path.stat().st_size} bytes")
