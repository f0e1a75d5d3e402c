"""Makes RESULTS.md, the report for people, of the results' rows."""

from peers.convolution import PARTS

from .measure import digits

OURS = "Martlet"
ONE_THREAD = "one thread"  # ours too
READING = (
    "Times are medians of turns taken alternately in one run. Beside a peer's figure stands the ratio, the peer's "
    "figure over Martlet's: above 1, Martlet is faster or holds less. A tilde marks what was measured while the "
    "machine was busy with something else too."
)
# By kind and precision.
NETWORKS = {
    ("step", None): (
        "Training steps",
        "One step: forward, cross-entropy, backward, Adam. Float32, but for the peers with bf16 in their "
        "name, which run channels_last under autocast.",
    ),
    ("infer", None): ("Inference", "One forward pass in evaluation mode, in float32."),
    ("infer", "bf16"): (
        "Inference in bf16",
        "The same where convolutions multiply in bfloat16. The peers' activations are bfloat16 too; Martlet's are "
        "float32, and so are those of its convolutions that are faster like that.",
    ),
    ("infer", "int8"): (
        "Inference in int8",
        "The same where convolutions multiply 8-bit integers, scaled by what the images that are run give: Martlet's where "
        "that is faster, with activations in float32 between them. The peers read one ONNX file, quantized by ONNX "
        "Runtime (QDQ, weights by channel), and keep what they can in 8 bits, the rest in float32. Martlet is calibrated within its process, "
        "whose memory holds the float32 network for that.",
    ),
}
RECOMMENDATION = (
    "PAUP with its published sizes, 2 layers, 2 heads and 64 channels, in float32 but for the peer with bf16 in its "
    "name, which runs under autocast. A training step is forward, cross-entropy over all items, backward, Adam; full "
    "ranking is the users' vectors, the scores of all items and the targets' ranks, in evaluation mode. PyTorch has the "
    "network as its authors do, and, as last item, with the last layer computed at the last item alone, as Martlet does "
    "it. Its softmaxes over the queries run along memory."
)
RECOMMENDATION_WORK = {"paup-step": "training step", "paup-rank": "full ranking"}
COLD = (
    "From the start of a process to its end, in which it reads one PNG and writes the mask: `martlet predict` with "
    "--packed, and Python programs that load a model saved for their engine (TorchScript, "
    "ONNX Runtime's optimised model, OpenVINO's cache of what it compiled, ncnn). "
    "All files are in the system's cache."
)
MEMORY = "Memory is the process's peak less what it held when its framework was loaded."
CONVOLUTIONS = (
    "Names tell kernel, stride, then batch × input channels × size × output channels; everything is float32. Weights "
    "are transformed within our time, as in training; ONNX Runtime, OpenVINO and ncnn prepare theirs once. GFLOP/s "
    "counts the definition's operations, those with padding included, so that an algorithm with fewer multiplications "
    "can pass the machine's peak. The limit is the time at the machine's peak, or of one copy of all input, weights "
    "and output, whichever is longer; its share of our time is given. PyTorch has channels_last tensors where they "
    "exist and an allocator that keeps its pages; as shipped, it has its default layout and the system's allocator."
)

THREADS = (
    "The same convolutions by Martlet alone, with one thread and with all in turns, no peer beside them. The ratio is what "
    "the others gain."
)


def document(machine, rows):
    """The report as Markdown; `rows` are entries by name."""
    return "\n".join(_lines(machine, rows)) + "\n"


def _lines(machine, rows):
    yield from ["# Martlet and its peers", "", _machine_sentence(machine, rows), "", READING]
    for (kind, precision), (heading, text) in NETWORKS.items():
        chosen = _of_kind(rows, kind, precision)
        if chosen:
            yield from ["", f"## {heading}", "", f"{text} {MEMORY}"]
            yield from _network_tables(chosen, "network, batch, size", _network_label)
    cold = _of_kind(rows, "cold")
    if cold:
        yield from ["", "## Cold start", "", COLD, ""]
        yield from _network_table(cold, "network, batch, size: time", _network_label, "time", "median_ms")
    recommendation = {name: row for name, row in rows.items() if row["kind"] in RECOMMENDATION_WORK}
    if recommendation:
        row = next(iter(recommendation.values()))
        sizes = f"{row['batch']} sequences of at most {row['length']} items of {row['items'] - 1}, padded to that length."
        yield from ["", "## Recommendation", "", f"{RECOMMENDATION} {sizes} {MEMORY}"]
        yield from _network_tables(recommendation, "PAUP", lambda row: RECOMMENDATION_WORK[row["kind"]])
    convolutions = _of_kind(rows, "conv")
    if convolutions:
        yield from ["", "## Convolutions", "", CONVOLUTIONS]
        for part in PARTS:
            chosen = {name: row for name, row in convolutions.items() if row["part"] == part}
            if chosen:
                yield from ["", f"### {part.capitalize()}", "", *_convolution_table(chosen)]
    threads = _of_kind(rows, "threads")
    if threads:
        yield from ["", "### Threads", "", THREADS, "", *_threads_table(threads)]
    if "choice" in rows:
        yield from ["", "### The choice of algorithms", "", _choice(rows["choice"])]
    if "errors" in rows:
        yield from ["", "### Rounding", "", *_errors(rows["errors"])]
    if "machine" in rows or "tile" in rows:
        yield from ["", "## The machine"]
    if "machine" in rows:
        yield from ["", *_limits(rows["machine"])]
    if "tile" in rows:
        yield from ["", *_tiles(rows["tile"])]


def _machine_sentence(machine, rows):
    sets = ", ".join(machine["instruction_sets"]) or "none known"
    versions = sorted({w["version"] for row in rows.values() for w in row.get("workers", [])})
    return (
        f"Measured on {machine['processor']} ({machine['architecture']}; {sets}), {machine['cores']} cores, "
        f"{machine['threads_used']} threads used, {machine['memory_gib']} GiB, {machine['system']}, each row on its "
        f"date. {'; '.join(versions)}."
    )


def _of_kind(rows, kind, precision=None):
    return {name: row for name, row in rows.items() if (row["kind"], row.get("precision")) == (kind, precision)}


def _network_label(row):
    network = f"{row['network']} {row['encoder']}" if "encoder" in row else f"unet base {row['base_channels']}"
    return f"{network}, {row['batch_size']}, {row['image_size']}²"


def _network_tables(rows, name, label):
    """Time and memory; `label` tells a row's work, `name` what the labels are."""
    for what, key in (("time", "median_ms"), ("memory", "net_peak_mib")):
        yield from ["", *_network_table(rows, f"{name}: {what}", label, what, key)]


def _network_table(rows, heading, label, what, key):
    peers = _peers(rows)
    yield from _head([heading, OURS, *peers, "date"])
    for row in rows.values():
        by_name = {worker["name"]: worker for worker in row["workers"]}
        cells = [_compared(row, by_name.get(peer), what, key) for peer in peers]
        yield _line([label(row), _figure(by_name[OURS], key), *cells, row["date"]])


def _convolution_table(rows):
    peers = _peers(rows)
    yield from _head(["convolution", OURS, "GFLOP/s", "limit", *peers, "algorithm", "date"])
    for name, row in rows.items():
        by_name = {worker["name"]: worker for worker in row["workers"]}
        ours = by_name[OURS]
        share = max(row["share_of_peak"], row["share_of_bandwidth"])
        cells = [_compared(row, by_name.get(peer), "time", "median_ms") for peer in peers]
        yield _line(
            [
                _convolution(name, row),
                _figure(ours, "median_ms"),
                f"{row['gflops']:.0f}",
                f"{row['limit']} {share:.0%}",
                *cells,
                ours["how"],
                row["date"],
            ]
        )


def _convolution(name, row):
    """A row's convolution without its part; most are of two space axes and need no word for it."""
    return name.removesuffix(" " + row["part"]).removeprefix("threads ").removeprefix("conv ")


def _threads_table(rows):
    """A line for each convolution, with its parts beside each other."""
    lines = {}
    for name, row in rows.items():
        by_name = {worker["name"]: worker for worker in row["workers"]}
        figures = f"{_figure(by_name[OURS], 'median_ms')} {_compared(row, by_name.get(ONE_THREAD), 'time', 'median_ms')}"
        lines.setdefault(_convolution(name, row), {"date": row["date"]})[row["part"]] = figures
    yield from _head(["convolution", *(f"{part}: all threads, one" for part in PARTS), "date"])
    for convolution, parts in lines.items():
        yield _line([convolution, *(parts.get(part, "–") for part in PARTS), parts["date"]])


def _limits(row):
    figures, mark = row["figures"], "~" if row["disturbed"] else ""
    yield f"Peak of float32 multiply-adds on registers, and memory bandwidth ({row['date']})."
    yield ""
    yield from _head(["instruction set", "one core", f"{figures['threads']} threads"])
    for peak in figures["instruction_sets"]:
        speeds = [f"{mark}{peak[key]:.0f} GFLOP/s" for key in ("one_core_gflops", "all_cores_gflops")]
        yield _line([peak["name"], *speeds])
    yield ""
    yield (
        f"Memory, on {figures['threads']} threads: read {mark}{figures['read_gigabytes_per_second']:.0f} GB/s; copy "
        f"{mark}{figures['copy_gigabytes_per_second']:.0f} GB/s, bytes read and bytes written."
    )


def _tiles(row):
    mark = "~" if row["disturbed"] else ""
    yield (
        "The matrix kernels' tiles on packed operands in the nearest caches, on one thread, as a share of the peak of "
        f"one core with the same vectors, measured in turns ({row['date']})."
    )
    yield ""
    yield from _head(["tile", "kernel", "operands in", "GFLOP/s", "share of peak"])
    for tile in row["figures"]:
        yield _line(
            [
                f"{tile['instruction_set']} {tile['height']}×{tile['width']}",
                tile["kernel"],
                tile["operands_in"],
                f"{mark}{tile['gflops']:.0f}",
                f"**{tile['share']:.0%}**",
            ]
        )


def _choice(row):
    figures, mark = row["figures"], "~" if row["disturbed"] else ""
    return (
        f"A model of costs chooses. Of {figures['cases']} convolutions and gradients, from 2×2 pixels up, on one "
        f"thread, its choice is within a tenth of the fastest in {mark}{figures['within_tenth']}, takes "
        f"{mark}{figures['worst']:.2f} times as long at worst and {mark}{figures['mean']:.2f} on average "
        f"({row['date']}). Those below 4096 multiply-adds, which take microseconds, are direct by rule, whatever is fastest."
    )


def _errors(row):
    yield (
        "Errors against the same sums in float64, on numbers of a normal distribution, relative to the root mean square "
        f"of the result: the largest / the root mean square ({row['date']})."
    )
    yield ""
    by_case, algorithms = {}, list(dict.fromkeys(figure["algorithm"] for figure in row["figures"]))
    for figure in row["figures"]:
        case = f"{figure['part']}, {figure['convolution']}"
        text = f"{figure['largest']:.1e} / {figure['root_mean_square']:.1e}"
        by_case.setdefault(case, {})[figure["algorithm"]] = text
    yield from _head(["convolution", *algorithms])
    for case, texts in by_case.items():
        yield _line([case, *(texts.get(algorithm, "–") for algorithm in algorithms)])


def _peers(rows):
    """Names of all peers, in the order in which they come."""
    return list(dict.fromkeys(w["name"] for row in rows.values() for w in row["workers"] if w["name"] != OURS))


def _head(cells):
    yield _line(cells)
    yield "|---" + "|---:" * (len(cells) - 1) + "|"


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def _compared(row, worker, what, key):
    if worker is None or worker[key] is None:
        return "–"
    ratio = row["ratios"].get(worker["name"], {}).get(what)
    return _figure(worker, key) + (f" **{ratio:.2f}**" if ratio else "")


def _figure(worker, key):
    if worker[key] is None:
        return "–"
    mark = "~" if worker["disturbed"] and key == "median_ms" else ""
    return f"{mark}{digits(worker[key])} {'ms' if key == 'median_ms' else 'MiB'}"
