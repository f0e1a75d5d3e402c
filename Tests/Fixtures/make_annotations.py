"""Writes annotations.json: polygons and the masks that pycocotools, COCO's own tools, makes of them."""

import json
from pathlib import Path

import numpy as np
from pycocotools import mask

generator = np.random.default_rng(11)
cases = []


def add(width, height, polygons):
    polygons = [[round(float(v), 3) for v in np.ravel(p)] for p in polygons]
    runs = mask.merge(mask.frPyObjects(polygons, height, width))
    # Run lengths as numbers, down the columns and beginning with nothing.
    flat = mask.decode(runs).T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    counts = counts if not flat[0] else [0] + counts
    cases.append(
        dict(width=width, height=height, polygons=polygons, text=runs["counts"].decode(), counts=counts)
    )


def star(width, height, points, wild):
    """A closed line around a place, which crosses itself where it is wild."""
    angles = np.sort(generator.uniform(0, 2 * np.pi, points)) if not wild else generator.uniform(0, 2 * np.pi, points)
    radii = generator.uniform(0.1, 0.7, points)[:, None] * [width, height]
    centre = generator.uniform(0, 1, 2) * [width, height]
    return centre + radii * np.stack([np.cos(angles), np.sin(angles)], -1)


for number in range(60):
    width, height = generator.integers(1, 40, 2)
    shapes = [star(width, height, generator.integers(3, 12), number % 3 == 0) for _ in range(number % 2 + 1)]
    # Some on whole pixels, some on halves, some anywhere and past the edges.
    add(int(width), int(height), [np.round(s * (number % 4)) / (number % 4) if number % 4 else s for s in shapes])
add(10, 8, [[2, 3, 7, 3, 7, 6, 2, 6]])
add(10, 8, [[0, 0, 10, 0, 10, 8, 0, 8]])
add(10, 8, [[-5, -5, 30, -5, 30, 20, -5, 20]])
add(10, 8, [[4, 1, 4, 1, 4, 6]])  # A line.
add(10, 8, [[1, 1, 8, 1, 8, 7, 1, 7, 1, 1, 3, 3, 3, 5, 6, 5, 6, 3, 3, 3]])  # A hole.
add(700, 300, [star(700, 300, 9, False)])

path = Path(__file__).parent / "annotations.json"
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
