"""Batch, group, instance and layer normalisation."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("normalization")
r = rows.random


def parameters(name, *shape):
    return [r(name + ".weight", *shape), r(name + ".bias", *shape)]


def batch(x, w, b, eps=1e-5):
    return F.batch_norm(x, None, None, w, b, True, 0.1, eps)


def batch_relu(x, w, b):
    return F.relu(batch(x, w, b))


rows.add("batch_2d", batch, [r("batch_2d", 2, 20, 5, 6) * 2 + 3, *parameters("batch_2d", 20)])
rows.add("batch_2d_relu", batch_relu, [r("batch_2d_relu", 2, 16, 5, 6), *parameters("batch_2d_relu", 16)])
rows.add("batch_2d_few", batch_relu, [r("batch_2d_few", 3, 3, 7, 9), *parameters("batch_2d_few", 3)])
rows.add("batch_2d_many_rows", batch, [r("batch_many", 1, 1, 23, 45), *parameters("batch_many", 1)])
rows.add("batch_1d", batch, [r("batch_1d", 4, 5, 7), *parameters("batch_1d", 5)])
rows.add("batch_3d", lambda *t: batch(*t, eps=1e-3), [r("batch_3d", 2, 4, 3, 2, 3), *parameters("batch_3d", 4)])
rows.add("batch_matrix", batch, [r("batch_matrix", 9, 33), *parameters("batch_matrix", 33)])


def inference(x, mean, variance, w, b):
    return F.batch_norm(x, mean, variance, w, b, False)


def known(name, channels):
    return [r(name + ".mean", channels), r(name + ".variance", channels, low=0.5, high=2.0)]


wanted = [True, False, False, True, True]
rows.add(
    "batch_inference",
    inference,
    [r("inference", 2, 19, 4, 3), *known("inference", 19), *parameters("inference", 19)],
    wanted,
)
rows.add(
    "batch_inference_relu",
    lambda *t: F.relu(inference(*t)),
    [r("inference_relu", 2, 6, 4, 3), *known("inference_relu", 6), *parameters("inference_relu", 6)],
    wanted,
)


def running(x, mean, variance):
    mean, variance = mean.clone(), variance.clone()
    F.batch_norm(x, mean, variance, None, None, True, 0.1)
    return mean, variance


rows.add("group", lambda x, w, b: F.group_norm(x, 4, w, b), [r("group", 2, 20, 5, 3) + 1, *parameters("group", 20)])
rows.add("group_one", lambda x, w, b: F.group_norm(x, 1, w, b), [r("group_one", 2, 6, 4), *parameters("group_one", 6)])
rows.add(
    "group_matrix", lambda x, w, b: F.group_norm(x, 3, w, b), [r("group_matrix", 5, 12), *parameters("group_matrix", 12)]
)
rows.add(
    "instance", lambda x, w, b: F.instance_norm(x, weight=w, bias=b), [r("instance", 2, 3, 5, 4), *parameters("instance", 3)]
)

rows.add("layer", lambda x, w, b: F.layer_norm(x, (20,), w, b), [r("layer", 3, 7, 20) * 3 - 1, *parameters("layer", 20)])
rows.add(
    "layer_wide", lambda x, w, b: F.layer_norm(x, (2500,), w, b), [r("layer_wide", 2, 2500), *parameters("layer_wide", 2500)]
)
rows.add(
    "layer_image",
    lambda x, w, b: F.layer_norm(x, (3, 4, 5), w, b, 1e-12),
    [r("layer_image", 2, 3, 4, 5), *parameters("layer_image", 3, 4, 5)],
)
rows.add("layer_plain", lambda x: F.layer_norm(x, (9,)), [r("layer_plain", 4, 9)])
rows.add("rms", lambda x, w: F.rms_norm(x, (7,), w, 1e-5), [r("rms", 3, 5, 7), r("rms.w", 7)])
rows.add("rms_image", lambda x: F.rms_norm(x, (4, 5), eps=1e-6), [r("rms_image", 2, 3, 4, 5)])
rows.add("normalize", lambda x: F.normalize(x, 2.0, 1), [r("normalize", 2, 5, 3, 4)])
rows.add("normalize_1", lambda x: F.normalize(x, 1.0, -1), [r("normalize_1", 4, 6)])
rows.add("response", lambda x: F.local_response_norm(x, 3, 0.5, 0.75, 2.0), [r("response", 2, 7, 3, 4)])
rows.add("response_matrix", lambda x: F.local_response_norm(x[..., None], 5)[..., 0], [r("response_matrix", 3, 9)])


def response_even(x):
    sums = sum(F.pad(x.square(), (0, 0, 1, 2))[:, i : i + 6] for i in range(4))
    return x / (1 + 0.3 / 4 * sums) ** 0.75


rows.add("response_even", response_even, [r("response_even", 2, 6, 5)])


def standardized(x):
    centered = x - x.mean((0, 2, 3), keepdim=True)
    return centered / (centered.square().mean((0, 2, 3), keepdim=True).sqrt() + 1e-9)


rows.add("mean_variance", standardized, [r("mean_variance", 2, 5, 3, 4)])
rows.save()

statistics = Rows("running_statistics")
statistics.add("step", running, [r("running", 3, 5, 4, 2), *known("running", 5)], differentiable=False)
statistics.save()
