"""Sequence recommenders in PyTorch, with the parameter names that Martlet's PAUP and SASRec have.

    item_embedding, position_embedding, LayerNorm
    trm_encoder.layer.{i}.multi_head_attention.query .key .value .dense .LayerNorm
    trm_encoder.layer.{i}.feed_forward.dense_1 .dense_2 .LayerNorm

and in PAUP (Zhu et al., SIGIR 2022) beside them

    trm_encoder.layer.{i}.multi_head_attention.attpooling_key .attpooling_value, each with .conv1a and .conv2a
    trm_encoder.layer.{i}.multi_head_attention.pos_q_linear .pos_k_linear .pos_ln

Sequences of items are [N, L], filled up with item 0 on the right; `lengths` are those of what comes before it. Both
models turn them into one vector each, [N, H], read at the last item; its products with the item embeddings are the
scores of all items. Item 0 has an embedding as any item, drawn as theirs; a gradient reaches it from the scores only.
"""

import math

import torch
from torch import nn
from torch.nn.functional import gelu

AXES = ("queries", "keys")  # what a softmax of the scores sums to 1 over


class DownConv(nn.Module):
    """Cuts a sequence into segments by two strided convolutions with a ReLU between: [N, L, H] → [N, segments, H]."""

    def __init__(self, length, hidden, segments, kernel1, reduction):
        super().__init__()
        # ceil((L / k1) / m) and ceil((k2 · m − L / k1) / 2) with an exact L / k1, in integers.
        kernel2 = ceil_div(length, kernel1 * segments)
        padding = ceil_div(kernel2 * segments * kernel1 - length, 2 * kernel1)
        made = (length // kernel1 + 2 * padding - kernel2) // kernel2 + 1
        if made != segments:
            raise ValueError(f"{length} positions by kernel {kernel1} give {made} segments, not {segments}")
        self.conv1a = nn.Conv1d(hidden, hidden // reduction, kernel1, stride=kernel1)
        self.conv2a = nn.Conv1d(hidden // reduction, hidden, kernel2, stride=kernel2, padding=padding)

    def forward(self, x):
        return self.conv2a(torch.relu(self.conv1a(x.transpose(1, 2)))).transpose(1, 2)


class Attention(nn.Module):
    """What both models' attentions share: the projections, the heads, and what becomes of the context."""

    def __init__(self, hidden, heads, hidden_dropout, attention_dropout, epsilon):
        super().__init__()
        self.heads, self.head_size = heads, hidden // heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.dense = nn.Linear(hidden, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=epsilon)
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.hidden_dropout = nn.Dropout(hidden_dropout)

    def split(self, x):
        """[N, T, H] → [N, heads, T, head size]"""
        return x.unflatten(-1, (self.heads, self.head_size)).transpose(1, 2)

    def scores(self, queries, keys):
        return queries @ keys.transpose(-1, -2) / math.sqrt(self.head_size)

    def finish(self, context, x):
        joined = context.transpose(1, 2).flatten(2)
        return self.LayerNorm(self.hidden_dropout(self.dense(joined)) + x)


class PooledAttention(Attention):
    """PAUP's: attention of all positions to segments, and beside it one of positions to positions, not pooled."""

    def __init__(
        self, length, hidden, heads, segments, kernel1, reduction, axis, hidden_dropout, attention_dropout, epsilon
    ):
        super().__init__(hidden, heads, hidden_dropout, attention_dropout, epsilon)
        assert axis in AXES, axis
        self.axis = axis
        self.attpooling_key = DownConv(length, hidden, segments, kernel1, reduction)
        self.attpooling_value = DownConv(length, hidden, segments, kernel1, reduction)
        self.pos_q_linear = nn.Linear(hidden, hidden)
        self.pos_k_linear = nn.Linear(hidden, hidden)
        self.pos_ln = nn.LayerNorm(hidden, eps=epsilon)

    def forward(self, x, positions, lengths=None):
        """With lengths, the output at each sequence's last item alone, [N, 1, H]."""
        key, value = self.key(x), self.value(x)
        pooled = self.split(self.attpooling_key(key)), self.split(self.attpooling_value(value))
        content = self.attend(self.split(self.query(x)), *pooled, self.attention_dropout, lengths)
        placed = self.pos_ln(positions + x)
        queries = self.split(self.pos_q_linear(placed)) * (2 * self.head_size) ** -0.5
        position = self.attend(queries, self.split(self.pos_k_linear(placed)), self.split(value), nn.Identity(), lengths)
        return self.finish(content + position, x if lengths is None else last(x, lengths)[:, None])

    def attend(self, queries, keys, values, dropout, lengths):
        if self.axis == "keys":
            queries = queries if lengths is None else last_of_heads(queries, lengths)
            return dropout(self.scores(queries, keys).softmax(-1)) @ values
        # A row a key: the softmax over the queries is then along memory, which is up to a quarter faster.
        scores = self.scores(keys, queries)
        if lengths is None:
            return dropout(scores.softmax(-1)).transpose(-1, -2) @ values
        own = self.scores(keys, last_of_heads(queries, lengths))
        return dropout((own - scores.logsumexp(-1, keepdim=True)).exp()).transpose(-1, -2) @ values


class CausalAttention(Attention):
    """SASRec's: every position attends to itself and the items before it."""

    def forward(self, x, mask):
        scores = self.scores(self.split(self.query(x)), self.split(self.key(x))) + mask
        weights = self.attention_dropout(scores.softmax(-1))
        return self.finish(weights @ self.split(self.value(x)), x)


class FeedForward(nn.Module):
    def __init__(self, hidden, inner, dropout, epsilon):
        super().__init__()
        self.dense_1 = nn.Linear(hidden, inner)
        self.dense_2 = nn.Linear(inner, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.LayerNorm(self.dropout(self.dense_2(gelu(self.dense_1(x)))) + x)


class Layer(nn.Module):
    def __init__(self, attention, feed_forward):
        super().__init__()
        self.multi_head_attention = attention
        self.feed_forward = feed_forward

    def forward(self, x, beside, lengths=None):
        beside = (beside,) if lengths is None else (beside, lengths)
        return self.feed_forward(self.multi_head_attention(x, *beside))


class Encoder(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layer = nn.ModuleList(layers)

    def forward(self, x, beside, lengths=None):
        """With lengths, the last layer's output at each sequence's last item alone, [N, 1, H]."""
        for layer in self.layer[:-1]:
            x = layer(x, beside)
        return self.layer[-1](x, beside, lengths)


class Recommender(nn.Module):
    """The embeddings, a stack of layers and the scores. `items` counts item 0, the padding."""

    def __init__(self, items, length, hidden, inner, layers, dropout, epsilon, attention):
        super().__init__()
        self.item_embedding = nn.Embedding(items, hidden, padding_idx=0)
        self.position_embedding = nn.Embedding(length, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=epsilon)
        self.dropout = nn.Dropout(dropout)
        self.trm_encoder = Encoder(
            Layer(attention(), FeedForward(hidden, inner, dropout, epsilon)) for _ in range(layers)
        )
        for part in self.modules():
            if isinstance(part, (nn.Linear, nn.Embedding)):
                nn.init.normal_(part.weight, std=0.02)
            if isinstance(part, nn.Linear):
                nn.init.zeros_(part.bias)

    def forward(self, items, lengths):
        """[N, L] and [N] → [N, H]"""
        return last(self.encode(items), lengths)

    def scores(self, output):
        """[N, H] → [N, items]"""
        return output @ self.item_embedding.weight.T


class PAUP(Recommender):
    def __init__(
        self, items, length=200, hidden=64, inner=256, layers=2, heads=2, segments=4, kernel1=10, reduction=16,
        axis="queries", hidden_dropout=0.2, attention_dropout=0.2, epsilon=1e-12,
    ):  # fmt: skip
        attention = lambda: PooledAttention(
            length, hidden, heads, segments, kernel1, reduction, axis, hidden_dropout, attention_dropout, epsilon
        )
        super().__init__(items, length, hidden, inner, layers, hidden_dropout, epsilon, attention)

    def encode(self, items, lengths=None):
        x = self.dropout(self.LayerNorm(self.item_embedding(items)))
        return self.trm_encoder(x, self.position_embedding.weight, lengths)

    def represent(self, items, lengths):
        """The same as forward, with the last layer computed at the last item alone, which its authors do not do."""
        return self.encode(items, lengths)[:, 0]


class SASRec(Recommender):
    def __init__(
        self, items, length=200, hidden=64, inner=256, layers=2, heads=2, hidden_dropout=0.2, attention_dropout=0.2,
        epsilon=1e-12,
    ):  # fmt: skip
        attention = lambda: CausalAttention(hidden, heads, hidden_dropout, attention_dropout, epsilon)
        super().__init__(items, length, hidden, inner, layers, hidden_dropout, epsilon, attention)

    def encode(self, items):
        x = self.dropout(self.LayerNorm(self.item_embedding(items) + self.position_embedding.weight))
        seen = torch.ones(items.shape[1], items.shape[1], dtype=torch.bool, device=items.device).tril()
        seen = seen & (items > 0)[:, None, None, :]
        mask = torch.zeros(seen.shape, dtype=x.dtype, device=x.device).masked_fill(~seen, -10000)
        return self.trm_encoder(x, mask)


MODELS = {"paup": PAUP, "sasrec": SASRec}


def last(x, lengths):
    """What stands at each sequence's last item: [N, L, H] and [N] → [N, H]"""
    return x[torch.arange(len(x), device=x.device), lengths - 1]


def bpr_loss(model, output, targets, negatives):
    """−log(1e-10 + σ(s⁺ − s⁻)), its mean; s⁺ and s⁻ are the scores of the target and of the negative item."""
    vectors = model.item_embedding.weight
    apart = (output * (vectors[targets] - vectors[negatives])).sum(-1)
    return -(1e-10 + apart.sigmoid()).log().mean()


def ceil_div(a, b):
    return -(-a // b)


def last_of_heads(x, lengths):
    """The same for heads: [N, heads, L, D] → [N, heads, 1, D]"""
    return x[torch.arange(len(x), device=x.device), :, lengths - 1][:, :, None]
