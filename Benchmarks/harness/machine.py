"""What a figure has to be read with: the processor, its cores and memory, the system."""

import os
import platform
import subprocess
from pathlib import Path

INSTRUCTION_SETS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve"]
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
UNDISTURBED = 0.06  # share of the cores that everything else may use during a turn


def available_cores():
    """How many cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe(threads):
    information = _processor()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    flags = information.get("Flags", "").split()
    return {
        "processor": information.get("Model name", platform.processor() or "unknown"),
        "architecture": platform.machine(),
        "instruction_sets": [f for f in INSTRUCTION_SETS if f in flags],
        "cores": available_cores(),
        "threads_used": threads,
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
    }


def same(one, other):
    """Whether figures from two descriptions may stand in one report. The system may have been updated, and with it the
    memory that it leaves."""
    keys = (one.keys() | other.keys()) - {"system", "memory_gib"}
    return all(one.get(key) == other.get(key) for key in keys)


def total_busy_seconds():
    """Processor time that the whole machine has spent on work; None where the system does not tell."""
    try:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    user, nice, system, _, _, interrupt, soft, stolen = fields[:8]
    return (user + nice + system + interrupt + soft + stolen) / CLOCK_TICKS


def was_disturbed(others, wall):
    """Whether everything else on the machine, busy for `others` seconds of processor time meanwhile, took more than a
    small share of its cores; the system counts in ticks, so that two of them mean nothing."""
    return others > UNDISTURBED * available_cores() * wall + 2 / CLOCK_TICKS


def _processor():
    try:
        lines = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
