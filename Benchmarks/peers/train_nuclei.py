"""Trains a network on a folder of nuclei with PyTorch: the run that Martlet's own training is compared with.

The data folder holds train/ and validation/, each with images/ (RGB PNG, all of one size) and masks/ (0 background,
255 nucleus; same file names). The recipe, in full:

- inputs are RGB / 255, less the mean and divided by the standard deviation of the training pixels, per channel;
- every epoch goes over all training images once in a new random order; the last batch may be smaller;
- with --crop, a window of that size is taken from each image, every place as likely;
- each image and its mask are flipped left-right with probability 1/2, flipped up-down with probability 1/2 and
  turned by 0, 1, 2 or 3 quarter turns, each as likely;
- cross-entropy, mean over pixels; Adam with PyTorch's defaults; PyTorch's default initialisation;
- step s of T, with warm-up over the W steps of the first epoch:
  lr · (s + 1) / W                                    for s < W
  lr · 0.5 · (1 + cos(π · (s − W) / (T − W)))         from there on.

After each epoch the validation loss (mean over all pixels) and the pooled foreground IoU (all validation pixels in
one intersection and one union, argmax) are measured on whole images; both go to the log and into the JSON file. At
the end the objects of the best epoch are counted: average precision at IoU 0.50 to 0.95, as in the 2018 Data Science
Bowl, of regions connected by their sides.
"""

import argparse
import importlib
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch.nn.functional import cross_entropy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "Tests/Fixtures"))

# By Martlet's names, and made with its defaults; `width` is the channels of the first level where that is free.
NETWORKS = {
    "unet": lambda m, width: m["unet"].UNet(base_channels=width),
    "unet++": lambda m, width: m["models"].NestedUNet(base=width),
    "attention-unet": lambda m, width: m["models"].AttentionUNet(base=width),
    "segnet": lambda m, width: m["models"].SegNet(encoder="vgg11_bn"),
    "deeplabv3+": lambda m, width: m["models"].smp.DeepLabV3Plus("resnet34", encoder_weights=None, classes=2),
}


def network(name, width):
    modules = {"unet": importlib.import_module("unet")}
    if name != "unet":
        modules["models"] = importlib.import_module("segmentation_models")
    return NETWORKS[name](modules, width)


def load(folder):
    """All images [N, 3, H, W] as float32 in 0…1 and their masks [N, H, W] as class indices, in order of file name."""
    names = sorted(p.name for p in (folder / "images").iterdir())
    images = [np.asarray(Image.open(folder / "images" / n).convert("RGB")) for n in names]
    masks = [np.asarray(Image.open(folder / "masks" / n)) >= 128 for n in names]
    return (
        torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255,
        torch.from_numpy(np.stack(masks)).long(),
    )


def augmented(image, mask, generator):
    flip_across, flip_down = (torch.rand(2, generator=generator) < 0.5).tolist()
    turns = int(torch.randint(4, (1,), generator=generator))
    dimensions = [-1] * flip_across + [-2] * flip_down
    return tuple(torch.rot90(t.flip(dimensions), turns, (-2, -1)) for t in (image, mask))


def window(image, mask, size, generator):
    if size is None:
        return image, mask
    top, left = (int(torch.randint(extent - size + 1, (1,), generator=generator)) for extent in mask.shape)
    place = (..., slice(top, top + size), slice(left, left + size))
    return image[place], mask[place]


def average_precision(predicted, truth):
    """Of one image: the mean over thresholds of TP / (TP + FP + FN), and 1 where there is nothing to find or found."""
    (found, found_count), (real, real_count) = (ndimage.label(mask) for mask in (predicted, truth))
    if found_count == 0 and real_count == 0:
        return 1.0
    pairs = np.zeros((real_count + 1, found_count + 1))
    np.add.at(pairs, (real.ravel(), found.ravel()), 1)
    union = pairs.sum(1, keepdims=True) + pairs.sum(0, keepdims=True) - pairs
    overlap = pairs[1:, 1:] / union[1:, 1:]
    scores = []
    for threshold in np.arange(0.5, 1, 0.05):
        hits = int((overlap > threshold).any(1).sum()) if overlap.size else 0
        scores.append(hits / (real_count + found_count - hits))
    return float(np.mean(scores))


@torch.no_grad()
def mean_average_precision(model, images, masks, batch):
    model.eval()
    scores = []
    for x, y in zip(images.split(batch), masks.split(batch)):
        predicted = model(x.contiguous(memory_format=torch.channels_last)).argmax(1)
        scores += [average_precision(p.numpy() == 1, t.numpy() == 1) for p, t in zip(predicted, y)]
    return sum(scores) / len(scores)


def learning_rate(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


@torch.no_grad()
def validate(model, images, masks, batch):
    """Mean cross-entropy, pooled foreground IoU and mean per-image foreground IoU."""
    model.eval()
    loss = intersection = union = 0
    ratios = []
    for x, y in zip(images.split(batch), masks.split(batch)):
        logits = model(x.contiguous(memory_format=torch.channels_last))
        loss += cross_entropy(logits, y, reduction="sum").item()
        predicted, truth = logits.argmax(1) == 1, y == 1
        both, either = (predicted & truth).sum((1, 2)), (predicted | truth).sum((1, 2))
        intersection, union = intersection + both.sum().item(), union + either.sum().item()
        ratios += (both / either.clamp(min=1)).tolist()
    return loss / masks.numel(), intersection / max(union, 1), sum(ratios) / len(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and validation/")
    parser.add_argument("--output", type=Path, required=True, help="JSON file for the figures")
    parser.add_argument("--crop", type=int, help="height and width to train at (default: whole images)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--network", choices=NETWORKS, default="unet")
    parser.add_argument("--base", type=int, default=32, help="channels of the first level")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--checkpoint", type=Path, help="kept after every epoch, and gone on from where it exists")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    images, masks = load(options.data / "train")
    validation_images, validation_masks = load(options.data / "validation")
    std, mean = torch.std_mean(images, (0, 2, 3), correction=0, keepdim=True)
    images, validation_images = (images - mean) / std, (validation_images - mean) / std

    model = network(options.network, options.base).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    warmup = math.ceil(len(images) / options.batch)
    total = warmup * options.epochs
    history, step, precision = [], 0, None
    if options.checkpoint and options.checkpoint.exists():
        kept = torch.load(options.checkpoint, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        generator.set_state(kept["generator"])
        history, step = kept["history"], kept["step"]

    for epoch in range(len(history) + 1, options.epochs + 1):
        model.train()
        begun, losses = time.perf_counter(), 0.0
        for chosen in torch.randperm(len(images), generator=generator).split(options.batch):
            pairs = [augmented(*window(images[i], masks[i], options.crop, generator), generator) for i in chosen]
            x = torch.stack([p[0] for p in pairs]).contiguous(memory_format=torch.channels_last)
            y = torch.stack([p[1] for p in pairs])
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, warmup, total, options.lr)
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            step += 1
            losses += loss.item() * len(chosen)
            if step <= 3:
                print(f"step {step}: loss {loss.item():.6f}, {time.perf_counter() - begun:.1f} s", flush=True)
        spent = time.perf_counter() - begun
        validation_loss, iou, mean_iou = validate(model, validation_images, validation_masks, options.batch)
        history.append(
            {
                "epoch": epoch,
                "train_loss": losses / len(images),
                "validation_loss": validation_loss,
                "foreground_iou": iou,
                "mean_image_iou": mean_iou,
                "train_seconds": spent,
            }
        )
        print(
            f"epoch {epoch}/{options.epochs}: train loss {losses / len(images):.5f}, validation loss "
            f"{validation_loss:.5f}, foreground IoU {iou:.4f}, mean per image {mean_iou:.4f}, {spent:.0f} s",
            flush=True,
        )
        if options.checkpoint:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            state |= {"generator": generator.get_state(), "history": history, "step": step}
            partial = options.checkpoint.with_suffix(".partial")
            torch.save(state, partial)
            partial.replace(options.checkpoint)
        best = max(history, key=lambda e: e["foreground_iou"])
        if best is history[-1]:
            precision = mean_average_precision(model, validation_images, validation_masks, options.batch)
        report = {
            "framework": f"PyTorch {torch.__version__}",
            "network": options.network,
            "base_channels": options.base,
            "batch_size": options.batch,
            "epochs": options.epochs,
            "learning_rate": options.lr,
            "seed": options.seed,
            "threads": options.threads,
            "last_foreground_iou": iou,
            "best_foreground_iou": best["foreground_iou"],
            "best_epoch": best["epoch"],
            "best_average_precision": precision,
            "history": history,
        }
        options.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
