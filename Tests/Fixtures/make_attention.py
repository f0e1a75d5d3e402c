"""Attention of several heads: weights over the keys or over the queries, causal, with keys left out, with known sums."""

import torch

from fixture import Rows

rows = Rows("attention")


def split(x, heads):
    """[N, L, H] to [N, heads, L, H / heads]."""
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def scores(q, k, heads, scale):
    q, k = split(q, heads), split(k, heads)
    return q @ k.transpose(2, 3) * (scale or q.shape[3] ** -0.5)


def join(x):
    return x.transpose(1, 2).flatten(2)


def attention(heads, over="keys", scale=None, causal=False):
    def run(q, k, v, counts=None):
        s = scores(q, k, heads, scale)
        if causal:
            s = s.masked_fill(~torch.ones(s.shape[-2:], dtype=torch.bool).tril(), -torch.inf)
        if counts is not None:
            hidden = torch.arange(k.shape[1]) >= counts[:, None]
            s = s.masked_fill(hidden[:, None, None], -torch.inf)
        return join(s.softmax(-1 if over == "keys" else -2) @ split(v, heads))

    return run


def known(heads, over):
    """With sums that are not those of these queries, as when some of more queries are asked for."""

    def run(q, k, v, log_sums):
        log_sums = log_sums[..., None] if over == "keys" else log_sums[:, :, None]
        return join((scores(q, k, heads, None) - log_sums).exp() @ split(v, heads))

    return run


def log_sums(heads, over):
    return lambda q, k: scores(q, k, heads, None).logsumexp(-1 if over == "keys" else -2)


def operands(name, batch, queries, keys, size):
    r = lambda what, length: rows.random(f"{name}.{what}", batch, length, size)
    return [r("q", queries), r("k", keys), r("v", keys)]


# name, (batch, queries, keys, size), heads
for name, sizes, heads in [
    ("plain", (2, 5, 7, 6), 2), ("one", (1, 1, 1, 1), 1), ("few_keys", (2, 20, 4, 8), 2), ("prime", (1, 37, 41, 21), 3),
    ("wide", (1, 3, 70, 80), 2), ("long", (1, 300, 5, 4), 1), ("many_keys", (1, 2, 530, 3), 1), ("empty", (0, 3, 2, 4), 2),
]:
    for over in ["keys", "queries"]:
        row = f"{name}.{over}"
        rows.add(row, attention(heads, over), operands(row, *sizes))
rows.add("scaled.queries", attention(2, "queries", scale=0.125), operands("scaled", 2, 9, 9, 8))
rows.add("causal", attention(2, causal=True), operands("causal", 2, 19, 19, 10))
counts = torch.tensor([3, 1, 11], dtype=torch.int32)
rows.add("counts", attention(2), [*operands("counts", 3, 1, 11, 6), counts])
rows.add("counts_causal", attention(1, causal=True), [*operands("counts_causal", 3, 11, 11, 6), counts])
for over, length in [("keys", 3), ("queries", 23)]:
    sums = rows.random(f"known.{over}.sums", 2, 2, length, low=1.0, high=3.0)
    rows.add(f"known.{over}", known(2, over), [*operands(f"known.{over}", 2, 3, 23, 6), sums])
    rows.add(f"log_sums.{over}", log_sums(2, over), operands(f"log_sums.{over}", 2, 13, 23, 6)[:2])
# Whole numbers and a scale of 1, so that scores far apart are exact.
steep = [(t * 10).round() for t in operands("steep", 1, 4, 6, 4)[:2]] + operands("steep", 1, 4, 6, 4)[2:]
for over in ["keys", "queries"]:
    rows.add(f"steep.{over}", attention(2, over, scale=1.0), steep)
rows.save()
