"""Runs workers by turns and keeps the turns during which the machine did little else."""

import statistics
import time

from .machine import available_cores, total_busy_seconds
from .worker import WorkerFailed

WARM_UP = 2
SHORTEST_TURN = 0.25  # seconds; the system counts processor time in ticks of 10 ms
UNDISTURBED = 0.06  # share of the cores that everything else may use during a turn
FEWEST = 3  # undisturbed turns with which a median is worth giving


def measure(workers, rounds, seconds):
    """Entries of all workers, in their order; a worker that fails on the way is left out with a message."""
    repeats = {}
    for worker in list(workers):
        try:
            begun = time.perf_counter()
            milliseconds = [worker.run() for _ in range(WARM_UP)]
            print(f"  {worker.name}: ready after {time.perf_counter() - begun:.1f} s", flush=True)
            repeats[worker] = max(1, round(SHORTEST_TURN * 1e3 / max(milliseconds[-1], 1e-3)))
        except WorkerFailed as failure:
            print(f"  {worker.name}: left out, {failure}", flush=True)
    clean = {worker: [] for worker in repeats}
    every = {worker: [] for worker in repeats}
    begun, turn = time.perf_counter(), 0
    while clean and min(map(len, clean.values())) < rounds:
        spent = time.perf_counter() - begun
        if spent > seconds and turn >= FEWEST:
            break
        order = list(clean)
        for worker in order[turn % len(order) :] + order[: turn % len(order)]:
            try:
                milliseconds, disturbed = _turn(worker, repeats[worker])
            except WorkerFailed as failure:
                print(f"  {worker.name}: left out, {failure}", flush=True)
                del clean[worker], every[worker]
                continue
            every[worker].append(milliseconds)
            if not disturbed:
                clean[worker].append(milliseconds)
        turn += 1
    return [_entry(worker, clean[worker], every[worker]) for worker in clean]


def _turn(worker, repeats):
    """Milliseconds of one run, the mean of `repeats`, and whether others kept the machine busy meanwhile."""
    busy, own, begun = total_busy_seconds(), worker.cpu_seconds(), time.perf_counter()
    milliseconds = sum(worker.run() for _ in range(repeats)) / repeats
    wall = time.perf_counter() - begun
    if busy is None or own is None:
        return milliseconds, False
    others = (total_busy_seconds() - busy) - (worker.cpu_seconds() - own)
    return milliseconds, others > UNDISTURBED * available_cores() * wall + 0.02


def _entry(worker, clean, every):
    kept = clean if len(clean) >= FEWEST else every
    peak = worker.net_peak_bytes()
    entry = {
        "name": worker.name,
        "version": worker.description,
        "median_ms": statistics.median(kept),
        "fastest_ms": min(kept),
        "turns": len(every),
        "undisturbed_turns": len(clean),
        "disturbed": len(clean) < FEWEST,
        "net_peak_mib": None if peak is None else peak / 2**20,
        "first_value": worker.values[0],
    }
    print(
        f"  {entry['name']}: {entry['median_ms']:.1f} ms, {len(clean)} of {len(every)} turns undisturbed, "
        + ("memory unknown" if peak is None else f"{peak / 2**20:.0f} MiB"),
        flush=True,
    )
    return entry
