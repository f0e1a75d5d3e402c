"""Some steps of each optimizer on one parameter, and gradient clipping, in float64.

`NAME/parameter` before, `NAME/gradients` one a step, `NAME/after` the parameter after each step.
"""

from pathlib import Path

import torch
from safetensors.numpy import save_file

from fixture import narrow

STEPS, COUNT = 5, 37
LEARNING_RATES = [0.1, 0.1, 0.05, 0.02, 0.01]
generator = torch.Generator().manual_seed(7)
tensors = {}


def add(name, make, clip=None):
    start = torch.randn(COUNT, generator=generator).double()
    gradients = torch.randn(STEPS, COUNT, generator=generator).float().double()
    parameter = torch.nn.Parameter(start.float().double())
    optimizer = make([parameter])
    tensors[f"{name}/parameter"] = narrow(parameter)
    tensors[f"{name}/gradients"] = narrow(gradients)
    after = []
    for rate, gradient in zip(LEARNING_RATES, gradients):
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = gradient.clone()
        if clip:
            torch.nn.utils.clip_grad_norm_([parameter], clip)
        optimizer.step()
        after.append(parameter.detach().clone())
    tensors[f"{name}/after"] = narrow(torch.stack(after))


add("sgd", lambda p: torch.optim.SGD(p, 0.1))
add("sgd_decay", lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.05))
add("sgd_momentum", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01))
add("sgd_dampening", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, dampening=0.4))
add("sgd_nesterov", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01))
add("sgd_clipped", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), clip=1.5)
add("adam", lambda p: torch.optim.Adam(p, 0.1))
add("adam_decay", lambda p: torch.optim.Adam(p, 0.1, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1))
add("adam_clipped", lambda p: torch.optim.Adam(p, 0.1), clip=100.0)
add("adamw", lambda p: torch.optim.AdamW(p, 0.1))
add("adamw_decay", lambda p: torch.optim.AdamW(p, 0.1, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.3))

# A table of which steps look up some rows, a row twice: gradients are those of the rows, one after the other.
ROWS, WIDTH = 11, 5
LOOKUPS = [[3, 7, 3], [0, 7, 10], [2, 3, 2], [7, 7, 7], [3, 9, 0]]
table = torch.nn.Embedding(ROWS, WIDTH, sparse=True).double()
with torch.no_grad():
    table.weight.copy_(torch.randn(ROWS, WIDTH, generator=generator).float())
tensors["sparse_adam/parameter"] = narrow(table.weight)
optimizer = torch.optim.SparseAdam(table.parameters(), 0.1, eps=1e-3)
gradients, after = [], []
for rate, rows in zip(LEARNING_RATES, LOOKUPS):
    optimizer.param_groups[0]["lr"] = rate
    gradient = torch.randn(len(rows), WIDTH, generator=generator).float().double()
    optimizer.zero_grad()
    table(torch.tensor(rows)).backward(gradient)
    optimizer.step()
    gradients.append(gradient)
    after.append(table.weight.detach().clone())
tensors["sparse_adam/lookups"] = torch.tensor(LOOKUPS, dtype=torch.int32).numpy()
tensors["sparse_adam/gradients"] = narrow(torch.stack(gradients))
tensors["sparse_adam/after"] = narrow(torch.stack(after))

path = Path(__file__).parent / "optimizer.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
