"""Element-wise operations: unary functions, arithmetic with broadcasting, comparison, selection, cast."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("elementwise")
SHAPE = (2, 3, 4, 5)


def unary(name, function, low=None, high=None):
    rows.add(name, function, [rows.random(name, *SHAPE, low=low, high=high)])


unary("neg", lambda x: -x)
unary("abs", torch.abs)
unary("exp", torch.exp)
unary("log", torch.log, 0.2, 3)
unary("sqrt", torch.sqrt, 0.2, 3)
unary("reciprocal", torch.reciprocal, 0.3, 2)
unary("square", torch.square)
unary("relu", F.relu)
unary("leaky_relu", F.leaky_relu)
unary("leaky_relu_rising", lambda x: F.leaky_relu(x, -0.5))
unary("gelu", F.gelu)
unary("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
unary("silu", F.silu)
unary("hard_swish", F.hardswish)
unary("hard_sigmoid", F.hardsigmoid)
unary("sigmoid", torch.sigmoid)
unary("tanh", torch.tanh)
unary("erf", torch.erf)
unary("clamp", lambda x: torch.clamp(x, -0.5, 0.8))
unary("clamp_below", lambda x: torch.clamp(x, min=0.1))
unary("power_square", lambda x: x**2)
unary("power_root", lambda x: x**0.5, 0.2, 3)
unary("power_cube", lambda x: x**3)
unary("power_fraction", lambda x: x**-1.7, 0.4, 3)
unary("power_zero", lambda x: x**0)
unary("scalars", lambda x: 2.5 - (3 * x + 0.75) / 1.3)
unary("over", lambda x: 2.5 / x, 0.3, 2)


def binary(name, function, a, b, low=None, high=None):
    def operand(which, shape):
        return rows.random(f"{name}.{which}", *(shape or (1,)), low=low, high=high).reshape(shape)

    rows.add(name, function, [operand("a", a), operand("b", b)])


SHAPES = {
    "same": (SHAPE, SHAPE),
    "channel": (SHAPE, (3, 1, 1)),
    "batch_channel": (SHAPE, (2, 3, 1, 1)),
    "pixel": ((2, 1, 4, 5), SHAPE),
    "row": (SHAPE, (5,)),
    "scalar": (SHAPE, ()),
    "both": ((2, 1, 4, 1), (1, 3, 1, 5)),
    "matrix": ((4, 6), (4, 1)),
    "many_pixels": ((2, 3, 10, 10), (3, 1, 1)),
    "lower_rank": ((3, 4, 5), (1, 3, 1, 1)),
}
for shape, (a, b) in SHAPES.items():
    binary(f"add.{shape}", lambda x, y: x + y, a, b)
    binary(f"mul.{shape}", lambda x, y: x * y, a, b)
    if shape in ("same", "channel", "both"):
        binary(f"sub.{shape}", lambda x, y: x - y, a, b)
        binary(f"div.{shape}", lambda x, y: x / y, a, b, 0.3, 2)
        binary(f"maximum.{shape}", torch.maximum, a, b)
        binary(f"minimum.{shape}", torch.minimum, a, b)
        binary(f"pow.{shape}", torch.pow, a, b, 0.3, 2)
tied = rows.random("tied", 3, 4)
rows.add("maximum.tied", torch.maximum, [tied, torch.where(tied > 0, tied, tied + 1)])
rows.add("minimum.tied", torch.minimum, [tied, torch.where(tied > 0, tied, tied + 1)])
rows.add("pow.zeros", torch.pow, [torch.tensor([0.0, 0, 2, 2]), torch.tensor([2.0, 0, 0, 3])])
rows.add("mul.self", lambda x: x * x, [rows.random("mul.self", 3, 4)])

whole = torch.randint(0, 3, SHAPE, generator=torch.Generator().manual_seed(1)).float()
other = torch.randint(0, 3, (3, 1, 1), generator=torch.Generator().manual_seed(2)).float()
for name, function in {
    "eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge,
    "logical_and": torch.logical_and, "logical_or": torch.logical_or,
}.items():
    rows.add(name, function, [whole, other], differentiable=False)
rows.add("logical_not", torch.logical_not, [whole], differentiable=False)
rows.add("gt_number", lambda x: x > 1, [whole], differentiable=False)
rows.add("integers", lambda x, y: (x + y) * x - y, [whole.int(), whole.flip(0).int()], differentiable=False)

condition = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(3)) > 0.5
rows.add("where.same", torch.where, [condition.expand(SHAPE), rows.random("where.a", *SHAPE), rows.random("where.b", *SHAPE)])
rows.add("where.broadcast", torch.where, [condition, rows.random("where.c", *SHAPE), rows.random("where.d", 3, 1, 1)])

numbers = torch.tensor([[-2.7, -0.5, 0.0], [0.4, 1.9, 200.3]])
rows.add("cast.int64", lambda x: x.long(), [numbers], differentiable=False)
rows.add("cast.int32", lambda x: x.int(), [numbers], differentiable=False)
rows.add("cast.uint8", lambda x: x.byte(), [numbers.abs()], differentiable=False)
rows.add("cast.bool", lambda x: x.bool(), [numbers], differentiable=False)
rows.add("cast.from_int64", lambda x: x.float(), [numbers.long()], differentiable=False)
rows.add("cast.from_uint8", lambda x: x.float(), [numbers.abs().byte()], differentiable=False)
rows.add("cast.from_bool", lambda x: x.float(), [numbers > 0], differentiable=False)
rows.add("cast.narrow", lambda x: x.byte(), [torch.tensor([-1, 255, 256, 1000])], differentiable=False)
rows.add("cast.there_and_back", lambda x: x * 2, [rows.random("cast", 3, 4)])

rows.save()
