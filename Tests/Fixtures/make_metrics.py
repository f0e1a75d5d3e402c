"""Writes metrics.json: measures of segmentation by segmentation_models.pytorch, scikit-learn and MONAI, and instances
and calibration by their definitions. Label maps are strings of digits, row by row."""

import json
import math
from pathlib import Path

import torchvision_on_cpu  # isort: skip, before what imports torchvision
import numpy as np
import segmentation_models_pytorch.metrics as smp
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance
from scipy import ndimage
from sklearn.metrics import classification_report, cohen_kappa_score

draw = np.random.default_rng(11)


def digits(array):
    return "".join(str(int(v)) for v in np.asarray(array).ravel())


def number(value):
    """JSON has no infinity."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def statistics():
    # Class 3 is nowhere in some images, class 4 in none; 9 is ignored.
    truth = draw.integers(0, 3, (4, 6, 7))
    truth[0, :2] = 3
    prediction = np.where(draw.random(truth.shape) < 0.7, truth, draw.integers(0, 4, truth.shape))
    truth[draw.random(truth.shape) < 0.1] = 9
    truth[3] = 0
    prediction[3] = 0
    stats = smp.get_stats(
        torch.tensor(prediction), torch.tensor(truth), mode="multiclass", num_classes=5, ignore_index=9)
    weights = [0.5, 1.0, 2.0, 4.0, 0.25]
    measures = {
        "iou": smp.iou_score, "f1": smp.f1_score, "precision": smp.precision, "recall": smp.recall,
        "accuracy": smp.accuracy, "specificity": smp.specificity, "balanced_accuracy": smp.balanced_accuracy,
        "f2": lambda *s, **o: smp.fbeta_score(*s, beta=2, **o),
    }
    values = []
    for name, measure in measures.items():
        for reduction in ["micro", "macro", "weighted", "micro-imagewise", "macro-imagewise", "weighted-imagewise"]:
            for given in [None, weights]:
                if given is None and "weighted" in reduction:
                    continue
                for zero in [1.0, 0.0]:
                    value = measure(*stats, reduction=reduction, class_weights=given, zero_division=zero)
                    values.append([name, reduction, given is not None, zero, number(value)])
    return {
        "images": [{"truth": digits(t), "prediction": digits(p)} for t, p in zip(truth, prediction)],
        "weights": weights,
        "values": values,
        "none": {name: measure(*stats, reduction="none").tolist() for name, measure in measures.items()},
    }


def report(truth, prediction, count):
    table = classification_report(
        truth, prediction, labels=range(count), output_dict=True, zero_division=0)
    row = lambda r: [r["precision"], r["recall"], r["f1-score"], int(r["support"])]
    return {
        "truth": digits(truth), "prediction": digits(prediction), "classes": count,
        "rows": [row(table[str(i)]) for i in range(count)],
        "macro": row(table["macro avg"]), "weighted": row(table["weighted avg"]),
        "kappa": number(cohen_kappa_score(truth, prediction)),
    }


def noisy(truth, count, share=0.7):
    return np.where(draw.random(truth.shape) < share, truth, draw.integers(0, count, truth.shape))


def surface(truth, prediction, spacing=None):
    t, p = torch.tensor(truth)[None, None], torch.tensor(prediction)[None, None]
    options = dict(include_background=True, spacing=spacing)
    return {
        "shape": list(truth.shape), "spacing": spacing, "truth": digits(truth), "prediction": digits(prediction),
        "hausdorff95": number(compute_hausdorff_distance(p, t, percentile=95, **options)),
        "hausdorff": number(compute_hausdorff_distance(p, t, **options)),
        "average": number(compute_average_surface_distance(p, t, symmetric=True, **options)),
    }


def blob(shape, bias=0.0):
    field = ndimage.gaussian_filter(draw.standard_normal(shape), 1.5)
    return (field > bias * field.std()).astype(int)


def instances(pairs):
    sums, images, counts = np.zeros(10), 0, [0, 0]
    for truth, prediction in pairs:
        t, n = ndimage.label(truth)
        p, m = ndimage.label(prediction)
        counts[0] += n
        counts[1] += m
        if n + m == 0:
            continue
        images += 1
        for k, percent in enumerate(range(50, 100, 5)):
            hits = sum(
                100 * ((t == i) & (p == j)).sum() > percent * ((t == i) | (p == j)).sum()
                for i in range(1, n + 1) for j in range(1, m + 1))
            sums[k] += hits / (n + m - hits)
    height, width = pairs[0][0].shape
    return {
        "height": height, "width": width, "truths": counts[0], "predictions": counts[1], "images": images,
        "pairs": [{"truth": digits(t), "prediction": digits(p)} for t, p in pairs],
        "precisions": (sums / images).tolist(), "average": float((sums / images).mean()),
    }


def calibration(count, bins):
    truth = draw.integers(0, 3, count)
    prediction = noisy(truth, 3)
    confidence = draw.uniform(1 / 3, 1, count).astype(np.float32)
    confidence[:3] = [1.0, 0.34, 0.999]
    place = np.minimum(np.ceil(confidence.astype(float) * bins) - 1, bins - 1).astype(int)
    gaps, total = [], 0.0
    for b in range(bins):
        inside = place == b
        if inside.any():
            gaps.append(abs((truth == prediction)[inside].mean() - confidence[inside].astype(float).mean()))
            total += inside.sum() / count * gaps[-1]
    return {
        "bins": bins, "truth": digits(truth), "prediction": digits(prediction), "confidences": confidence.tolist(),
        "expected": total, "maximum": max(gaps),
    }


classes = draw.integers(0, 4, 200)
few = draw.integers(0, 2, 50)
empty, full = np.zeros((6, 7), int), np.ones((6, 7), int)
square = np.zeros((14, 16), int)
square[3:8, 4:11] = 1
moved = np.roll(square, (2, 3), (0, 1))
first, second = blob((24, 30), 0.5), blob((24, 30), 0.5)
eroded = [(m, np.where(draw.random(m.shape) < 0.06, 1 - m, m)) for m in (first, second, blob((24, 30), 1.0))]

document = {
    "statistics": statistics(),
    "reports": [
        report(classes, noisy(classes, 4), 4), report(few, noisy(few, 4), 4), report(np.zeros(9, int), np.zeros(9, int), 1),
        report(few, 1 - few, 2),
    ],
    "surfaces": [
        surface(square, moved), surface(square, square), surface(square, moved, [0.5, 2.0]),
        surface(first, second), surface(first, second, [1.7, 0.3]), surface(empty, full), surface(full, empty),
        surface(empty, empty), surface(full, full), surface(full, np.eye(6, 7).astype(int)),
        surface(blob((7, 9, 8)), blob((7, 9, 8))), surface(blob((7, 9, 8)), blob((7, 9, 8)), [3.0, 0.7, 0.9]),
        surface(np.eye(1, 9, 2).astype(int), np.eye(1, 9, 7).astype(int)),
    ],
    "instances": [
        instances(eroded), instances([(first, second), (square[:, :1].repeat(30, 1)[[0] * 24], first)]),
        instances([(square, moved), (square, square), (np.zeros_like(square), np.zeros_like(square)), (np.zeros_like(square), square)]),
    ],
    "calibration": [calibration(300, 15), calibration(80, 10), calibration(5, 4)],
}
path = Path(__file__).parent / "metrics.json"
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(f"{path.name}: {path.stat().st_size} bytes")
