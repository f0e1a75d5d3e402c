"""Writes what DownConv, PAUP, SASRec and their training are checked against: recommendation_*.safetensors.

Everything is computed in float64 and rounded, with dropout off. README.md lists the tensors. The script computes it all
in float32 too and checks that the two agree: numbers that hang on the last digit (a ReLU at its kink, say) would be no
measure of anybody's sums.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn.functional import cross_entropy

from fixture import narrow

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent.parent / "Benchmarks" / "peers"))
from recommenders import DownConv, PAUP, SASRec, bpr_loss  # noqa: E402

# name → length, hidden, segments, kernel1, reduction; what is behind the names is the second convolution
DOWNCONVS = {
    "exact": (20, 8, 2, 5, 2),  # kernel 2, no padding
    "exact_long": (60, 4, 3, 4, 4),  # kernel 5, no padding
    "padded": (20, 8, 4, 2, 2),  # kernel 3, padding 1
    "padded_unused": (50, 4, 4, 10, 2),  # kernel 2, padding 2, of which one is beyond the last segment
    "remainder": (23, 6, 2, 5, 3),  # kernel 3, padding 1; the first convolution leaves 3 positions
    "remainder_one": (21, 8, 4, 2, 4),  # kernel 3, padding 1; it leaves one
    "ones": (9, 4, 9, 1, 1),  # both kernels 1
    "whole": (12, 6, 1, 3, 2),  # one segment
}

ITEMS, LENGTH = 11, 20
SIZES = {"items": ITEMS, "length": LENGTH, "hidden": 8, "inner": 16, "heads": 2}
PAUPS = {
    "one_layer": {"layers": 1, "segments": 4, "kernel1": 2, "reduction": 2},
    "one_layer_keys": {"layers": 1, "segments": 4, "kernel1": 2, "reduction": 2, "axis": "keys"},
    "two_layers": {"layers": 2, "segments": 2, "kernel1": 5, "reduction": 2},
    "two_layers_keys": {"layers": 2, "segments": 2, "kernel1": 5, "reduction": 2, "axis": "keys"},
    "remainder": {"layers": 2, "segments": 2, "kernel1": 5, "reduction": 4, "length": 23},
    "four_heads": {"layers": 1, "segments": 4, "kernel1": 2, "reduction": 4, "heads": 4},
}
SASRECS = {
    "one_layer": {"layers": 1},
    "two_layers": {"layers": 2},
    "four_heads": {"layers": 2, "heads": 4},
}
TRAININGS = {
    "paup": (PAUP, {"layers": 2, "segments": 4, "kernel1": 2, "reduction": 2}),
    "sasrec": (SASRec, {"layers": 2}),
}
STEPS, BATCH = 20, 8


def save(name, tensors):
    path = FOLDER / f"recommendation_{name}.safetensors"
    save_file(tensors, str(path))
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def state(model, prefix):
    return {f"{prefix}/{key}": narrow(tensor) for key, tensor in model.state_dict().items()}


def steady(name, compute):
    """`compute(float64)`, after a look at whether `compute(float32)` tells the same."""
    single, double = compute(torch.float32), compute(torch.float64)
    for key, tensor in double.items():
        apart = ((single[key] - tensor).abs().max() / tensor.abs().max().clamp_min(1e-2)).item()
        if apart > 5e-6:
            raise SystemExit(f"{name}/{key}: float32 and float64 differ by {apart:.1e} relative")
    return {f"{name}/{key}": narrow(tensor) for key, tensor in double.items()}


def downconvs():
    tensors = {}
    for name, sizes in DOWNCONVS.items():
        torch.manual_seed(1)
        length, hidden, segments, *_ = sizes
        model = DownConv(*sizes)
        for weights in model.parameters():
            weights.data.mul_(2)
        x, seed = torch.randn(2, length, hidden), torch.randn(2, segments, hidden)

        def compute(dtype):
            model.to(dtype).zero_grad()
            given = x.to(dtype, copy=True).requires_grad_()
            output = model(given)
            (output * seed.to(dtype)).sum().backward()
            gradients = {f"grad/{key}": weights.grad.clone() for key, weights in model.named_parameters()}
            return {"output": output, "grad/input": given.grad} | gradients

        tensors |= state(model, f"{name}/state")
        tensors |= {f"{name}/sizes": np.array(sizes, np.int32)}
        tensors |= {f"{name}/input": narrow(x), f"{name}/seed": narrow(seed)}
        tensors |= steady(name, compute)
    save("downconv", tensors)


def draw(lengths, length):
    """Items 1 … ITEMS − 1 of the given lengths, 0 after them."""
    items = torch.randint(1, ITEMS, (len(lengths), length))
    return items.masked_fill(torch.arange(length) >= lengths[:, None], 0)


def enliven(model):
    """Weights so large that no gradient fades and no bias or norm is the identity."""
    with torch.no_grad():
        for key, weights in model.named_parameters():
            if "LayerNorm.weight" in key or "pos_ln.weight" in key:
                weights.uniform_(0.7, 1.3)
            elif "conv" in key:
                weights.mul_(2)
            else:
                weights.normal_(std=0.2 if key.endswith("bias") else 0.3)


def models(family, kind, cases):
    tensors = {}
    for name, arguments in cases.items():
        torch.manual_seed(2)
        sizes = SIZES | arguments
        model = kind(**sizes).eval()
        enliven(model)
        lengths = torch.tensor([1, 7, sizes["length"]])
        items = draw(lengths, sizes["length"])
        targets, negatives = torch.tensor([4, 10, 1]), torch.tensor([2, 3, 9])

        def compute(dtype):
            model.to(dtype)
            output = model(items, lengths)
            losses = {
                "loss": cross_entropy(model.scores(output), targets),
                "bpr": bpr_loss(model, output, targets, negatives),
            }
            made = {"output": output} | losses
            for prefix, loss in (("grad", losses["loss"]), ("bpr_grad", losses["bpr"])):
                model.zero_grad()
                loss.backward(retain_graph=True)
                made |= {f"{prefix}/{key}": weights.grad.clone() for key, weights in model.named_parameters()}
            return made

        tensors |= state(model, f"{name}/state")
        integers = {"items": items, "lengths": lengths, "targets": targets, "negatives": negatives}
        tensors |= {f"{name}/{key}": narrow(tensor.int()) for key, tensor in integers.items()}
        tensors |= steady(name, compute)
    save(family, tensors)


def train(kind, sizes, initial, batches, dtype):
    model = kind(**sizes).to(dtype).eval()
    model.load_state_dict(initial)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for items, lengths, targets in zip(*batches):
        optimizer.zero_grad()
        loss = cross_entropy(model.scores(model(items, lengths)), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def trainings():
    tensors = {}
    for name, (kind, arguments) in TRAININGS.items():
        torch.manual_seed(3)
        sizes = SIZES | arguments
        start = kind(**sizes)
        initial = {key: tensor.clone() for key, tensor in start.state_dict().items()}
        lengths = torch.randint(1, LENGTH + 1, (STEPS, BATCH))
        items = torch.stack([draw(row, LENGTH) for row in lengths])
        ends = items.gather(2, lengths[..., None] - 1).squeeze(2)
        targets = ends % 3 + 1  # something to learn
        batches = items, lengths, targets
        single, double = (train(kind, sizes, initial, batches, dtype) for dtype in (torch.float32, torch.float64))
        apart = np.max(np.abs(single - double) / double)
        print(f"{name}: loss {double[0]:.4f} to {double[-1]:.4f}; float32 and float64 differ by {apart:.1e} relative")
        if apart > 1e-4:
            raise SystemExit(f"{name}: the training is too chaotic to compare with")
        integers = {"items": items, "lengths": lengths, "targets": targets}
        tensors |= state(start, f"{name}/initial")
        tensors |= {f"{name}/{key}": narrow(tensor.int()) for key, tensor in integers.items()}
        tensors |= {f"{name}/loss.float32": single.astype(np.float32), f"{name}/loss.float64": double}
    save("training", tensors)


if __name__ == "__main__":
    torch.set_num_threads(1)
    downconvs()
    models("paup", PAUP, PAUPS)
    models("sasrec", SASRec, SASRECS)
    trainings()
