"""Reductions over any axes, and broadcasts."""

import torch

from fixture import Rows

rows = Rows("reduction")
SHAPE = (2, 3, 4, 5)
AXES = {
    "all": (0, 1, 2, 3), "channels": (1,), "per_channel": (0, 2, 3), "space": (2, 3), "batch": (0,), "last": (3,),
    "height": (2,), "mixed": (1, 3), "outer": (0, 2),
}
FUNCTIONS = {"sum": torch.sum, "mean": torch.mean, "amax": torch.amax, "amin": torch.amin}

for name, axes in AXES.items():
    for function_name, function in FUNCTIONS.items():
        if function_name in ("sum", "amax") or name in ("per_channel", "mixed"):
            row = f"{function_name}.{name}"
            rows.add(row, lambda x: function(x, dim=axes), [rows.random(row, *SHAPE)])
    row = f"sum.{name}.kept"
    rows.add(row, lambda x: torch.sum(x, dim=axes, keepdim=True), [rows.random(row, *SHAPE)])
rows.add("amax.per_channel.kept", lambda x: torch.amax(x, (0, 2, 3), keepdim=True), [rows.random("amax.k", *SHAPE)])
rows.add("sum.rows", lambda x: x.sum(1), [rows.random("sum.rows", 7, 40)])
rows.add("sum.columns", lambda x: x.sum(0), [rows.random("sum.columns", 70, 20)])
rows.add("sum.few_columns", lambda x: x.sum(0), [rows.random("sum.few_columns", 100, 3)])
rows.add("mean.all", lambda x: x.mean(), [rows.random("mean.all", 5, 9)])
rows.add("sum.vector", lambda x: x.sum(), [rows.random("sum.vector", 33)])
rows.add("amax.tied", lambda x: x.amax(1), [torch.tensor([[1.0, 3, 3], [2, 2, 2], [0, -1, 5]])])
rows.add("amin.tied", lambda x: x.amin(0), [torch.tensor([[1.0, 3, 3], [2, 3, 2], [1, 3, 5]])])
rows.add("var.per_channel", lambda x: x.var((0, 2, 3)), [rows.random("var.c", *SHAPE)])
rows.add("var.population", lambda x: x.var(1, correction=0, keepdim=True), [rows.random("var.p", 4, 6)])
rows.add("sum_of_squares", lambda x: x.square().sum(), [rows.random("squares", *SHAPE)])

scores = rows.random("argmax", *SHAPE)
for axis in range(4):
    rows.add(f"argmax.{axis}", lambda x: x.argmax(axis), [scores], differentiable=False)
rows.add("argmax.kept", lambda x: x.argmax(1, keepdim=True), [scores], differentiable=False)
rows.add("argmin.1", lambda x: x.argmin(1), [scores], differentiable=False)
rows.add("argmin.2", lambda x: x.argmin(-2), [scores], differentiable=False)
rows.add("argmax.first", lambda x: x.argmax(1), [torch.tensor([[1.0, 3, 3], [2, 2, 2]])], differentiable=False)



def product(x, axes, keepdim=False):
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keepdim)
    return x


for name, axes in AXES.items():
    rows.add(f"prod.{name}", lambda x: product(x, axes), [rows.random(f"prod.{name}", *SHAPE, low=0.6, high=1.4)])
    row = f"logsumexp.{name}"
    rows.add(row, lambda x: torch.logsumexp(x, axes), [rows.random(row, *SHAPE) * 40])
rows.add("prod.kept", lambda x: product(x, (1, 3), True), [rows.random("prod.kept", *SHAPE, low=0.6, high=1.4)])
rows.add("prod.long", lambda x: x.prod(0), [rows.random("prod.long", 300, 2, low=0.9, high=1.1)])
zeros = torch.tensor([[2.0, 0, 3, -1], [0, 4, 0, 1], [1, 2, 3, 4]])
rows.add("prod.zeros", lambda x: x.prod(1), [zeros])
empty = float("-inf")
rows.add("logsumexp.infinite", lambda x: x.logsumexp(1), [torch.tensor([[empty, empty], [0, empty]])], differentiable=False)
rows.add("l1.mixed", lambda x: x.abs().sum((1, 3)), [rows.random("l1", *SHAPE)])
rows.add("l2.mixed", lambda x: torch.linalg.vector_norm(x, dim=(1, 3)), [rows.random("l2", *SHAPE)])
rows.add("squares.space", lambda x: x.square().sum((2, 3), keepdim=True), [rows.random("squares.space", *SHAPE)])
for kind in (torch.int32, torch.int64):
    kept = str(kind)[6:]
    whole = torch.randint(-9, 9, SHAPE, generator=torch.Generator().manual_seed(4)).to(kind)
    for name in ("all", "channels", "last", "mixed", "outer"):
        axes = AXES[name]
        rows.add(f"sum.{name}.{kept}", lambda x: x.sum(axes, dtype=kind), [whole], differentiable=False)
        rows.add(f"amax.{name}.{kept}", lambda x: x.amax(axes, True), [whole], differentiable=False)
    rows.add(f"amin.batch.{kept}", lambda x: x.amin(0), [whole], differentiable=False)
    rows.add(f"prod.last.{kept}", lambda x: x.prod(3, dtype=kind), [whole], differentiable=False)
    rows.add(f"argmax.{kept}", lambda x: x.argmax(1), [whole], differentiable=False)
    rows.add(f"argmin.{kept}", lambda x: x.argmin(3, keepdim=True), [whole], differentiable=False)
    rows.add(f"cumsum.{kept}", lambda x: x.cumsum(1, dtype=kind), [whole], differentiable=False)
flags = torch.rand(SHAPE, generator=torch.Generator().manual_seed(6)) > 0.7
rows.add("amax.bool", lambda x: x.amax((1, 2)), [flags], differentiable=False)
rows.add("amin.bool", lambda x: x.amin(3), [flags], differentiable=False)
tied = torch.tensor([[1.0, 3, 3], [2, 2, 2]])
rows.add("argmax.last", lambda x: 2 - x.flip(1).argmax(1), [tied], differentiable=False)
rows.add("argmin.last", lambda x: 1 - x.flip(0).argmin(0, keepdim=True), [tied], differentiable=False)

rows.add("cumsum.1", lambda x: x.cumsum(1), [rows.random("cumsum.1", *SHAPE)])
rows.add("cumsum.2", lambda x: x.cumsum(2), [rows.random("cumsum.2", *SHAPE)])
rows.add("cumsum.exclusive", lambda x: x.cumsum(3) - x, [rows.random("cumsum.e", *SHAPE)])
rows.add("cumsum.reversed", lambda x: x.flip(0).cumsum(0).flip(0), [rows.random("cumsum.r", 7, 130)])
rows.add("cumsum.both", lambda x: x.flip(1).cumsum(1).flip(1) - x, [rows.random("cumsum.b", 3, 9)])
rows.add("detach", lambda x: x * x.detach(), [rows.random("detach", 3, 4)])

rows.add("expand.channel", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.channel", 1, 3, 1, 1)])
rows.add("expand.pixel", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.pixel", 2, 1, 4, 5)])
rows.add("expand.lower_rank", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.lower", 4, 1)])
rows.add("expand.scalar", lambda x: x.expand(3, 2), [rows.random("expand.scalar", 1)])

rows.save()
