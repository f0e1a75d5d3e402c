"""Writes what was measured: results.json for programs, RESULTS.md for people."""

import json
from datetime import date

OURS = "Martlet"
JOBS = {
    "step": "Training step of the U-Net (forward, cross-entropy, backward, Adam)",
    "infer": "Forward pass of the U-Net in evaluation mode",
}


def write(folder, machine, size, results):
    figures = {"date": date.today().isoformat(), "machine": machine, "image_size": size, "rows": results}
    _replace(folder / "results.json", json.dumps(figures, indent=1) + "\n")
    _replace(folder / "RESULTS.md", document(machine, size, results))


def document(machine, size, results):
    """The report for people, as Markdown."""
    return "\n".join(_lines(machine, size, results)) + "\n"


def _replace(path, text):
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


def _lines(machine, size, results):
    versions = sorted({worker["version"] for row in results for worker in row["workers"]})
    sets = ", ".join(machine["instruction_sets"]) or "none known"
    yield "# Martlet and its peers"
    yield ""
    yield (
        f"Measured on {date.today().isoformat()}: {machine['processor']} ({machine['architecture']}; {sets}), "
        f"{machine['cores']} cores, {machine['threads_used']} threads used, {machine['memory_gib']} GiB, "
        f"{machine['system']}. {'; '.join(versions)}. Float32, {size}×{size} pixels."
    )
    yield ""
    yield (
        "Times are medians of turns taken alternately in one run. The ratio is the peer's figure over Martlet's: "
        "above 1, Martlet is faster or holds less. Memory is the process's peak less what it held when its framework "
        "was loaded. A tilde marks a median of turns during which the machine was busy with something else."
    )
    for job, heading in JOBS.items():
        rows = [row for row in results if row["job"] == job]
        if not rows:
            continue
        peers = list(dict.fromkeys(w["name"] for row in rows for w in row["workers"] if w["name"] != OURS))
        for what, key, unit in (("time", "median_ms", "ms"), ("net peak memory", "net_peak_mib", "MiB")):
            yield from ["", f"## {heading}: {what}", ""]
            yield "| base channels, batch | " + " | ".join([OURS] + [n for p in peers for n in (p, "ratio")]) + " |"
            yield "|---" + "|---:" * (1 + 2 * len(peers)) + "|"
            yield from (_row(row, peers, key, unit) for row in rows)


def _row(row, peers, key, unit):
    by_name = {worker["name"]: worker for worker in row["workers"]}
    ours = by_name.get(OURS)
    cells = [f"{row['base_channels']}, {row['batch_size']}", _figure(ours, key, unit)]
    for peer in peers:
        theirs = by_name.get(peer)
        known = ours and theirs and ours[key] and theirs[key]
        cells += [_figure(theirs, key, unit), f"**{theirs[key] / ours[key]:.2f}**" if known else "–"]
    return "| " + " | ".join(cells) + " |"


def _figure(worker, key, unit):
    if worker is None or worker[key] is None:
        return "–"
    mark = "~" if worker["disturbed"] and key == "median_ms" else ""
    return f"{mark}{worker[key]:.3g} {unit}" if worker[key] < 100 else f"{mark}{worker[key]:.0f} {unit}"
