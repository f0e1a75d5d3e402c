"""Numbers to check operations against, taken from PyTorch and kept as small safetensors files.

A family's script makes a `Rows`, adds each row and saves. A row is a function of tensors; what is kept are its
inputs, its outputs, the random gradients put on the outputs, and the gradients that PyTorch gives the inputs,
computed in float64 and rounded to float32 so that the fixture's own error is half a unit in the last place.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file


class Rows:
    """Collects the rows of one family; every row draws from its own generator, so rows can be added anywhere."""

    def __init__(self, family):
        self.family = family
        self.tensors = {}

    def random(self, name, *shape, low=None, high=None):
        """A float32 tensor from a generator keyed by `name`: normal, or uniform in [low, high)."""
        generator = torch.Generator().manual_seed(sum(ord(c) * (i + 1) for i, c in enumerate(self.family + name)))
        if low is None:
            return torch.randn(shape, generator=generator)
        return torch.rand(shape, generator=generator) * (high - low) + low

    def add(self, name, function, inputs, wanted=None, differentiable=True):
        """Runs `function(*inputs)` in float64 and records inputs, outputs and gradients under `name/`.

        Integer and boolean inputs are passed as they are and get no gradient. `wanted` can switch off the
        gradient of a floating-point input too.
        """
        wanted = wanted or [True] * len(inputs)
        wide = [
            t.double().requires_grad_(w and differentiable) if t.is_floating_point() else t
            for t, w in zip(inputs, wanted)
        ]
        outputs = function(*wide)
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        put = lambda key, t: self.tensors.__setitem__(f"{name}/{key}", narrow(t))
        for i, t in enumerate(inputs):
            put(f"input.{i}", t)
        for i, t in enumerate(outputs):
            put(f"output.{i}", t)
        if not differentiable:
            return
        leaves = [(i, t) for i, t in enumerate(wide) if t.is_floating_point() and t.requires_grad]
        tops = [(i, t) for i, t in enumerate(outputs) if t.is_floating_point() and t.requires_grad]
        drawn = [self.random(f"{name}/output_gradient.{i}", *t.shape) for i, t in tops]
        for (i, _), g in zip(tops, drawn):
            put(f"output_gradient.{i}", g)
        gradients = torch.autograd.grad(
            [t for _, t in tops], [t for _, t in leaves], [g.double() for g in drawn], allow_unused=True
        )
        for (i, leaf), g in zip(leaves, gradients):
            put(f"gradient.{i}", torch.zeros_like(leaf) if g is None else g)

    def save(self):
        path = Path(__file__).parent / f"{self.family}.safetensors"
        save_file(self.tensors, str(path))
        print(f"{path.name}: {len(self.tensors)} tensors, {path.stat().st_size} bytes")


def narrow(tensor):
    """float64 to float32, everything else as it is; always contiguous in PyTorch's logical order."""
    tensor = tensor.detach()
    tensor = tensor.float() if tensor.dtype == torch.float64 else tensor
    return np.array(tensor.contiguous().numpy(), copy=True, order="C")
