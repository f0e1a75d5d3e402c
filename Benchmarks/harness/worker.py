"""One worker process of a benchmark: started, told to run, watched for its memory."""

import subprocess
import threading
from pathlib import Path

from .machine import CLOCK_TICKS


class WorkerFailed(Exception):
    """A worker that did not start, or that ended before its work was done; the text holds the end of its errors."""


class Worker:
    """A process that speaks the protocol of peers/worker.py. It loads its framework while others are started."""

    def __init__(self, name, command, environment):
        self.name, self.values = name, []
        self.version, self.how, self.loaded_bytes = None, None, None
        try:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        except OSError as error:
            raise WorkerFailed(f"could not be started: {error}") from error
        self.errors = []
        self.reader = threading.Thread(target=self._collect_errors, daemon=True)
        self.reader.start()

    def wait_until_ready(self):
        """Returns when its framework is loaded, with the version and what it says of how it will work."""
        version, _, how = self._answer("ready ").partition("; ")
        self.version, self.how = version, how or None
        self.loaded_bytes = self._memory("VmRSS")

    def run(self, count=1):
        """Has the work done `count` times in a row and gives the milliseconds that one took."""
        try:
            self.process.stdin.write(f"run {count}\n")
            self.process.stdin.flush()
        except OSError:
            raise self._failure() from None
        milliseconds, value = (float(word) for word in self._answer("").split())
        if value != value or value in (float("inf"), float("-inf")):
            raise WorkerFailed(f"the value that it computed is {value}")
        self.values.append(value)
        return milliseconds

    def net_peak_bytes(self):
        """The highest resident memory so far, less that of the loaded framework; None where it cannot be read."""
        if self.loaded_bytes is None:
            return None
        return self._memory("VmHWM") - self.loaded_bytes

    def cpu_seconds(self):
        """Processor time of all its threads so far, and of processes that it started and that have ended; None where it
        cannot be read."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return sum(map(int, fields[11:15])) / CLOCK_TICKS

    def stop(self):
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answer(self, prefix):
        line = self.process.stdout.readline()
        if not line:
            raise self._failure()
        if not line.startswith(prefix):
            raise WorkerFailed(f"expected a line '{prefix}…', got {line.strip()!r}")
        return line[len(prefix) :].strip()

    def _failure(self):
        code = self.process.wait()
        self.reader.join(timeout=5)
        return WorkerFailed(f"it ended with status {code}: {''.join(self.errors[-5:]).strip()[-500:]}")

    def _collect_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)
            del self.errors[:-20]

    def _memory(self, field):
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            return None
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))
