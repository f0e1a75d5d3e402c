"""Matrix products, batches of them with broadcasting, vectors, and linear layers."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("matmul")
r = rows.random


def add(name, a, b):
    rows.add(name, torch.matmul, [r(name, *a), r(name + "/b", *b)])


add("matrices", (7, 19), (19, 17))
add("large", (45, 33), (33, 50))
add("vector_vector", (9,), (9,))
add("vector_matrix", (9,), (9, 5))
add("matrix_vector", (5, 9), (9,))
add("batch", (3, 5, 7), (3, 7, 6))
add("batch_matrix", (3, 5, 7), (7, 6))
add("matrix_batch", (5, 7), (3, 7, 6))
add("batch_vector", (2, 3, 5, 7), (7,))
add("vector_batch", (7,), (2, 7, 3))
add("broadcast", (2, 1, 5, 7), (3, 7, 4))
add("broadcast_both", (2, 1, 3, 4), (1, 3, 4, 2))
add("empty_batch", (0, 3, 4), (4, 2))
add("empty_sum", (3, 0), (0, 2))
rows.add(
    "transposed", lambda a, b: a @ b.transpose(-1, -2), [r("transposed", 2, 5, 7), r("transposed/b", 2, 6, 7)]
)
rows.add(
    "transposed_shared", lambda a, b: a @ b.T, [r("transposed_shared", 2, 5, 7), r("transposed_shared/b", 6, 7)]
)


def add_linear(name, x, outputs, bias=True):
    inputs = [r(name, *x), r(name + "/w", outputs, x[-1])]
    rows.add(name, F.linear, inputs + ([r(name + "/b", outputs)] if bias else []))


add_linear("linear", (6, 18), 21)
add_linear("linear_vector", (18,), 5)
add_linear("linear_sequence", (2, 5, 18), 7)
add_linear("linear_no_bias", (4, 9), 3, bias=False)
add_linear("linear_empty_batch", (0, 9), 3)
rows.save()
