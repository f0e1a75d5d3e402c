"""Losses: cross-entropy, binary cross-entropy with logits, mean squared error."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("loss")


def classes(name, count, *shape):
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    return torch.randint(0, count, shape, generator=generator)


def cross_entropy(name, shape, dtype=torch.int64, weights=False, ignored=None, offset=0, **options):
    targets = classes(name, shape[1], shape[0], *shape[2:])
    if ignored is not None:
        targets[classes(name + "i", 3, *targets.shape) == 0] = ignored
        options["ignore_index"] = ignored
    inputs = [rows.random(name, *shape) * 2 + offset, targets.to(dtype)]
    if weights:
        inputs.append(rows.random(name + ".weights", shape[1], low=0.2, high=2))
    rows.add(
        f"cross_entropy.{name}",
        lambda x, t, w=None: F.cross_entropy(x, t.long(), w, **options),
        inputs, wanted=[True, False, False][: len(inputs)],
    )


SHAPE = (2, 4, 3, 5)
cross_entropy("matrix", (7, 5))
cross_entropy("image", SHAPE)
cross_entropy("two", (2, 2, 9, 7))
cross_entropy("one", (3, 1, 2, 2))
cross_entropy("sequence", (2, 6, 8))
cross_entropy("volume", (1, 3, 2, 3, 4))
cross_entropy("many", (3, 1300))
for name, shape in [("two", (4, 2)), ("three", (4, 3)), ("some", (3, 7)), ("many", (3, 1300))]:
    cross_entropy("large_" + name, shape, offset=1e4)
cross_entropy("weights", SHAPE, weights=True)
cross_entropy("ignored", SHAPE, ignored=-100)
cross_entropy("ignored_uint8", SHAPE, torch.uint8, ignored=255)
cross_entropy("int32", SHAPE, torch.int32)
cross_entropy("sum", SHAPE, weights=True, reduction="sum")
cross_entropy("none", SHAPE, weights=True, ignored=-1, reduction="none")
cross_entropy("smoothed", SHAPE, label_smoothing=0.1)
cross_entropy("everything", SHAPE, weights=True, ignored=2, label_smoothing=0.3)
cross_entropy("everything_sum", SHAPE, weights=True, ignored=2, label_smoothing=0.3, reduction="sum")
cross_entropy("everything_none", SHAPE, weights=True, ignored=2, label_smoothing=0.3, reduction="none")


def binary(name, reduction="mean", weights=None, positive=None):
    inputs = [rows.random(name, *SHAPE) * 3, rows.random(name + ".targets", *SHAPE, low=0, high=1)]
    if weights:
        inputs.append(rows.random(name + ".weights", *weights, low=0.2, high=2))
    if positive:
        inputs.append(rows.random(name + ".positive", *positive, low=0.2, high=3))

    def function(x, t, *extra):
        extra = list(extra)
        w = extra.pop(0) if weights else None
        p = extra.pop(0) if positive else None
        return F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p, reduction=reduction)

    rows.add(f"binary_cross_entropy.{name}", function, inputs, wanted=[True] + [False] * (len(inputs) - 1))


binary("mean")
binary("sum", "sum")
binary("none", "none")
binary("weights", weights=(2, 1, 3, 5))
binary("positive", positive=(4, 1, 1))
binary("both", "none", weights=SHAPE, positive=(4, 1, 1))
rows.add(
    "binary_cross_entropy.sure",
    lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
    [torch.tensor([-200.0, -30, -9, 9, 30, 200] * 2), torch.tensor([0.0] * 6 + [1.0] * 6)], wanted=[True, False],
)

for reduction in ("mean", "sum", "none"):
    rows.add(
        f"mse.{reduction}", lambda a, b: F.mse_loss(a, b, reduction=reduction),
        [rows.random("mse.a", *SHAPE), rows.random("mse.b", *SHAPE)],
    )

rows.save()
