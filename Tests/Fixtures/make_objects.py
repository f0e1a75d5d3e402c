"""What scikit-image makes of masks of objects: small ones removed, holes filled, touching ones told apart.

Keys: CASE/mask (uint8 classes), CASE/removed (objects below CASE/minimum pixels), CASE/filled (holes up to CASE/hole
pixels that do not reach the edge), CASE/labels (uint8, from CASE/distance and CASE/smoothing).
"""

from pathlib import Path

import numpy as np
import scipy.ndimage as ndi
from safetensors.numpy import save_file
from skimage.feature import peak_local_max
from skimage.measure import label
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

tensors = {}


def ellipses(seed, size, count, radii, classes=1, holes=0):
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    mask = np.zeros(size, np.uint8)

    def draw(value, radii):
        cy, cx = generator.uniform(0, size[0]), generator.uniform(0, size[1])
        a, b = generator.uniform(*radii, 2)
        angle = generator.uniform(0, np.pi)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        mask[(u / a) ** 2 + (v / b) ** 2 <= 1] = value

    for _ in range(count):
        draw(generator.integers(1, classes + 1), radii)
    for _ in range(holes):
        draw(0, (0.6, 4))
    return mask


def by_class(mask, function):
    result = np.zeros_like(mask)
    for index in range(1, mask.max() + 1):
        result[function(mask == index)] = index
    return result


def without_small(mask, minimum):
    return remove_small_objects(mask, max_size=minimum - 1, connectivity=1)


def filled(mask, largest):
    """For one class only: holes with `largest` pixels or fewer that do not reach the edge."""
    holes = label(mask == 0, connectivity=1)
    result = mask.copy()
    edge = set(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    for number in range(1, holes.max() + 1):
        if number not in edge and (holes == number).sum() <= largest:
            result[holes == number] = 1
    return result


def split(mask, distance, smoothing):
    """Each object by itself. What has one peak, or none since it is flat, stays whole."""
    result = np.zeros(mask.shape, np.int32)
    count = 0
    for index in range(1, mask.max() + 1):
        objects, number = ndi.label(mask == index)
        for item in range(1, number + 1):
            alone = objects == item
            heights = ndi.gaussian_filter(ndi.distance_transform_edt(alone), smoothing, mode="nearest")
            peaks = peak_local_max(
                heights, min_distance=distance, labels=alone.astype(int), exclude_border=False
            )
            markers = np.zeros(mask.shape, np.int32)
            for place, (row, column) in enumerate(peaks):
                markers[row, column] = place + 1
            parts = watershed(-heights, markers, mask=alone) if len(peaks) > 1 else alone.astype(np.int32)
            result[parts > 0] = parts[parts > 0] + count
            count += parts.max()
    return result


def add(name, mask, minimum, hole, distance, smoothing):
    tensors[f"{name}/mask"] = mask
    tensors[f"{name}/minimum"] = np.array([minimum], dtype=np.int32)
    tensors[f"{name}/removed"] = by_class(mask, lambda part: without_small(part, minimum))
    assert (tensors[f"{name}/removed"] != mask).any()
    if mask.max() == 1:
        tensors[f"{name}/hole"] = np.array([hole], dtype=np.int32)
        tensors[f"{name}/filled"] = filled(mask, hole)
    tensors[f"{name}/distance"] = np.array([distance], dtype=np.int32)
    tensors[f"{name}/smoothing"] = np.array([smoothing], dtype=np.float64)
    labels = split(mask, distance, smoothing)
    assert labels.max() < 256
    tensors[f"{name}/labels"] = labels.astype(np.uint8)


add("cells", ellipses(1, (120, 150), 45, (5, 12)), 300, 20, 6, 1.0)
add("crowd", ellipses(2, (130, 110), 90, (4, 9)), 200, 12, 4, 1.5)
add("holes", ellipses(3, (100, 140), 40, (6, 14), holes=60), 40, 9, 5, 1.0)
add("classes", ellipses(4, (110, 120), 60, (5, 10), classes=3, holes=20), 30, 9, 5, 1.0)
add("sharp", ellipses(5, (90, 90), 30, (5, 12)), 100, 20, 5, 0.0)

path = Path(__file__).parent / "objects.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
