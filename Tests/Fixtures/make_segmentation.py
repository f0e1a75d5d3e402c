"""Segmentation networks: names and shapes of their states, and what they give for weights that a formula makes, so that
no fixture holds a network's weights.

Also checks this file's own modules against the parameter counts that are known of them.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from segmentation_models import AttentionUNet, NestedUNet, ResUNet, SegNet, cases

here = Path(__file__).parent


def numbers(name, count):
    """Evenly distributed in [-0.5, 0.5): a hash of each index, keyed by the name's bytes."""
    key = sum((i + 1) * byte for i, byte in enumerate(name.encode())) % 2**32
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(key)
    x ^= x >> np.uint32(15)
    x *= np.uint32(2246822519)
    x ^= x >> np.uint32(13)
    return (x.astype(np.float64) / 2**32 - 0.5).astype(np.float32)


def digest(text):
    """FNV-1a of 64 bits, in hexadecimal."""
    x = 0xCBF29CE484222325
    for byte in text.encode():
        x = (x ^ byte) * 0x100000001B3 % 2**64
    return f"{x:016x}"


def value(name, tensor):
    """A parameter or statistic that keeps activations near their size."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros_like(tensor)
    x = torch.from_numpy(numbers(name, tensor.numel())).reshape(tensor.shape)
    if tensor.ndim > 1:
        return x * (16 / tensor[0].numel()) ** 0.5
    if name.endswith(("running_var", "weight")):
        return 1 + x
    return 0.5 * x


def image(case, size):
    shape = (2, case.channels, *size)
    return torch.from_numpy(numbers("image", math.prod(shape))).reshape(shape) * 5


def fitted(model, case, x):
    """The network's output for an image of any size: continued by reflection, cut back."""
    missing = [-size % case.multiple for size in x.shape[2:]]
    before = [m // 2 for m in missing]
    # From the last axis on.
    amounts = [n for m, b in reversed(list(zip(missing, before))) for n in (b, m - b)]
    y = model(F.pad(x, amounts, mode="reflect"))
    return y[(..., *(slice(b, b + n) for b, n in zip(before, x.shape[2:])))]


def training(model, case):
    """Loss and norm of all gradients in training, in the model's own precision."""
    # What training does to running statistics is not looked at.
    model.train()
    x = image(case, case.sizes[0]).to(next(model.parameters()).dtype)
    loss = F.cross_entropy(model(x), (x[:, 0] > 0).long())
    loss.backward()
    squares = (float((p.grad.double() ** 2).sum()) for p in model.parameters() if p.grad is not None)
    return loss.item(), sum(squares) ** 0.5


def main():
    known = [
        (NestedUNet(3, 1), 9_163_329), (SegNet(3, 11), 29_449_355), (AttentionUNet(3, 1), 34_878_573),
        (ResUNet(3, 1), 13_043_009),
    ]  # fmt: skip
    for model, count in known:
        found = sum(p.numel() for p in model.parameters())
        assert found == count, f"{type(model).__name__} has {found} parameters, not {count}"

    described, outputs = [], {}
    for case in cases():
        torch.manual_seed(0)
        model = case.make()
        state = model.state_dict()
        model_state = {name: value(name, tensor) for name, tensor in state.items()}
        for name, tensor in state.items():
            tensor.copy_(model_state[name])
        lines = sorted(f"{name} {list(t.shape)}" for name, t in state.items())
        described.append(
            {
                "name": case.name, "architecture": case.architecture, "options": case.options,
                "channels": case.channels, "classes": case.classes, "sizes": case.sizes,
                "parameters": sum(p.numel() for p in model.parameters()), "tensors": len(lines),
                "digest": digest("\n".join(lines)),
            }
        )  # fmt: skip
        model.eval().double()
        with torch.no_grad():
            for size in case.sizes:
                y = fitted(model, case, image(case, size).double())
                # A sample of pixels is enough to tell two networks apart.
                outputs[f"{case.name}/{'x'.join(map(str, size))}"] = y[..., ::5, ::5].float().contiguous().numpy()
        scale = max(float(abs(v).max()) for k, v in outputs.items() if k.startswith(case.name + "/"))
        if not case.is_random:
            loss, norm = training(model, case)
            model.float().zero_grad()
            own = training(model, case)
            described[-1] |= {
                "loss": loss, "gradient_norm": norm,
                # How far PyTorch itself strays in single precision: some networks amplify rounding.
                "loss_error": abs(own[0] - loss), "gradient_norm_error": abs(own[1] - norm),
            }  # fmt: skip
        print(f"{case.name}: {described[-1]['parameters']} parameters, logits up to {scale:.3g}", flush=True)
    (here / "segmentation_models.json").write_text(json.dumps(described, indent=1) + "\n")
    save_file(outputs, here / "segmentation_models.safetensors")


if __name__ == "__main__":
    main()
