"""Compares whole segmentation networks with PyTorch's: each is drawn at random there, saved by PyTorch's own saver, loaded
by `martlet run`, and both are given the same images, of a size that 32 divides and of one that it does not where the
network takes such.

Usage: parity.py MARTLET [NAME …], with names or parts of names of the networks in Tests/Fixtures/segmentation_models.py.
"""

import copy
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "Tests/Fixtures"))
from segmentation_models import cases  # noqa: E402

LIMIT = 1e-4
# What two right sums of an activation can differ by, of the largest in its layer.
ROUNDING = 1e-6


def kebab(name):
    return "".join("-" + c.lower() if c.isupper() else c for c in name)


def settings(case):
    for name, value in ({"classes": case.classes} | case.options).items():
        if isinstance(value, list):
            value = "[" + ", ".join(map(str, value)) + "]"
        yield "--set"
        yield f"{kebab(name)}={str(value).lower() if isinstance(value, bool) else value}"


def has_clear_maxima(model, images):
    """Whether no two elements that a pooling keeps the place of are equal up to rounding, either of which would be right."""
    pool, clear = F.max_pool2d, []

    def look(x, size, *rest, return_indices=False, **more):
        if return_indices:
            # Rows and columns that fill the last windows are smaller than all others.
            rest_of = [-length % size for length in x.shape[2:]]
            padded = F.pad(x, (0, rest_of[1], 0, rest_of[0]), value=-torch.inf)
            windows = padded.unfold(2, size, size).unfold(3, size, size).flatten(-2)
            largest = windows.topk(2).values
            gap = largest[..., 0] - largest[..., 1]
            clear.append(not ((gap > 0) & (gap < ROUNDING * x.abs().max())).any())
        return pool(x, size, *rest, return_indices=return_indices, **more)

    with mock.patch.object(F, "max_pool2d", look), torch.no_grad():
        model(images.double())
    return all(clear)


def draw(case, exact, size):
    """Images for a network; `exact` is the same in float64 where it unpools by places: then one, since two are rarely
    without ties.
    """
    for _ in range(1000):
        images = torch.randn(1 if exact else 2, case.channels, *size)
        if exact is None or has_clear_maxima(exact, images):
            return images
    raise RuntimeError(f"{case.name}: no images of {size} without ties")


def compare(martlet, case, folder):
    """The largest difference over the largest logit."""
    torch.manual_seed(1)
    model = case.make()
    # Running statistics that mean something, so that activations keep their size.
    model.train()
    with torch.no_grad():
        for _ in range(8):
            model(torch.randn(2, case.channels, 128, 128))
    model.eval()
    weights = folder / "weights.pt"
    torch.save(model.state_dict(), weights)
    exact = copy.deepcopy(model).double() if case.architecture == "segnet" else None
    worst = 0.0
    for size in [(128, 160), (112, 80) if case.multiple <= 16 else (64, 96), (75, 101) if case.multiple == 1 else (96, 32)]:
        images = draw(case, exact, size)
        save_file({"input": images}, folder / "input.safetensors")
        command = [
            martlet, "run", case.architecture, *settings(case), "--weights", weights, "--input",
            folder / "input.safetensors", "--output", folder / "output.safetensors", "--numerics", "direct",
            "--overwrite",
        ]  # fmt: skip
        subprocess.run([str(part) for part in command], check=True)
        output = load_file(folder / "output.safetensors")["output"]
        with torch.no_grad():
            expected = model(images)
        assert output.shape == expected.shape, f"{case.name}: {output.shape}, {expected.shape}"
        worst = max(worst, float((output - expected).abs().max() / expected.abs().max()))
    return worst


def main():
    martlet, *wanted = sys.argv[1:]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            if case.options.get("axes") == 3 or wanted and not any(part in case.name for part in wanted):
                continue
            error = compare(Path(martlet).resolve(), case, Path(folder))
            failed += error > LIMIT
            print(f"{case.name:44} {error:.1e}{'' if error <= LIMIT else f'  more than {LIMIT:g}'}", flush=True)
    if failed:
        sys.exit(f"{failed} networks differ from PyTorch's by more than {LIMIT:g} of their largest logit")


if __name__ == "__main__":
    main()
