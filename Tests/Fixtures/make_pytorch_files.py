"""Files that PyTorch writes, and what they hold, to check Martlet's reader against.

The files go to `pytorch/`, small and in both forms; what is to be read from them goes to `pytorch/expected.safetensors`
as `FILE/NAME`, in the types that Martlet reads them as.
"""

import importlib.util
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

here = Path(__file__).parent
folder = here / "pytorch"
folder.mkdir(exist_ok=True)
sys.path.insert(0, str(here.parent.parent / "Benchmarks" / "peers"))
from unet import UNet  # noqa: E402

# What Martlet makes of types that it does not compute with.
WIDER = {
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
    torch.int8: torch.int32,
    torch.int16: torch.int32,
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
}
expected = {}


def save(name, content, state=None, legacy=True):
    """Writes `content` in both forms; `state` is what is to be read, without it the content."""
    torch.save(content, folder / f"{name}.pt")
    if legacy:
        torch.save(content, folder / f"{name}_legacy.pt", _use_new_zipfile_serialization=False)
    for key, tensor in (content if state is None else state).items():
        tensor = tensor.detach()
        expected[f"{name}/{key}"] = tensor.to(WIDER.get(tensor.dtype, tensor.dtype)).contiguous().clone()


numbers = torch.arange(24, dtype=torch.float32)

save(
    "types",
    {
        "float64": torch.tensor([0.1, -1e300], dtype=torch.float64),
        "float32": torch.tensor([[1.5, -2.5, 3e38]]),
        "float16": torch.tensor([1.0, -2.5, 65504.0, 2.0**-24, float("inf"), -0.0], dtype=torch.float16),
        "bfloat16": torch.tensor([1.0, -2.5, 3.0e38, float("-inf")], dtype=torch.bfloat16),
        "int64": torch.tensor([-(2**63), 2**63 - 1]),
        "int32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "int16": torch.tensor([-32768, 32767], dtype=torch.int16),
        "int8": torch.tensor([-128, 0, 127], dtype=torch.int8),
        "uint8": torch.tensor([[0, 1], [254, 255]], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(7.5),
        "empty": torch.zeros(0, 3),
        "count": torch.tensor(3),
        "ümlaut": torch.tensor([1.0]),
    },
)
save(
    "unsigned",
    {"uint16": torch.tensor([0, 65535], dtype=torch.uint16), "uint32": torch.tensor([7, 2**32 - 1], dtype=torch.uint32)},
)

halves = torch.arange(12, dtype=torch.float16).reshape(3, 4)
save(
    "views",
    {
        "whole": numbers,
        "again": numbers,
        "part": numbers[5:11],
        "matrix": numbers.reshape(4, 6),
        "transposed": numbers.reshape(4, 6).t(),
        "columns": numbers.reshape(4, 6)[:, 1:5:2],
        "channels_last": numbers.reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
        "permuted": numbers.reshape(2, 3, 4).permute(2, 0, 1),
        "expanded": numbers[3:5].reshape(2, 1).expand(2, 3),
        "element": numbers[17],
        "none": numbers[24:],
        "half_transposed": halves.t(),
        "half_part": halves[1:, 1:],
        "bool_transposed": torch.tensor([[True, False, False], [True, True, False]]).t(),
    },
)

weight = torch.nn.Parameter(numbers[:6].reshape(2, 3))
state = OrderedDict(weight=weight, bias=torch.nn.Parameter(torch.tensor([1.0, 2.0]), requires_grad=False))
save("parameters", state)

layers = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
with torch.no_grad():
    for index, tensor in enumerate(layers.state_dict().values()):
        tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape) + 10 * index)
optimizer = torch.optim.Adam(layers.parameters(), lr=1e-3)
layers(torch.ones(1, 1, 5, 5)).sum().backward()
optimizer.step()
save(
    "checkpoint",
    {
        "epoch": 3,
        "arch": "small",
        "best_accuracy": torch.tensor(0.75),
        "losses": [0.5, 0.25],
        "model_state_dict": layers.state_dict(),
        "optimizer": optimizer.state_dict(),
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
        "dtype": torch.float32,
        "scheduler": None,
    },
    layers.state_dict(),
)
wrapped = {"state_dict": OrderedDict((f"module._orig_mod.{k}", v) for k, v in layers.state_dict().items())}
save("wrapped", {"model": wrapped, "step": 2**40}, layers.state_dict())
save("ambiguous", {"model": layers.state_dict(), "state_dict": layers.state_dict()}, {}, legacy=False)

# The U-Net of models.safetensors, as its twin in PyTorch saves it.
prefix = "same_norm_transposed/state/"
fixture = load_file(here / "models.safetensors")
twin = UNet(in_channels=3, classes=3, base_channels=3, depth=2)
twin.load_state_dict({k[len(prefix) :]: v for k, v in fixture.items() if k.startswith(prefix)})
torch.save(twin.state_dict(), folder / "unet.pt")

# A recommender of recommendation_training.safetensors.
prefix = "sasrec/initial/"
fixture = load_file(here / "recommendation_training.safetensors")
sasrec = OrderedDict((k[len(prefix) :], v) for k, v in fixture.items() if k.startswith(prefix))
torch.save(sasrec, folder / "sasrec.pt", _use_new_zipfile_serialization=False)

# First convolutions for other numbers of channels, by segmentation_models_pytorch.
# The file alone, since the package itself needs torchvision.
package = importlib.util.find_spec("segmentation_models_pytorch").submodule_search_locations[0]
specification = importlib.util.spec_from_file_location("utils", f"{package}/encoders/_utils.py")
utils = importlib.util.module_from_spec(specification)
specification.loader.exec_module(utils)

generator = torch.Generator().manual_seed(3)
first = torch.nn.Conv2d(3, 2, 3)
with torch.no_grad():
    first.weight.copy_(torch.randn(first.weight.shape, generator=generator))
expected["channels/3"] = first.weight.detach().clone()
for channels in [1, 2, 4, 5, 7]:
    copy = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3))
    copy[0].weight.data.copy_(first.weight)
    utils.patch_first_conv(copy, channels)
    expected[f"channels/{channels}"] = copy[0].weight.detach().clone()

save_file(expected, folder / "expected.safetensors")


# Files that must be refused.


class Call:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return self.arguments[0], tuple(self.arguments[1:])


torch.save({"weight": numbers, "payload": Call(os.system, "touch /tmp/martlet-was-here")}, folder / "system.pt")
torch.save(layers, folder / "module.pt")
torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), folder / "script.pt")
torch.save({"sparse": torch.eye(2).to_sparse()}, folder / "sparse.pt")
torch.save({"complex": torch.ones(2, dtype=torch.complex64)}, folder / "complex.pt")
(folder / "plain.pkl").write_bytes(pickle.dumps({"weight": [1.0]}, protocol=2))
with zipfile.ZipFile(folder / "parameters.pt") as source:
    # Zeros that deflate to a thousandth of themselves.
    with zipfile.ZipFile(folder / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = bytes(1 << 20) if "/data/" in entry.filename else source.read(entry)
            target.writestr(entry.filename, data)

for path in sorted(folder.iterdir()):
    print(f"pytorch/{path.name}: {path.stat().st_size} bytes")
