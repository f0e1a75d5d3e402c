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

rows.add("expand.channel", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.channel", 1, 3, 1, 1)])
rows.add("expand.pixel", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.pixel", 2, 1, 4, 5)])
rows.add("expand.lower_rank", lambda x: x.expand(2, 3, 4, 5), [rows.random("expand.lower", 4, 1)])
rows.add("expand.scalar", lambda x: x.expand(3, 2), [rows.random("expand.scalar", 1)])

rows.save()
