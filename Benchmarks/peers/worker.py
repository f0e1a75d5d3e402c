"""The line protocol that bench.py speaks with every worker, Martlet's included.

When its framework is loaded and nothing else is made yet, a worker prints one line, `ready DESCRIPTION`; bench.py
takes the process's resident memory there as the framework's own. For every line `run` that it then reads, the worker
does the work once (the first time it also makes what it needs) and prints one line, `MILLISECONDS VALUE`, where the
value is the loss or a sum of the output: something that must be finite and shows that the work was done. It ends with
its input.
"""

import sys
import time


def serve(description, prepare):
    """Announces the worker; `prepare()` gives the function that does the work once and returns the value."""
    print(f"ready {description}", flush=True)
    work = None
    for line in sys.stdin:
        if line.strip() != "run":
            raise SystemExit(f"worker: expected 'run', got {line.strip()!r}")
        work = work or prepare()
        begun = time.perf_counter()
        value = work()
        print(f"{(time.perf_counter() - begun) * 1e3:.3f} {value:.6g}", flush=True)
