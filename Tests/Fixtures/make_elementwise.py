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
rows.add("relu6", F.relu6, [torch.tensor([-1.5, -0.0, 0.0, 1e-3, 3.0, 5.75, 6.0, 6.25])])
unary("power_square", lambda x: x**2)
unary("power_root", lambda x: x**0.5, 0.2, 3)
unary("power_cube", lambda x: x**3)
unary("power_fraction", lambda x: x**-1.7, 0.4, 3)
unary("power_zero", lambda x: x**0)
unary("scalars", lambda x: 2.5 - (3 * x + 0.75) / 1.3)
unary("over", lambda x: 2.5 / x, 0.3, 2)


unary("sin", torch.sin)
unary("cos", torch.cos)
unary("tan", torch.tan, -1.2, 1.2)
unary("asin", torch.asin, -0.9, 0.9)
unary("acos", torch.acos, -0.9, 0.9)
unary("atan", torch.atan)
unary("sinh", torch.sinh)
unary("cosh", torch.cosh)
unary("asinh", torch.asinh)
unary("acosh", torch.acosh, 1.2, 4)
unary("atanh", torch.atanh, -0.9, 0.9)
unary("softplus", lambda x: F.softplus(8 * x))
unary("softsign", F.softsign)
unary("mish", lambda x: F.mish(4 * x))
unary("elu", lambda x: F.elu(x, 1.3))
unary("celu", lambda x: F.celu(x, 0.7))
unary("selu", F.selu)
unary("hard_sigmoid_other", lambda x: torch.clamp(0.4 * x + 0.3, 0, 1))
unary("threshold", lambda x: torch.where(x > 0.3, x, 0))
unary("shrink", lambda x: torch.where(x < -0.4, x + 0.2, torch.where(x > 0.4, x - 0.2, 0)))
unary("soft_shrink", lambda x: F.softshrink(x, 0.5))
for name, function in {"sign": torch.sign, "ceil": torch.ceil, "floor": torch.floor, "round": torch.round}.items():
    numbers = torch.cat([rows.random(name, 25) * 3, torch.tensor([-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5])])
    rows.add(name, function, [numbers.reshape(2, 4, 2, 2)], differentiable=False)
special = torch.tensor([[1.0, float("nan"), 0], [float("inf"), -float("inf"), -2]])
rows.add("isnan", torch.isnan, [special], differentiable=False)
rows.add("isinf", torch.isinf, [special], differentiable=False)
rows.add("isneginf", torch.isneginf, [special], differentiable=False)


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

rows.add("logical_xor", torch.logical_xor, [whole, other], differentiable=False)
for kind in (torch.int32, torch.int64, torch.uint8):
    kept = str(kind)[6:]
    draw = lambda seed, low, high: torch.randint(
        low if kind != torch.uint8 else 0, high, (2, 3, 4, 5), generator=torch.Generator().manual_seed(seed)
    ).to(kind)
    x, y = draw(5, -50, 50), draw(6, -9, 9)
    divisor = torch.where(y == 0, 7, y)
    for name, function in {
        "remainder": torch.remainder, "fmod": torch.fmod, "div": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
        "maximum": torch.maximum, "minimum": torch.minimum, "bitwise_and": torch.bitwise_and,
        "bitwise_or": torch.bitwise_or, "bitwise_xor": torch.bitwise_xor,
    }.items():
        rows.add(f"{name}.{kept}", function, [x, divisor], differentiable=False)
    row = divisor[:1, :, :1, :1].contiguous()
    rows.add(f"remainder_channel.{kept}", torch.remainder, [x, row], differentiable=False)
    places = draw(7, 0, 7).abs()
    rows.add(f"pow.{kept}", torch.pow, [y, places], differentiable=False)
    rows.add(f"shift_left.{kept}", torch.bitwise_left_shift, [y, places], differentiable=False)
    rows.add(f"shift_right.{kept}", torch.bitwise_right_shift, [x, places], differentiable=False)
    rows.add(f"bitwise_not.{kept}", torch.bitwise_not, [x], differentiable=False)
    for name, function in {"neg": torch.neg, "abs": torch.abs, "sign": torch.sign, "square": torch.square, "relu": F.relu}.items():
        rows.add(f"{name}.{kept}", function, [x], differentiable=False)
for name, function in {"remainder": torch.remainder, "fmod": torch.fmod}.items():
    signs = torch.tensor([1.0, -1, 1]).reshape(1, 3, 1, 1)
    divisors = rows.random(f"{name}.b", 1, 3, 1, 5, low=0.6, high=2) * signs
    rows.add(f"{name}.both", function, [rows.random(f"{name}.a", 2, 1, 4, 1) * 3, divisors])
rows.add(
    "prelu.channel", lambda x, w: F.prelu(x, w.reshape(-1)), [rows.random("prelu", *SHAPE), rows.random("prelu.w", 3, 1, 1)]
)
rows.add("prelu.one", lambda x, w: F.prelu(x, w.reshape(1)), [rows.random("prelu1", 4, 6), rows.random("prelu1.w", 1, 1)])
rows.add(
    "clamp.tensors", torch.clamp, [rows.random("clamp.x", *SHAPE), rows.random("clamp.l", 3, 1, 1) - 1, rows.random("clamp.h", 1, 5) + 1]
)

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
