"""Puts training runs side by side and writes TRAINING.md beside this file.

Runs are Martlet's run folders (metrics.csv is read) or the JSON of peers/train_nuclei.py, as TITLE=PATH. Runs of one
--table get one table: an epoch a row, for each run its training loss and the foreground IoU on the validation images.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
INTRODUCTION = """# Training to the same end

The U-Net of `peers/unet.py` on images and masks of nuclei (2018 Data Science Bowl, stage 1: 200 images to train on, 50
to validate on, 256×256), by the recipe that the opening comment of `peers/train_nuclei.py` states, which is also what
`martlet train segmentation` does by default; the captions say where runs differ from the defaults. IoU is the nuclei's,
over all pixels of the validation images at once. `training.py` made this page of runs such as these:

```sh
ours="martlet train segmentation --images DATA/train/images --masks DATA/train/masks \\
    --validation-images DATA/validation/images --validation-masks DATA/validation/masks"
python Benchmarks/peers/train_nuclei.py --data DATA --output nuclei.json
$ours --base-channels 32 --output runs/nuclei
for numerics in fast strict direct; do
    $ours --base-channels 16 --epochs 12 --numerics $numerics --output runs/$numerics
done
python Benchmarks/training.py \\
    --table "PyTorch and Martlet (32 base channels, 20 epochs)" "PyTorch 2.13=nuclei.json" Martlet=runs/nuclei \\
    --table "Numerics (16 base channels, 12 epochs, the same weights and batches)" \\
    .fast=runs/fast .strict=runs/strict .direct=runs/direct
```
"""


@dataclass
class Run:
    title: str
    losses: list
    scores: list

    @staticmethod
    def read(text):
        title, _, path = text.rpartition("=")
        path = Path(path)
        if path.suffix == ".json":
            history = json.loads(path.read_text())["history"]
            return Run(title, [h["train_loss"] for h in history], [h["foreground_iou"] for h in history])
        rows = list(csv.DictReader((path / "metrics.csv").open()))
        return Run(title, [float(r["training_loss"]) for r in rows], [float(r["iou_foreground"]) for r in rows])


def table(caption, runs):
    """One section: a line for each epoch, then the best and the last."""
    epochs = max(len(run.losses) for run in runs)
    lines = ["| epoch |" + "".join(f" {run.title}: loss | IoU |" for run in runs)]
    lines += ["| --- |" + " --- | --- |" * len(runs)]
    for epoch in range(epochs):
        cells = "".join(f" {run.losses[epoch]:.4f} | {run.scores[epoch]:.4f} |" for run in runs)
        lines.append(f"| {epoch + 1} |{cells}")
    lines.append("| best |" + "".join(f" | **{max(run.scores):.4f}** |" for run in runs))
    return f"\n## {caption}\n\n" + "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--table", nargs="+", action="append", required=True, metavar="TEXT", help="a caption, then TITLE=PATH of runs"
    )
    parser.add_argument("--output", type=Path, default=HERE / "TRAINING.md")
    options = parser.parse_args()
    sections = [table(caption, [Run.read(run) for run in runs]) for caption, *runs in options.table]
    options.output.write_text(INTRODUCTION + "".join(sections))


if __name__ == "__main__":
    main()
