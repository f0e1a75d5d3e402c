"""Writes what whole U-Nets and whole trainings are checked against: models, training_sgd, training_adam.

models.safetensors holds, for each tiny U-Net of `MODELS`, its weights and running statistics under PyTorch's names
(`{model}/state/…`), an input (`{model}/input`) and the logits in evaluation mode (`{model}/logits`), computed in
float64 and rounded.

training_{sgd,adam}.safetensors hold 20 steps of training: `initial/…` the weights before, `images` (uint8, to be
divided by 255) and `masks` (uint8 class indices) of the 20 batches, `loss.float32` and `loss.float64` the losses in
either precision, `final/…` the weights and running statistics after the float64 run, rounded. The script checks
that the two precisions agree, so that a loss which departs from them is a mistake and not chaos.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn.functional import avg_pool2d, cross_entropy, interpolate

from fixture import narrow

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent.parent / "Benchmarks" / "peers"))
from unet import UNet  # noqa: E402

# name → (height, width of the input, arguments of UNet where they are not those of `tiny` with 3 base channels)
MODELS = {
    "same_norm_transposed": (20, 12, {}),
    "same_norm_bilinear": (12, 20, {"up": "bilinear"}),
    "same_plain_transposed": (16, 16, {"batch_norm": False}),
    "same_plain_bilinear": (8, 12, {"batch_norm": False, "up": "bilinear"}),
    "valid_norm_transposed": (44, 52, {"padding": "valid"}),
    "valid_plain_transposed": (44, 44, {"padding": "valid", "batch_norm": False}),
    "valid_plain_transposed_odd": (47, 46, {"padding": "valid", "batch_norm": False}),
    "valid_norm_bilinear": (52, 44, {"padding": "valid", "up": "bilinear"}),
    "deep_grey": (24, 16, {"depth": 3, "in_channels": 1, "classes": 5}),
}

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3),
}

# One whose trainings do not hang on the last digit (a maximum that two pixels share, say); they are checked for it.
SEED = 3
STEPS, BATCH, CLASSES, HEIGHT, WIDTH = 20, 2, 3, 36, 28


def tiny(**arguments):
    return UNet(**({"base_channels": 4, "depth": 2, "classes": 3} | arguments))


def save(name, tensors):
    path = FOLDER / f"{name}.safetensors"
    save_file(tensors, str(path))
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def state(model, prefix):
    return {f"{prefix}/{key}": narrow(tensor) for key, tensor in model.state_dict().items()}


@torch.no_grad()
def models():
    tensors = {}
    for name, (height, width, arguments) in MODELS.items():
        torch.manual_seed(1)
        model = tiny(base_channels=3, **arguments).eval()
        for layer in model.modules():
            if isinstance(layer, torch.nn.Conv2d):  # as drawn by default a net without norms fades to its last bias
                torch.nn.init.kaiming_normal_(layer.weight)
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(0.7, 1.3)
                layer.bias.normal_(0, 0.2)
                layer.running_mean.normal_(0, 0.2)
                layer.running_var.uniform_(0.5, 1.5)
                layer.num_batches_tracked.fill_(7)
        x = torch.randn(1 if "valid" in name else 2, model.encoder[0].conv1.in_channels, height, width)
        tensors |= state(model, f"{name}/state")
        tensors[f"{name}/input"] = narrow(x)
        tensors[f"{name}/logits"] = narrow(model.double()(x.double()))
    save("models", tensors)


def batches():
    """Images of three smooth regions, each with its own colour, under noise and uneven light; and the regions."""
    size = (HEIGHT, WIDTH)
    smooth = lambda *shape: interpolate(torch.randn(*shape), size=size, mode="bicubic", align_corners=False)
    masks = smooth(STEPS * BATCH, CLASSES, 6, 5).argmax(1)
    colours = torch.tensor([[0.15, 0.2, 0.3], [0.55, 0.35, 0.5], [0.7, 0.8, 0.4]])
    images = colours[masks].permute(0, 3, 1, 2)
    images = avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    images = images * (1 + 0.15 * smooth(STEPS * BATCH, 1, 2, 2)) + 0.08 * torch.randn(images.shape)
    images = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    shape = (STEPS, BATCH, -1, *size)
    return images.reshape(shape), masks.to(torch.uint8).reshape(STEPS, BATCH, *size)


def train(initial, optimizer, images, masks, dtype, layout=torch.contiguous_format):
    model = tiny(classes=CLASSES).to(dtype=dtype, memory_format=layout)
    model.load_state_dict(initial)
    optimizer = optimizer(model.parameters())
    losses = []
    for x, y in zip(images, masks):
        optimizer.zero_grad()
        x = (x.to(dtype) / 255).contiguous(memory_format=layout)
        loss = cross_entropy(model(x), y.long())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses), model


def trainings():
    torch.manual_seed(SEED)
    images, masks = batches()
    images = images.contiguous()
    start = tiny(classes=CLASSES)
    initial = {key: tensor.clone() for key, tensor in start.state_dict().items()}
    for name, optimizer in OPTIMIZERS.items():
        single, narrow_model = train(initial, optimizer, images, masks, torch.float32)
        double, wide_model = train(initial, optimizer, images, masks, torch.float64)
        # A second order of sums: a training that it changes is no measure of anybody's sums.
        other, _ = train(initial, optimizer, images, masks, torch.float32, torch.channels_last)
        apart = max(np.max(np.abs(losses - double) / double) for losses in (single, other))
        pairs = zip(narrow_model.state_dict().values(), wide_model.state_dict().values())
        weights_apart = max((a - b).abs().max().item() for a, b in pairs)
        print(f"{name}: loss {double[0]:.4f} to {double[-1]:.4f}; float32 and float64 differ by {apart:.1e} relative")
        print(f"  and in the final weights by {weights_apart:.1e} at most")
        if apart > 2e-5:
            raise SystemExit(f"{name}: the training is too chaotic to compare with")
        save(
            f"training_{name}",
            state(start, "initial")
            | state(wide_model, "final")
            | {
                "images": narrow(images),
                "masks": narrow(masks),
                "loss.float32": single.astype(np.float32),
                "loss.float64": double,
            },
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    models()
    trainings()
