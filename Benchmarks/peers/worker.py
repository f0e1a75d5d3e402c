"""The line protocol that bench.py speaks with every worker, Martlet's included.

When its framework is loaded and nothing else is made yet, a worker prints one line, `ready VERSION` or `ready VERSION;
HOW`, where HOW tells what was chosen for this work (a layout, an algorithm); bench.py takes the process's resident
memory there as the framework's own. For every line `run COUNT` that it then reads, the worker does the work COUNT
times in a row (the first time it also makes what it needs) and prints one line, `MILLISECONDS VALUE`: of one run on
average, and the loss or a sum of the last output, something that must be finite and shows that the work was done. It
ends with its input.
"""

import sys
import time


def serve(description, prepare, value=float):
    """Announces the worker; `prepare()` gives the function that does the work once, `value` makes a number of what
    that returns, outside the time."""
    print(f"ready {description}", flush=True)
    work = None
    for line in sys.stdin:
        command, *words = line.split()
        if command != "run" or len(words) != 1:
            raise SystemExit(f"worker: expected 'run COUNT', got {line.strip()!r}")
        work = work or prepare()
        count = int(words[0])
        begun = time.perf_counter()
        for _ in range(count):
            made = work()
        milliseconds = (time.perf_counter() - begun) * 1e3 / count
        print(f"{milliseconds:.6f} {value(made):.6g}", flush=True)
