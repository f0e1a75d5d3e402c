"""What MONAI's NormalizeIntensity and sliding windows make of volumes, for a function that depends on where a voxel is.

Keys: CASE/volume (float32, channels × depth × height × width), CASE/window (depth, height, width), CASE/overlap,
CASE/is_gaussian and CASE/scores (classes × depth × height × width), for the function in `scores` below. weights/SIZE is
the importance map of a window. ct/… is nnU-Net's way with CT, by NumPy's percentiles.
"""

from pathlib import Path

import torchvision_on_cpu  # isort: skip, before what imports torchvision
import numpy as np
import torch
from monai.data.utils import compute_importance_map
from monai.inferers import sliding_window_inference
from monai.transforms import NormalizeIntensity
from safetensors.numpy import save_file

tensors = {}


def scores(windows):
    """Two numbers a voxel from its values and its slice k, row i and column j in the window, all in float32."""
    depth, height, width = windows.shape[2:]
    k = torch.arange(depth, dtype=torch.float32)[None, :, None, None] / 16
    i = torch.arange(height, dtype=torch.float32)[None, None, :, None] / 16
    j = torch.arange(width, dtype=torch.float32)[None, None, None, :] / 16
    first, last = windows[:, 0], windows[:, -1]
    return torch.stack([first * i + k, last * j - first * k], dim=1)


def add(name, shape, window, overlap, mode):
    generator = np.random.default_rng(sum(name.encode()))
    volume = generator.normal(100, 40, shape).astype(np.float32)
    inputs = torch.as_tensor(np.asarray(NormalizeIntensity(channel_wise=True)(volume)))[None]
    result = sliding_window_inference(inputs, window, 1, scores, overlap=overlap, mode=mode)
    tensors[f"{name}/volume"] = volume
    tensors[f"{name}/window"] = np.array(window, dtype=np.int32)
    tensors[f"{name}/overlap"] = np.array([overlap], dtype=np.float64)
    tensors[f"{name}/is_gaussian"] = np.array([mode == "gaussian"], dtype=np.uint8)
    tensors[f"{name}/scores"] = np.ascontiguousarray(np.asarray(result[0]), dtype=np.float32)


add("gaussian", (1, 11, 13, 15), (6, 8, 8), 0.25, "gaussian")
add("constant", (2, 9, 10, 12), (4, 5, 6), 0.5, "constant")
add("smaller", (2, 4, 12, 5), (6, 8, 8), 0.25, "gaussian")
tensors["weights/6x8x10"] = np.asarray(compute_importance_map((6, 8, 10), mode="gaussian"), dtype=np.float32)

values = np.random.default_rng(5).normal(40, 300, 500).astype(np.float32)
low, high = np.percentile(values, 0.5), np.percentile(values, 99.5)
tensors["ct/values"] = values
tensors["ct/normalized"] = ((np.clip(values, low, high) - values.mean()) / values.std()).astype(np.float32)

path = Path(__file__).parent / "volume_windows.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
