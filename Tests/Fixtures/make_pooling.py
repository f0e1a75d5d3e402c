"""Max and average pooling."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("pooling")
r = rows.random

rows.add("max_2d", lambda x: F.max_pool2d(x, 2), [r("max_2d", 2, 19, 6, 8)])
rows.add("max_2d_odd", lambda x: F.max_pool2d(x, 2), [r("max_2d_odd", 2, 3, 5, 7)])
rows.add("max_2d_overlapping", lambda x: F.max_pool2d(x, 3, 2, 1), [r("max_2d_overlapping", 2, 17, 7, 8)])
rows.add(
    "max_2d_dilated", lambda x: F.max_pool2d(x, (2, 3), (2, 1), (1, 1), (2, 1)), [r("max_2d_dilated", 1, 4, 7, 6)]
)
rows.add("max_2d_ceil", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), [r("max_2d_ceil", 1, 4, 6, 8)])
rows.add("max_1d", lambda x: F.max_pool1d(x, 3, 2), [r("max_1d", 2, 5, 9)])
rows.add("max_3d", lambda x: F.max_pool3d(x, (2, 2, 3), 2, (1, 0, 1)), [r("max_3d", 2, 3, 4, 5, 6)])
rows.add("max_wide_window", lambda x: F.max_pool2d(x, 16, 8), [r("max_wide_window", 1, 2, 24, 17)])
rows.add("max_global", lambda x: F.adaptive_max_pool2d(x, 1), [r("max_global", 2, 16, 5, 3)])
ties = torch.randint(0, 3, (2, 17, 6, 6), generator=torch.Generator().manual_seed(3)).float()
rows.add("max_ties", lambda x: F.max_pool2d(x, 3, 2, 1), [ties])
special = r("max_special", 1, 17, 4, 6)
special[0, :, 1, 2] = float("nan")
special[0, :, 2:4, 4:6] = float("-inf")
rows.add("max_special", lambda x: F.max_pool2d(x, 2), [special])



def unpooled(pool, unpool, *window, **options):
    def run(x, y):
        values, indices = pool(x, *window, return_indices=True, **options)
        return unpool(values * y, indices, *window, output_size=x.shape[2:])

    return run


for name, function, x, y in [
    ("unpool_2d", unpooled(F.max_pool2d, F.max_unpool2d, 2), (2, 19, 6, 8), (2, 19, 3, 4)),
    ("unpool_2d_ceil", unpooled(F.max_pool2d, F.max_unpool2d, 2, ceil_mode=True), (2, 5, 5, 7), (2, 5, 3, 4)),
    ("unpool_2d_apart", unpooled(F.max_pool2d, F.max_unpool2d, (2, 3), (3, 4), 1), (1, 4, 8, 9), (1, 4, 3, 3)),
    ("unpool_3d", unpooled(F.max_pool3d, F.max_unpool3d, (2, 1, 3)), (2, 3, 4, 3, 6), (2, 3, 2, 3, 2)),
    ("unpool_wide_window", unpooled(F.max_pool2d, F.max_unpool2d, 16), (1, 2, 32, 17), (1, 2, 2, 1)),
]:
    rows.add(name, function, [r(name, *x), r(name + ".values", *y)])

rows.add("average_2d", lambda x: F.avg_pool2d(x, 2), [r("average_2d", 2, 19, 6, 8)])
rows.add("average_2d_padded", lambda x: F.avg_pool2d(x, 3, 2, 1), [r("average_2d_padded", 2, 3, 7, 8)])
rows.add(
    "average_2d_excluding",
    lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    [r("average_2d_excluding", 2, 17, 7, 8)],
)
rows.add(
    "average_2d_ceil",
    lambda x: F.avg_pool2d(x, (3, 2), (2, 3), (1, 0), ceil_mode=True),
    [r("average_2d_ceil", 1, 4, 6, 7)],
)
rows.add("average_1d", lambda x: F.avg_pool1d(x, 4, 3, 2), [r("average_1d", 2, 5, 9)])
rows.add("average_3d", lambda x: F.avg_pool3d(x, (2, 2, 3), 2, (1, 0, 1)), [r("average_3d", 2, 3, 4, 5, 6)])
rows.add("average_global", lambda x: F.adaptive_avg_pool2d(x, 1), [r("average_global", 2, 21, 9, 7)])
rows.add("average_global_few", lambda x: F.adaptive_avg_pool3d(x, 1), [r("average_global_few", 2, 3, 3, 4, 7)])


def padded(x, before, after, value=0.0):
    amounts = [n for pair in reversed(list(zip(before, after))) for n in pair]
    return F.pad(x, amounts, value=value)


low = float("-inf")
rows.add(
    "max_2d_asymmetric",
    lambda x: F.max_pool2d(padded(x, (0, 2), (1, 1), low), (2, 3), (2, 2)),
    [r("max_2d_asymmetric", 2, 17, 5, 8)],
)
rows.add(
    "max_1d_same", lambda x: F.max_pool1d(padded(x, (0,), (1,), low), 2, 1), [r("max_1d_same", 2, 3, 6)]
)
rows.add(
    "max_3d_dilated_after",
    lambda x: F.max_pool3d(padded(x, (0, 1, 0), (2, 0, 1), low), 2, 2, 0, (2, 1, 1)),
    [r("max_3d_after", 1, 2, 5, 4, 5)],
)
rows.add(
    "average_2d_asymmetric",
    lambda x: F.avg_pool2d(padded(x, (0, 1), (1, 2)), (2, 3), (2, 2)),
    [r("average_2d_asymmetric", 2, 3, 5, 8)],
)


def excluding(x, kernel, stride, dilation, before, after):
    """The average of what lies on the input, by sums of it and of ones."""

    def sums(t):
        t = padded(t, before, after)
        weight = torch.ones(1, 1, *kernel, dtype=t.dtype)
        flat = t.reshape(-1, 1, *t.shape[2:])
        y = F.conv2d(flat, weight, stride=stride, dilation=dilation)
        return y.reshape(*t.shape[:2], *y.shape[2:])

    return sums(x) / sums(torch.ones_like(x))


rows.add(
    "average_2d_asymmetric_excluding",
    lambda x: excluding(x, (3, 2), (2, 1), (1, 1), (2, 0), (0, 1)),
    [r("average_2d_ae", 1, 17, 6, 5)],
)
rows.add(
    "average_2d_dilated", lambda x: excluding(x, (2, 2), (1, 2), (2, 3), (1, 2), (1, 0)), [r("average_2d_d", 1, 3, 6, 7)]
)


def dilated(x):
    return F.conv2d(padded(x, (1, 2), (1, 0)), torch.full((1, 1, 2, 2), 0.25, dtype=x.dtype), stride=(1, 2), dilation=(2, 3))


rows.add("average_2d_dilated_counting", dilated, [r("average_2d_dc", 2, 1, 6, 7)])
rows.add("lp_2d", lambda x: F.lp_pool2d(x.abs(), 2, 3, 2), [r("lp_2d", 2, 3, 7, 9)])
rows.add(
    "lp_1d_padded", lambda x: F.lp_pool1d(padded(x.abs(), (1,), (2,)), 3, 4, 2), [r("lp_1d_padded", 2, 17, 9, low=0.2, high=2)]
)
rows.add("lp_global", lambda x: torch.linalg.vector_norm(x, 3, (2, 3), True), [r("lp_global", 2, 5, 3, 4)])
positions = r("positions", 2, 3, 7, 8)
rows.add(
    "positions_2d", lambda x: F.max_pool2d(x, 3, 2, 1, return_indices=True)[1], [positions], differentiable=False
)
rows.add(
    "positions_3d",
    lambda x: F.max_pool3d(x, (2, 1, 2), 2, 0, (1, 1, 2), return_indices=True)[1],
    [r("positions_3d", 2, 3, 4, 3, 6)],
    differentiable=False,
)
offsets = (torch.arange(6) * 56).reshape(2, 3, 1, 1)
rows.add(
    "positions_onnx",
    lambda x: F.max_pool2d(x, 3, 2, 1, return_indices=True)[1] + offsets,
    [positions],
    differentiable=False,
)
rows.save()
