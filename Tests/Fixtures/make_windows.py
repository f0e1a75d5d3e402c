"""What MONAI's sliding windows make of a function that depends on where a pixel is in its window.

Keys: CASE/image (uint8, height × width × channels), CASE/sizes (tile height, tile width, batch), CASE/overlap,
CASE/is_gaussian and CASE/scores (classes × height × width), for the function in `scores` below.
"""

from pathlib import Path

import torchvision_on_cpu  # isort: skip, before what imports torchvision
import numpy as np
import torch
from monai.inferers import sliding_window_inference
from safetensors.numpy import save_file

tensors = {}


def scores(windows):
    """Three numbers a pixel from its value and its row i and column j in the window, all in float32."""
    height, width = windows.shape[2:]
    i = torch.arange(height, dtype=torch.float32)[None, :, None] / 16
    j = torch.arange(width, dtype=torch.float32)[None, None, :] / 16
    first, last = windows[:, 0], windows[:, -1]
    return torch.stack([first * i, last * j + i, first - last + 0 * i * j], dim=1)


def add(name, height, width, channels, tile, overlap, mode, batch=1):
    generator = np.random.default_rng(sum(name.encode()))
    image = generator.integers(0, 256, (height, width, channels), dtype=np.uint8)
    inputs = torch.from_numpy(image).permute(2, 0, 1)[None].float() * np.float32(1 / 255)
    result = sliding_window_inference(
        inputs, tile, batch, scores, overlap=overlap, mode=mode, padding_mode="reflect"
    )
    tensors[f"{name}/image"] = image
    tensors[f"{name}/sizes"] = np.array([*tile, batch], dtype=np.int32)
    tensors[f"{name}/overlap"] = np.array([overlap], dtype=np.float64)
    tensors[f"{name}/is_gaussian"] = np.array([mode == "gaussian"], dtype=np.uint8)
    tensors[f"{name}/scores"] = np.ascontiguousarray(result[0].numpy())


add("gaussian", 45, 61, 3, (16, 20), 0.25, "gaussian")
add("constant", 45, 61, 1, (16, 20), 0.25, "constant", batch=3)
add("half", 33, 40, 1, (16, 16), 0.5, "gaussian", batch=4)
add("dense", 19, 23, 1, (8, 10), 0.9, "gaussian", batch=5)
add("apart", 40, 30, 3, (13, 7), 0.0, "constant")
add("exact", 16, 20, 1, (16, 20), 0.25, "gaussian")
add("smaller", 11, 9, 3, (16, 14), 0.25, "gaussian")
add("shorter", 15, 19, 3, (16, 20), 0.25, "gaussian")
add("narrow", 50, 9, 1, (16, 14), 0.25, "gaussian", batch=2)
add("flat", 9, 50, 1, (16, 14), 0.6, "constant")

path = Path(__file__).parent / "windows.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
