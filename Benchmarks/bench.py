"""Measures Martlet against its peers in one run and writes the ratios: results.json and RESULTS.md beside this file.

Every row is one job (a training step or a forward pass of the U-Net, at some width and batch). All its workers, ours
and the peers', are started together and then run by turns, so that a machine that slows down or warms up does so
for all of them. A worker is any command that speaks the line protocol of peers/worker.py.

Only the standard library is needed here; --python names the interpreter that has the peers' packages
(requirements.txt). Rows can be chosen by a pattern, in --rows or the environment's ROWS: "step 32", "infer" or "*";
without one all training steps are measured.
"""

import argparse
import os
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from harness.machine import available_cores, describe
from harness.measure import measure
from harness.report import document, write
from harness.worker import Worker, WorkerFailed

HERE = Path(__file__).parent
ROWS = [("step", 64, 4), ("step", 64, 1), ("step", 32, 4), ("step", 32, 1), ("infer", 64, 1), ("infer", 32, 1)]
STEPS = "step"
PEERS = {
    "step": {
        "PyTorch eager": "unet_step.py --mode eager",
        "PyTorch channels_last": "unet_step.py --mode eager_cl",
        "torch.compile": "unet_step.py --mode compile",
    },
    "infer": {
        "PyTorch channels_last": "unet_infer.py --mode eager_cl",
        "torch.compile": "unet_infer.py --mode compile",
        "ONNX Runtime": "unet_infer.py --mode onnxruntime --model {onnx}",
    },
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--martlet",
        default=".build/release/martlet-bench {job} --base {base} --batch {batch} --size {size}",
        help="our worker's command (default: %(default)s); empty to measure the peers alone",
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers' packages")
    parser.add_argument("--rows", default=os.environ.get("ROWS") or STEPS, help="such as 'step 64', infer or '*'")
    parser.add_argument("--peers", default="*", help="only peers that match, such as '*compile*'")
    parser.add_argument("--rounds", type=int, default=7, help="undisturbed turns wanted of every worker")
    parser.add_argument("--seconds", type=float, default=120, help="time after which a row makes do with what it has")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument(
        "--output", type=Path, help="folder for the results; without it a run of chosen rows or peers only prints"
    )
    return parser.parse_args()


def commands(options, job, base, batch):
    """Name → command of every worker of a row, ours first."""
    sizes = {"job": job, "base": base, "batch": batch, "size": options.size, "threads": options.threads}
    chosen = {}
    if options.martlet:
        chosen["Martlet"] = shlex.split(options.martlet.format(**sizes))
    onnx = HERE / ".models" / f"unet{base}_batch{batch}_{options.size}.onnx"
    for name, text in PEERS[job].items():
        if not fnmatch(name, options.peers):
            continue
        script, *rest = text.format(onnx=onnx).split()
        common = f"--base {base} --batch {batch} --size {options.size} --threads {options.threads}".split()
        chosen[name] = [options.python, str(HERE / "peers" / script), *rest, *common]
    return chosen


def environment(name, threads):
    """What a worker's process gets; PyTorch is told to keep its pages between steps, its best on a CPU."""
    pooled = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4294967296"} if "orch" in name else {}
    return os.environ | pooled | {"OMP_NUM_THREADS": str(threads), "MARTLET_THREADS": str(threads)}


def main():
    options = arguments()
    wanted = options.rows.strip()
    rows = [r for r in ROWS if wanted in title(*r) or fnmatch(title(*r), wanted)]
    if not rows:
        raise SystemExit(f"no row matches {wanted!r}; there are: " + ", ".join(title(*r) for r in ROWS))
    results = []
    for job, base, batch in rows:
        print(f"\n{title(job, base, batch)}", flush=True)
        workers = []
        for name, command in commands(options, job, base, batch).items():
            surroundings = environment(name, options.threads)
            try:
                if "onnxruntime" in command:
                    export(options, command, base, batch)
                if "compile" in command:
                    fill_compiler_cache(name, command, surroundings)
                workers.append(Worker(name, command, surroundings))
            except WorkerFailed as failure:
                print(f"  {name}: left out, {failure}", flush=True)
        try:
            entries = measure(workers, options.rounds, options.seconds)
        finally:
            for worker in workers:
                worker.stop()
        results.append({"job": job, "base_channels": base, "batch_size": batch, "workers": entries})
    machine = describe(options.threads)
    print("\n" + document(machine, options.size, results), flush=True)
    folder = options.output or (HERE if wanted in (STEPS, "*") and options.peers == "*" else None)
    if options.martlet and not all(any(w["name"] == "Martlet" for w in r["workers"]) for r in results):
        raise SystemExit("Martlet was not measured in every row; nothing is written")
    if folder:
        write(folder, machine, options.size, results)


def title(job, base, batch):
    return f"{job} {base}/{batch}"


def export(options, command, base, batch):
    """Makes the ONNX file that `command` reads, once."""
    model = Path(command[command.index("--model") + 1])
    if model.exists():
        return
    model.parent.mkdir(exist_ok=True)
    writing = [options.python, str(HERE / "peers" / "unet_infer.py"), "--mode", "export", "--model", str(model)]
    writing += ["--base", str(base), "--batch", str(batch), "--size", str(options.size)]
    done = subprocess.run(writing, capture_output=True, text=True)
    if done.returncode != 0:
        raise WorkerFailed(f"its model could not be exported: {done.stderr.strip()[-300:]}")


def fill_compiler_cache(name, command, surroundings):
    """Compiles in a process of its own, so that the one that is measured does not hold the compiler's memory too."""
    print(f"  {name}: compiling", flush=True)
    worker = Worker(name, command, surroundings)
    try:
        worker.run()
    finally:
        worker.stop()


if __name__ == "__main__":
    main()
