"""Losses of segmentation: those of segmentation_models.pytorch and of MONAI, and the weight map of U-Net."""

import torchvision_on_cpu  # isort: skip, before what imports torchvision
import numpy as np
import segmentation_models_pytorch.losses as smp
import segmentation_models_pytorch.losses.lovasz as smp_lovasz
import torch
import torch.nn.functional as F
from monai.losses import DeepSupervisionLoss, HausdorffDTLoss
from scipy import ndimage

from fixture import Rows

rows = Rows("losses")
SHAPE = (2, 4, 3, 5)
PIXELS = (2, 3, 5)


def classes(name, count, *shape):
    generator = torch.Generator().manual_seed(sum(ord(c) * (i + 1) for i, c in enumerate(name)))
    return torch.randint(0, count, shape, generator=generator)


def case(name, loss, targets, shape=SHAPE, scale=1.5, ignored=None, dtype=None, probabilities=False):
    """A row of a loss of predictions and targets. A third of the targets become `ignored`."""
    if ignored is not None:
        targets = torch.where(classes(name + "i", 3, *targets.shape) == 0, ignored, targets)
    x = rows.random(name, *shape, low=0.05, high=0.95) if probabilities else rows.random(name, *shape) * scale
    rows.add(name, lambda x, t: loss(x, t.long()), [x, targets.to(dtype or torch.int64)])


# Lovász in smp counts in float32, which float64 predictions cannot be multiplied with.
def lovasz_grad(truth):
    truth = truth.double()
    hits, misses = truth.cumsum(0), (1 - truth).cumsum(0)
    jaccard = 1 - (truth.sum() - hits) / (truth.sum() + misses)
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


smp_lovasz._lovasz_grad = lovasz_grad

# A class that is nowhere: 3 of 4.
some = classes("some", 3, *PIXELS)
every = classes("every", 4, *PIXELS)
yes = classes("yes", 2, 2, 1, 3, 5)
labels = classes("labels", 2, *SHAPE)
WEIGHTS = [0.5, 2.0, 1.25, 0.25]

for name, loss in [("dice", smp.DiceLoss), ("jaccard", smp.JaccardLoss)]:
    case(f"{name}.multiclass", loss("multiclass"), some)
    case(f"{name}.smooth", loss("multiclass", smooth=1.0), every)
    case(f"{name}.logarithm", loss("multiclass", log_loss=True, smooth=0.5), some)
    case(f"{name}.ignored", loss("multiclass", ignore_index=255), every, ignored=255, dtype=torch.uint8)
    case(f"{name}.classes", loss("multiclass", classes=[1, 3]), every)
    case(f"{name}.weights", loss("multiclass", class_weights=WEIGHTS), every)
    case(f"{name}.chosen_weights", loss("multiclass", classes=[0, 2], class_weights=WEIGHTS), every)
    case(f"{name}.binary", loss("binary"), yes, (2, 1, 3, 5))
    case(f"{name}.binary_ignored", loss("binary", ignore_index=2, smooth=0.25), yes, (2, 1, 3, 5), ignored=2)
    case(f"{name}.probabilities", loss("binary", from_logits=False, smooth=0.5), yes, (2, 1, 3, 5), probabilities=True)
    case(f"{name}.multilabel", loss("multilabel"), labels)
    case(f"{name}.multilabel_ignored", loss("multilabel", ignore_index=-1, classes=[0, 3]), labels, ignored=-1)
case("dice.volume", smp.DiceLoss("multiclass"), classes("volume", 3, 2, 2, 3, 4), (2, 3, 2, 3, 4))
case("dice.one", smp.DiceLoss("multiclass"), torch.zeros(PIXELS), (2, 1, 3, 5))
case("dice.nothing", smp.DiceLoss("binary"), torch.zeros(2, 1, 3, 5), (2, 1, 3, 5))
case("dice.sure", smp.DiceLoss("multiclass"), every, scale=1e4)
case("dice.all_ignored", smp.DiceLoss("multiclass", ignore_index=9), torch.full(PIXELS, 9))
case("jaccard.log_all_ignored", smp.JaccardLoss("multiclass", ignore_index=9, log_loss=True), torch.full(PIXELS, 9))
rows.add(
    "dice.soft", lambda x, t: smp.DiceLoss("multilabel", smooth=0.5)(x, t),
    [rows.random("dice.soft", *SHAPE), rows.random("dice.soft.t", *SHAPE, low=0, high=1)], wanted=[True, False],
)

for name, options in {
    "multiclass": dict(alpha=0.3, beta=0.7),
    "focal": dict(alpha=0.3, beta=0.7, gamma=0.75),
    "squared": dict(alpha=0.6, beta=1.5, gamma=2.0, smooth=1.0),
    "weights": dict(alpha=0.3, beta=0.7, gamma=1.5, class_weights=WEIGHTS),
    "classes": dict(alpha=0.2, beta=0.9, classes=[2, 3], log_loss=True),
}.items():
    case(f"tversky.{name}", smp.TverskyLoss("multiclass", **options), every)
case("tversky.ignored", smp.TverskyLoss("multiclass", alpha=0.3, beta=0.7, ignore_index=-100), some, ignored=-100)
case("tversky.binary", smp.TverskyLoss("binary", alpha=0.3, beta=0.7, gamma=1.5), yes, (2, 1, 3, 5))
case("tversky.multilabel", smp.TverskyLoss("multilabel", alpha=0.3, beta=0.7), labels)

for mode, targets, shape in [("multiclass", every, SHAPE), ("binary", yes, (2, 1, 3, 5)), ("multilabel", labels, SHAPE)]:
    for name, options in {
        "plain": dict(),
        "alpha": dict(alpha=0.25, gamma=1.5),
        "flat": dict(gamma=0.0),
        "normalized": dict(normalized=True, alpha=0.75),
        "sum": dict(reduction="sum", gamma=3.0),
    }.items():
        case(f"focal.{mode}_{name}", smp.FocalLoss(mode, **options), targets, shape)
case("focal.absent", smp.FocalLoss("multiclass"), some)
case("focal.ignored", smp.FocalLoss("multiclass", ignore_index=255, normalized=True), every, ignored=255, dtype=torch.uint8)
case("focal.binary_ignored", smp.FocalLoss("binary", ignore_index=3, alpha=0.25), yes, (2, 1, 3, 5), ignored=3)
case("focal.weights", smp.FocalLoss("multiclass", class_weights=WEIGHTS), every)
case("focal.sure", smp.FocalLoss("multiclass"), every, scale=1e4)

for image, per_image in [("batch", False), ("image", True)]:
    case(f"lovasz.softmax_{image}", smp.LovaszLoss("multiclass", per_image), every)
    case(f"lovasz.absent_{image}", smp.LovaszLoss("multiclass", per_image), some)
    case(f"lovasz.ignored_{image}", smp.LovaszLoss("multiclass", per_image, 255), every, ignored=255, dtype=torch.uint8)
    case(f"lovasz.hinge_{image}", smp.LovaszLoss("binary", per_image), yes, (2, 1, 3, 5))
    case(f"lovasz.hinge_ignored_{image}", smp.LovaszLoss("binary", per_image, 2), yes, (2, 1, 3, 5), ignored=2)
    case(f"lovasz.multilabel_{image}", smp.LovaszLoss("multilabel", per_image), labels)
case("lovasz.hinge_nothing", smp.LovaszLoss("binary"), torch.zeros(2, 1, 3, 5), (2, 1, 3, 5))
case("lovasz.volume", smp.LovaszLoss("multiclass"), classes("volume", 3, 2, 2, 3, 4), (2, 3, 2, 3, 4))
case("lovasz.many", smp.LovaszLoss("multiclass"), classes("many", 3, 2, 24, 20), (2, 3, 24, 20))
case("lovasz.sure", smp.LovaszLoss("binary"), yes, (2, 1, 3, 5), scale=1e4)

for name, options in {"plain": dict(smooth_factor=0.0), "smoothed": dict(smooth_factor=0.1), "sum": dict(smooth_factor=0.2, reduction="sum")}.items():
    case(f"soft_cross_entropy.{name}", smp.SoftCrossEntropyLoss(**options), every)
case("soft_cross_entropy.ignored", smp.SoftCrossEntropyLoss(smooth_factor=0.1, ignore_index=255), every, ignored=255, dtype=torch.uint8)


def soft_binary(name, targets, ignored=None, **options):
    loss = smp.SoftBCEWithLogitsLoss(ignore_index=ignored, **options)
    case(f"soft_binary_cross_entropy.{name}", lambda x, t: loss(x, t.double()), targets, ignored=ignored)


soft_binary("plain", labels)
soft_binary("smoothed", labels, smooth_factor=0.1)
soft_binary("ignored", labels, ignored=-100, smooth_factor=0.2)
soft_binary("sum", labels, reduction="sum", smooth_factor=0.3, pos_weight=torch.tensor([0.5, 1.0, 2.0, 4.0]).reshape(4, 1, 1))
loss = smp.SoftBCEWithLogitsLoss(smooth_factor=0.1, ignore_index=None)
case("soft_binary_cross_entropy.multiclass", lambda x, t: loss(x, F.one_hot(t, 4).movedim(-1, 1).double()), every)


def blobs(count, *shape):
    """Labels of a few large regions, so that distances are longer than a pixel."""
    draw = np.random.default_rng(sum(shape))
    fields = np.stack([ndimage.gaussian_filter(draw.standard_normal(shape), [0, *[1.5] * (len(shape) - 1)]) for _ in range(count)])
    return torch.from_numpy(fields.argmax(0))


def one_hot(t, count):
    return F.one_hot(t, count).movedim(-1, 1).double()


regions = blobs(3, 2, 9, 11)
solid = blobs(3, 2, 5, 6, 7)
for name, options in {"plain": dict(), "background": dict(include_background=True), "alpha": dict(alpha=1.5)}.items():
    loss = HausdorffDTLoss(softmax=True, **options)
    case(f"hausdorff.{name}", lambda x, t: loss(x, one_hot(t, 3)), regions, (2, 3, 9, 11), scale=3)
loss = HausdorffDTLoss(softmax=True)
case("hausdorff.volume", lambda x, t: loss(x, one_hot(t, 3)), solid, (2, 3, 5, 6, 7), scale=3)
binary = HausdorffDTLoss(sigmoid=True)
case("hausdorff.binary", lambda x, t: binary(x, t.double()), (regions > 0)[:, None], (2, 1, 9, 11), scale=3)
case("hausdorff.nothing", lambda x, t: binary(x, t.double()), torch.zeros(2, 1, 4, 5), (2, 1, 4, 5))
channels = HausdorffDTLoss(sigmoid=True, include_background=True)
case("hausdorff.multilabel", lambda x, t: channels(x, t.double()), one_hot(regions, 3), (2, 3, 9, 11), scale=3)


def border(labels, w0, sigma, ignored=None):
    """w0 · e^(−(d1 + d2)² / 2σ²), from a distance transform of every object."""
    maps = []
    for image in labels.numpy():
        distances = []
        for index in set(np.unique(image)) - {0, ignored}:
            components, count = ndimage.label(image == index)
            distances += [ndimage.distance_transform_edt(components != i) for i in range(1, count + 1)]
        if len(distances) < 2:
            maps.append(np.zeros(image.shape))
            continue
        nearest = np.sort(np.stack(distances), 0)
        maps.append(w0 * np.exp(-((nearest[0] + nearest[1]) ** 2) / (2 * sigma**2)))
    return torch.from_numpy(np.stack(maps))


cells = blobs(3, 2, 17, 16)
lone = torch.zeros(1, 7, 8).long()
lone[0, 2:4, 3:6] = 1
rows.add("boundary_weights.plain", lambda t: border(t, 10, 5), [cells], differentiable=False)
rows.add("boundary_weights.narrow", lambda t: border(t, 3, 0.4), [cells.to(torch.uint8)], differentiable=False)
rows.add("boundary_weights.wide", lambda t: border(t, 2, 40), [cells.to(torch.int32)], differentiable=False)
rows.add("boundary_weights.one_object", lambda t: border(t, 10, 5), [lone], differentiable=False)
holes = torch.where(classes("holes", 6, *cells.shape) == 0, 255, cells)
rows.add("boundary_weights.ignored", lambda t: border(t, 10, 5, 255), [holes.to(torch.uint8)], differentiable=False)
case(
    "boundary_cross_entropy.plain",
    lambda x, t: (F.cross_entropy(x, t, reduction="none") * (1 + border(t, 10, 5))).mean(), cells, (2, 3, 17, 16))
balance = torch.tensor([0.5, 2.0, 1.0]).double()
case(
    "boundary_cross_entropy.weights",
    lambda x, t: (F.cross_entropy(x, t, reduction="none") * (balance[t] + border(t, 4, 3))).mean(), cells, (2, 3, 17, 16))
counted = (holes != 255).sum()
case(
    "boundary_cross_entropy.ignored",
    lambda x, t: (F.cross_entropy(x, t, reduction="none", ignore_index=255) * (1 + border(t, 10, 5, 255))).sum() / counted,
    holes, (2, 3, 17, 16), dtype=torch.uint8)


def supervised(name, loss, sizes, weights, targets, space):
    shapes = [(2, 4, *size) for size in sizes]
    inputs = [rows.random(f"{name}.{i}", *shape) for i, shape in enumerate(shapes)]

    def function(*tensors):
        resize = lambda size: F.interpolate(tensors[-1][:, None].double(), size, mode="nearest-exact")[:, 0].long()
        return sum(w * loss(x, resize(x.shape[2:])) for w, x in zip(weights, tensors[:-1]))

    rows.add(name, function, [*inputs, targets])


supervised(
    "deep_supervision.cross_entropy", F.cross_entropy, [(12, 9), (6, 5), (3, 2)], [1.0, 0.5, 0.25],
    classes("deep", 4, 2, 12, 9), 2)
supervised("deep_supervision.dice", smp.DiceLoss("multiclass"), [(5, 4, 3), (2, 2, 2)], [0.75, 0.25], classes("deeper", 4, 2, 5, 4, 3), 3)
monai = DeepSupervisionLoss(torch.nn.MSELoss(), weights=[1.0, 0.5])
rows.add(
    "deep_supervision.monai", lambda a, b, t: monai([a, b], t),
    [rows.random("monai.a", 2, 3, 8, 6), rows.random("monai.b", 2, 3, 4, 3), rows.random("monai.t", 2, 3, 8, 6)],
    wanted=[True, True, False])

rows.save()
