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

path = Path(__file__).parent / "optimizer.safetensors"
save_file(tensors, str(path))
print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")
