"""Trains segmentation networks on nuclei with Martlet and their twins with PyTorch, by the same recipe and for as long,
and writes SEGMENTATION.md beside this file.

    networks.py train --data FOLDER --runs FOLDER [NAME …]
    networks.py time --data FOLDER --runs FOLDER [NAME …]    on a machine that does nothing else
    networks.py write --runs FOLDER

The data folder is that of peers/train_nuclei.py, whose opening comment states the recipe. What is in the runs folder
already is kept, so that a training that was stopped goes on where it was.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
EPOCHS, CROP, BATCH = 12, 128, 8
# Martlet's flags, and the channels of the twin's first level where they are free.
NETWORKS = {
    "unet": ("U-Net, 32 channels", ["--base-channels", "32"], 32),
    "unet++": ("U-Net++, 16 channels", ["--base-channels", "16"], 16),
    "segnet": ("SegNet over VGG-11", ["--encoder", "vgg11_bn"], None),
    "deeplabv3+": ("DeepLabV3+ over ResNet-34", ["--encoder", "resnet34"], None),
    "attention-unet": ("Attention U-Net, 16 channels", ["--base-channels", "16"], 16),
}
INTRODUCTION = f"""# Networks on nuclei, beside their twins

Each network trained from random weights on images and masks of nuclei (2018 Data Science Bowl, stage 1: 200 images to
train on, 50 to validate on, 256×256) in Martlet and in PyTorch, where it is segmentation_models.pytorch's or a module
of the published layout (`Tests/Fixtures/segmentation_models.py`). Both by the recipe in the opening comment of
`peers/train_nuclei.py`: windows of {CROP}×{CROP}, batches of {BATCH}, {EPOCHS} epochs. Figures are of the epoch with the
best IoU: IoU and Dice of the nuclei over all pixels of the validation images, and the challenge's average precision of
objects. `networks.py` trains and wrote this page.

Random numbers differ, so that runs of one network differ too, in either framework: by about 0.01 in IoU for a U-Net
(`TRAINING.md`).
"""


def train(options):
    options.runs.mkdir(parents=True, exist_ok=True)
    for name in options.names or NETWORKS:
        run = options.runs / f"martlet-{name}"
        if (run / "config.yaml").exists():
            call([options.martlet, "train", "--resume", run])
        else:
            call(ours(options, name, EPOCHS, run))
        evaluation = call([options.martlet, "evaluate", run, "--json", "--no-distances"])
        run.with_suffix(".json").write_text(evaluation)
        twin = options.runs / f"pytorch-{name}.json"
        call([*theirs(options, name, EPOCHS, twin), "--checkpoint", twin.with_suffix(".pt")])


def time_epochs(options):
    """Seconds of an epoch, validation included: a training of two less one of one."""
    found = {}
    for name in options.names or NETWORKS:
        for title, command in (("Martlet", ours), ("PyTorch", theirs)):
            walls = []
            for epochs in (1, 2):
                with tempfile.TemporaryDirectory() as folder:
                    begun = time.perf_counter()
                    call(command(options, name, epochs, Path(folder) / "run"))
                    walls.append(time.perf_counter() - begun)
            found.setdefault(name, {})[title] = walls[1] - walls[0]
            print(name, title, f"{walls[1] - walls[0]:.1f} s", flush=True)
    path = options.runs / "times.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | found, indent=1) + "\n")


def ours(options, name, epochs, run):
    folders = [
        word
        for flag, part in (("", "train"), ("validation-", "validation"))
        for kind in ("images", "masks")
        for word in (f"--{flag}{kind}", options.data / part / kind)
    ]
    recipe = ["--size", CROP, "--batch-size", BATCH, "--epochs", epochs, "--output", run]
    return [options.martlet, "train", "segmentation", *folders, "--model", name, *NETWORKS[name][1], *recipe]


def theirs(options, name, epochs, output):
    width = NETWORKS[name][2]
    recipe = ["--crop", CROP, "--batch", BATCH, "--epochs", epochs, *(["--base", width] if width else [])]
    script = HERE / "peers/train_nuclei.py"
    return [sys.executable, script, "--data", options.data, "--output", output, "--network", name, *recipe]


def call(command):
    words = [str(word) for word in command]
    print(" ".join(words), flush=True)
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def write(options):
    times = json.loads((options.runs / "times.json").read_text())
    lines = ["| network | framework | IoU | Dice | AP | best epoch | epoch |", "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, (title, _, _) in NETWORKS.items():
        for framework, (iou, precision, epoch) in (("Martlet", best_of_ours(options, name)), ("PyTorch", best_of_theirs(options, name))):
            lines.append(
                f"| {title} | {framework} | {iou:.4f} | {2 * iou / (1 + iou):.4f} | {precision:.4f} | {epoch} "
                f"| {times[name][framework]:.1f} s |"
            )
    (HERE / "SEGMENTATION.md").write_text(INTRODUCTION + "\n" + "\n".join(lines) + "\n")


def best_of_ours(options, name):
    run = options.runs / f"martlet-{name}"
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    evaluation = json.loads(run.with_suffix(".json").read_text())
    # The weights that are kept, and measured, are those of the epoch with the best mean IoU.
    best = max(rows, key=lambda row: float(row["mean_iou"]))
    return float(best["iou_foreground"]), evaluation["instances"]["average_precision"], int(best["epoch"]) + 1


def best_of_theirs(options, name):
    report = json.loads((options.runs / f"pytorch-{name}.json").read_text())
    return report["best_foreground_iou"], report["best_average_precision"], report["best_epoch"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {"train": train, "time": time_epochs, "write": write}
    parser.add_argument("command", choices=commands)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)} (default: all)")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--martlet", type=Path, default=Path(".build/release/martlet"))
    parser.add_argument("--runs", type=Path, required=True)
    options = parser.parse_args()
    options.data = options.data and options.data.resolve()
    commands[options.command](options)


if __name__ == "__main__":
    main()
