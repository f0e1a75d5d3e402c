"""The peers' workers: which script each is, what it needs beforehand, what its process gets."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .worker import Worker, WorkerFailed

SCRIPTS = Path(__file__).parent.parent / "peers"
MODELS = Path(__file__).parent.parent / ".models"
# An allocator that keeps its pages between steps, PyTorch's best on a CPU.
POOLED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4294967296"}


@dataclass(frozen=True)
class Peer:
    script: str
    options: str = ""
    pooled: bool = False
    compiled: bool = False
    exported: bool = False  # reads the network as an ONNX file
    quantized: bool = False  # and in int8

    def start(self, name, work, python, threads):
        """Its worker, for the work that command-line words tell."""
        words = [*work, "--threads", str(threads)]
        command = [python, str(SCRIPTS / self.script), *self.options.split(), *words]
        if self.exported:
            command += ["--model", str(self._export(work, python))]
        surroundings = environment(threads) | (POOLED if self.pooled else {})
        if self.compiled:
            self._fill_compiler_cache(name, command, surroundings)
        return Worker(name, command, surroundings)

    def _export(self, work, python):
        """Makes the ONNX files, once."""
        kind = "cold" if self.script.startswith("cold") else "network"
        model = MODELS / (kind + "".join(work).replace("--", "_") + ".onnx")
        modes = {"export": model}
        if self.quantized:
            modes["quantize"] = model.with_suffix(".int8.onnx")
        for mode, file in modes.items():
            if file.exists():
                continue
            file.parent.mkdir(exist_ok=True)
            command = [python, str(SCRIPTS / self.script), "--mode", mode, "--model", str(model), *work]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise WorkerFailed(f"its model could not be made ({mode}): {done.stderr.strip()[-300:]}")
        return model

    def _fill_compiler_cache(self, name, command, surroundings):
        """Compiles in a process of its own, so that the one that is measured does not hold the compiler's memory."""
        print(f"  {name}: compiling", flush=True)
        worker = Worker(name, command, surroundings)
        try:
            worker.wait_until_ready()
            worker.run()
        finally:
            worker.stop()


def environment(threads):
    """What every worker's process gets, ours too."""
    return os.environ | {"OMP_NUM_THREADS": str(threads), "MARTLET_THREADS": str(threads)}
