"""Measures Martlet against its peers and writes the ratios: results.json and RESULTS.md beside this file.

A row is one piece of work: a training step or a forward pass of a network, one part of one convolution, or the machine
itself. All workers of a row, ours and the peers', are started together and then run by turns, so that a machine that
slows down or warms up does so for all of them. A worker is any command that speaks the line protocol of
peers/worker.py.

Only the standard library is needed here; --python names the interpreter that has the peers' packages
(requirements.txt). Rows can be chosen by a pattern, in --rows or the environment's ROWS: "step 32", "infer" or
"conv 3x3*forward". They then replace those of the same names in the results, which must be of the same machine.
"""

import argparse
import dataclasses
import json
import os
import resource
import shlex
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

from harness.machine import available_cores, describe, total_busy_seconds, was_disturbed
from harness.measure import joined, measure
from harness.peers import environment
from harness.report import ONE_THREAD, OURS
from harness.results import OtherMachine, Results, against_limits, compared
from harness.rows import all_rows, matching
from harness.worker import Worker, WorkerFailed

HERE = Path(__file__).parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--martlet", default=".build/release/martlet-bench", help="our worker's program (default: %(default)s)"
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers' packages")
    parser.add_argument("--rows", default=os.environ.get("ROWS", ""), help="such as 'step 64', infer or 'conv*'")
    parser.add_argument("--peers", default="*", help="only peers that match, such as '*compile*'; only prints")
    parser.add_argument("--rounds", type=int, help="undisturbed turns wanted of every worker in a visit")
    parser.add_argument("--seconds", type=float, help="time after which a visit makes do with what it has")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--output", type=Path, default=HERE, help="folder of the results (default: beside this file)")
    parser.add_argument("--print-only", action="store_true", help="measure, print, and leave the results as they are")
    return parser.parse_args()


def main():
    options = arguments()
    pattern = options.rows.strip()
    rows = [row for row in matching(pattern) if row.kind != "threads" or options.threads > 1]
    if not rows:
        raise SystemExit(f"no row matches {pattern!r}; there are: " + ", ".join(row.name for row in all_rows()))
    if any(row.kind == "conv" for row in rows) and rows[0].kind != "machine":
        rows = matching("machine") + rows  # which convolutions are set against
    folder = None if options.print_only or options.peers != "*" else options.output
    try:
        results = Results(describe(options.threads), folder, replaces_all=not pattern)
    except OtherMachine as problem:
        raise SystemExit(str(problem)) from None
    incomplete, visits = [], {row.name: [] for row in rows}
    for visit in range(max(row.visits for row in rows)):
        for row in rows:
            if visit >= row.visits or row.name in incomplete:
                continue
            print(f"\n{row.name}" + (f", visit {visit + 1} of {row.visits}" if row.visits > 1 else ""), flush=True)
            try:
                if row.effort is None:
                    results.add(row, measure_machine(options, row))
                    continue
                visits[row.name].append(turns(options, row))
                results.add(row, entry(row, visits[row.name], results))
            except WorkerFailed as failure:
                print(f"  {OURS}: left out, {failure}; the row is not kept", flush=True)
                incomplete.append(row.name)
    print("\n" + results.text(), flush=True)
    if incomplete:
        raise SystemExit("Martlet was not measured in: " + ", ".join(incomplete))


def turns(options, row):
    """One visit: all workers' turns."""
    workers = start(options, row)
    try:
        chosen = {k: v for k in ("rounds", "seconds") if (v := getattr(options, k)) is not None}
        return measure(workers, dataclasses.replace(row.effort, **chosen))
    finally:
        for worker in workers:
            worker.stop()


def entry(row, visits, results):
    """A row's entry in the results."""
    entries = [of_worker.entry() for of_worker in joined(visits)]
    ours = next((e for e in entries if e["name"] == OURS), None)
    if ours is None:
        raise WorkerFailed("it did not do the work")
    figures = compared(entries)
    if row.kind == "conv":
        if "machine" not in results.rows:
            raise WorkerFailed("the machine's limits are not known")
        figures |= against_limits(row.facts, ours["median_ms"], results.rows["machine"]["figures"])
    return figures


def start(options, row):
    """All workers of a row, ours first."""
    command = [*shlex.split(options.martlet), row.command, *row.work, *row.own]
    workers = [Worker(OURS, command, environment(options.threads))]
    if row.kind == "threads":
        workers.append(Worker(ONE_THREAD, command, environment(1)))
    for name, peer in row.peers.items():
        if fnmatch(name, options.peers):
            try:
                workers.append(peer.start(name, row.work, options.python, options.threads))
            except WorkerFailed as failure:
                print(f"  {name}: left out, {failure}", flush=True)
    return workers


def measure_machine(options, row):
    """What martlet-bench finds by itself."""
    busy, own, begun = total_busy_seconds(), children_seconds(), time.perf_counter()
    command = [*shlex.split(options.martlet), row.command, "--json"]
    done = subprocess.run(command, env=environment(options.threads), capture_output=True, text=True)
    if done.returncode != 0:
        raise WorkerFailed(f"it ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    wall = time.perf_counter() - begun
    others = None if busy is None else (total_busy_seconds() - busy) - (children_seconds() - own)
    return {
        "disturbed": others is not None and was_disturbed(others, wall),
        "figures": json.loads(done.stdout),
    }


def children_seconds():
    """Processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
