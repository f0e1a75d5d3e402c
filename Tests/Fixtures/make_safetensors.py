"""A small safetensors file of every type that PyTorch can write, to check Martlet's reader and writer against."""

from pathlib import Path

import torch
from safetensors.torch import save_file

tensors = {
    "bool": torch.tensor([True, False, True]),
    "uint8": torch.tensor([[0, 1], [254, 255]], dtype=torch.uint8),
    "int8": torch.tensor([-128, 0, 127], dtype=torch.int8),
    "int16": torch.tensor([-32768, 32767], dtype=torch.int16),
    "uint16": torch.tensor([65535], dtype=torch.uint16),
    "half": torch.tensor([1.0, -2.5, 65504.0, 2.0**-24, float("inf"), -0.0], dtype=torch.float16),
    "brain": torch.tensor([1.0, -2.5, 3.0e38, float("-inf")], dtype=torch.bfloat16),
    "int32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    "uint32": torch.tensor([2**32 - 1], dtype=torch.uint32),
    "encoder.conv.weight": torch.arange(2 * 3 * 2 * 2).float().reshape(2, 3, 2, 2) / 4 - 1,
    "double": torch.tensor([0.1, -1e300], dtype=torch.float64),
    "int64": torch.tensor([-(2**63), 2**63 - 1]),
    "uint64": torch.tensor([2**64 - 1], dtype=torch.uint64),
    "empty": torch.zeros(0, 3),
    "scalar": torch.tensor(7.5),
    'quote " backslash \\ ümlaut\n': torch.tensor([1.0]),
}
path = Path(__file__).parent / "safetensors.safetensors"
save_file(tensors, str(path), metadata={"format": "pt"})
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
