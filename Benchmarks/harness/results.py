"""The results that are kept: results.json, one entry a row, and RESULTS.md made from it."""

import json
from datetime import date

from .machine import same
from .report import OURS, document
from .rows import all_rows

FILE, REPORT = "results.json", "RESULTS.md"


class OtherMachine(Exception):
    """What was measured here cannot join what was measured elsewhere."""


class Results:
    """Entries by name. Given a folder, it starts from those that lie there and writes every change back; those of
    another machine are refused, unless all are to be replaced."""

    def __init__(self, machine, folder=None, replaces_all=False):
        self.machine, self.folder, self.rows = machine, folder, {}
        if not folder:
            return
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        kept = json.loads(path.read_text()) if path.exists() else {"machine": machine, "rows": {}}
        if same(kept["machine"], machine):
            self.rows = kept["rows"]
        elif not replaces_all:
            raise OtherMachine(
                f"{path} is of another machine or other threads: {_in_words(kept['machine'])}; "
                f"here: {_in_words(machine)}. Measure all rows, or give another --output"
            )

    def add(self, row, entry):
        self.rows[row.name] = {"kind": row.kind, "date": date.today().isoformat()} | row.facts | entry
        if self.folder:
            self._write()

    def text(self):
        """The report for people, as Markdown."""
        return document(self.machine, self.rows)

    def _write(self):
        known = [row.name for row in all_rows()]
        self.rows = {name: self.rows[name] for name in known if name in self.rows}
        figures = {"machine": self.machine, "rows": self.rows}
        _replace(self.folder / FILE, json.dumps(figures, indent=1) + "\n")
        _replace(self.folder / REPORT, self.text())


def compared(workers):
    """What a row's entry says of its workers: their figures, and the peers' over ours."""
    ours = next((w for w in workers if w["name"] == OURS), None)
    ratios = {}
    for peer in workers:
        if ours and peer is not ours:
            ratios[peer["name"]] = {
                what: peer[key] / ours[key]
                for what, key in (("time", "median_ms"), ("memory", "net_peak_mib"))
                if peer[key] and ours[key]
            }
    return {"workers": workers, "ratios": ratios}


def against_limits(facts, milliseconds, machine):
    """How a convolution's time compares with what the machine could do in it at best, by the limit that is nearer:
    the definition's operations at peak, or each byte of input, weights and output once at the speed of a copy."""
    peak = max(s["all_cores_gflops"] for s in machine["instruction_sets"])
    bandwidth = machine["copy_gigabytes_per_second"]
    seconds = milliseconds / 1e3
    compute, memory = facts["flops"] / (peak * 1e9) / seconds, facts["bytes"] / (bandwidth * 1e9) / seconds
    return {
        "gflops": facts["flops"] / seconds / 1e9,
        "gigabytes_per_second": facts["bytes"] / seconds / 1e9,
        "share_of_peak": compute,
        "share_of_bandwidth": memory,
        "limit": "compute" if compute > memory else "memory",
    }


def _in_words(machine):
    sets = ", ".join(machine["instruction_sets"])
    return f"{machine['processor']} ({sets}), {machine['cores']} cores, {machine['threads_used']} threads"


def _replace(path, text):
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)
