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
add("batch_of_many", (2, 1, 3, 4, 5), (1, 3, 1, 5, 2))
gemm = [r("gemm", 4, 6), r("gemm/b", 4, 5), r("gemm/c", 5)]
rows.add("gemm", lambda a, b, c: 0.5 * a.T @ b + 1.5 * c, gemm)
rows.add("gemm_plain", lambda a, b: a @ b.T, [r("gemm_plain", 3, 4), r("gemm_plain/b", 5, 4)])
rows.add("gemm_column", lambda a, b, c: a @ b + c, [r("gemm_c", 3, 4), r("gemm_c/b", 4, 2), r("gemm_c/c", 3, 1)])
byte = torch.randint(0, 256, (3, 7), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
other = torch.randint(-128, 128, (7, 4), generator=torch.Generator().manual_seed(2)).to(torch.int32)
zero = torch.tensor(13, dtype=torch.uint8)
rows.add("integers", lambda a, b, z: (a.int() - z.int()) @ b, [byte, other, zero], differentiable=False)
rows.save()
