"""Runs workers by turns and keeps the turns during which the machine did little else."""

import math
import statistics
import time
from dataclasses import dataclass, replace

from .machine import total_busy_seconds, was_disturbed
from .worker import WorkerFailed

WARM_UP = 2
REST = 0.06  # seconds before a turn: when their work is done, the threads of some pools spin for so long
FEWEST = 3  # undisturbed turns with which a median is worth giving


@dataclass(frozen=True)
class Effort:
    """How long a row is measured."""

    rounds: int  # undisturbed turns wanted of every worker in a visit
    seconds: float  # time after which a visit makes do with what it has
    shortest_turn: float  # seconds that repeats fill at least; the system counts processor time in ticks of 10 ms
    visits: int = 1  # times that the row is measured, with all other rows between


@dataclass
class Turns:
    """What a worker's turns gave, in one visit or several."""

    name: str
    version: str
    how: str | None
    clean: list  # milliseconds of undisturbed turns
    every: list
    net_peak_bytes: int | None
    first_value: float

    def joined(self, other):
        """These and those of another visit."""
        peaks = [peak for peak in (self.net_peak_bytes, other.net_peak_bytes) if peak is not None]
        return replace(
            self,
            clean=self.clean + other.clean,
            every=self.every + other.every,
            net_peak_bytes=max(peaks, default=None),
        )

    def entry(self):
        """For the results; disturbed turns count where there are too few others."""
        kept = self.clean if len(self.clean) >= FEWEST else self.every
        return {
            "name": self.name,
            "version": self.version,
            "how": self.how,
            "median_ms": statistics.median(kept),
            "fastest_ms": min(kept),
            "turns": len(self.every),
            "undisturbed_turns": len(self.clean),
            "disturbed": len(self.clean) < FEWEST,
            "net_peak_mib": None if self.net_peak_bytes is None else self.net_peak_bytes / 2**20,
            "first_value": self.first_value,
        }

    def __str__(self):
        entry = self.entry()
        peak = entry["net_peak_mib"]
        memory = "memory unknown" if peak is None else f"{peak:.0f} MiB"
        turns = f"{len(self.clean)} of {len(self.every)} turns undisturbed"
        return f"{self.name}: {digits(entry['median_ms'])} ms, {turns}, {memory}"


def digits(number):
    """Three digits, and all of those before the point."""
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"


def measure(workers, effort):
    """The turns of all workers, in their order; a worker that fails on the way is left out with a message."""
    repeats = {}
    for worker in workers:
        try:
            begun = time.perf_counter()
            worker.wait_until_ready()
            milliseconds = [worker.run() for _ in range(WARM_UP)]
            repeats[worker] = _repeats(worker, milliseconds[-1], effort.shortest_turn * 1e3)
            print(f"  {worker.name}: ready after {time.perf_counter() - begun:.1f} s", flush=True)
        except WorkerFailed as failure:
            print(f"  {worker.name}: left out, {failure}", flush=True)
    clean = {worker: [] for worker in repeats}
    every = {worker: [] for worker in repeats}
    begun, turn = time.perf_counter(), 0
    while clean and min(map(len, clean.values())) < effort.rounds:
        if time.perf_counter() - begun > effort.seconds and turn >= FEWEST:
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
    turns = [_turns(worker, clean[worker], every[worker]) for worker in clean]
    for of_worker in turns:
        print(f"  {of_worker}", flush=True)
    return turns


def joined(visits):
    """The turns of workers that were there in every visit."""
    first, *others = [{turns.name: turns for turns in visit} for visit in visits]
    for visit in others:
        for name in first.keys() - visit.keys():
            print(f"  {name}: left out, since one visit is without it", flush=True)
        first = {name: turns.joined(visit[name]) for name, turns in first.items() if name in visit}
    return list(first.values())


def _repeats(worker, milliseconds, shortest):
    """How many runs fill the shortest turn: tried, because the first runs are slower than the later ones."""
    count = 1
    while milliseconds * count < shortest:
        count = min(10 * count, math.ceil(shortest / max(milliseconds, 1e-4)))
        milliseconds = worker.run(count)
    return count


def _turn(worker, repeats):
    """Milliseconds of one run, the mean of `repeats`, and whether others kept the machine busy meanwhile."""
    time.sleep(REST)
    busy, own, begun = total_busy_seconds(), worker.cpu_seconds(), time.perf_counter()
    milliseconds = worker.run(repeats)
    wall = time.perf_counter() - begun
    if busy is None or own is None:
        return milliseconds, False
    return milliseconds, was_disturbed((total_busy_seconds() - busy) - (worker.cpu_seconds() - own), wall)


def _turns(worker, clean, every):
    return Turns(worker.name, worker.version, worker.how, clean, every, worker.net_peak_bytes(), worker.values[0])
