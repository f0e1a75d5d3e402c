"""All rows: what each measures, against whom and for how long."""

from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from .convolutions import FORWARD, bytes_moved, convolutions, flops
from .measure import Effort
from .peers import Peer

SIZE = 256  # height and width of the U-Net's images
ENCODED = (("unet", "resnet34", 256), ("unet++", "resnet34", 256), ("deeplabv3", "resnet50", 512))
SEQUENCES = {"batch": 256, "length": 200, "items": 3417}  # PAUP's; the padding counts as an item
NETWORKS = Effort(rounds=3, seconds=60, shortest_turn=0.25, visits=3)
CONVOLUTIONS = Effort(rounds=3, seconds=4, shortest_turn=0.08, visits=3)
THREADS = Effort(rounds=5, seconds=4, shortest_turn=0.08, visits=3)


@dataclass(frozen=True)
class Row:
    name: str
    kind: str
    work: list = field(default_factory=list)  # the words of every worker's command line
    own: list = field(default_factory=list)  # what our worker's command line has besides
    peers: dict = field(default_factory=dict)
    effort: Effort | None = None
    facts: dict = field(default_factory=dict)  # what the results tell of the work itself

    @property
    def command(self):
        """The name of martlet-bench's command."""
        return "conv" if self.kind == "threads" else self.kind

    @property
    def visits(self):
        return self.effort.visits if self.effort else 1


def all_rows():
    yield Row("machine", "machine")
    yield Row("tile", "tile")
    yield Row("choice", "choice")
    yield Row("errors", "errors")
    for base, batch in ((64, 4), (64, 1), (32, 4), (32, 1)):
        yield _network("step", base, batch, STEP_PEERS)
    for base, batch in ((64, 1), (64, 4), (32, 1), (32, 4)):
        yield _network("infer", base, batch, INFER_PEERS)
        yield _in("bf16", _network("infer", base, batch, INFER_BF16_PEERS))
        yield _in("int8", _network("infer", base, batch, INFER_INT8_PEERS))
    for network, encoder, size in ENCODED:
        # DeepLabV3 normalises the means of whole images, for which training takes more than one.
        yield _encoded("step", network, encoder, 2 if network == "deeplabv3" else 1, size, STEP_PEERS)
        for batch in (1, 4):
            yield _encoded("infer", network, encoder, batch, size, INFER_PEERS)
            yield _in("bf16", _encoded("infer", network, encoder, batch, size, INFER_BF16_PEERS))
            yield _in("int8", _encoded("infer", network, encoder, batch, size, INFER_INT8_PEERS))
    yield _network("cold", 32, 1, COLD_PEERS)
    yield _recommender("step", PAUP_STEP_PEERS)
    yield _recommender("rank", PAUP_RANK_PEERS)
    for name, conv in convolutions().items():
        facts = {"part": conv.part, "flops": flops(conv), "bytes": bytes_moved(conv)}
        peers = CONVOLUTION_PEERS | (FORWARD_PEERS if conv.part == FORWARD else {})
        yield Row(name, "conv", conv.command_line(), peers=peers, effort=CONVOLUTIONS, facts=facts)
    for name, conv in convolutions().items():
        yield Row(f"threads {name}", "threads", conv.command_line(), effort=THREADS, facts={"part": conv.part})


def matching(pattern):
    """The rows whose names hold or match the pattern; all for an empty one."""
    return [row for row in all_rows() if pattern in row.name or fnmatch(row.name, pattern)]


def _network(kind, base, batch, peers):
    work = f"--base {base} --batch {batch} --size {SIZE}".split()
    facts = {"base_channels": base, "batch_size": batch, "image_size": SIZE}
    return Row(f"{kind} {base}/{batch}", kind, work, peers=peers, effort=NETWORKS, facts=facts)


def _encoded(kind, network, encoder, batch, size, peers):
    """A network over an encoder."""
    work = f"--network {network} --encoder {encoder} --batch {batch} --size {size}".split()
    facts = {"network": network, "encoder": encoder, "batch_size": batch, "image_size": size}
    number = f" {batch}" if kind == "infer" and batch > 1 else ""
    return Row(f"{kind} {network} {encoder}{number}", kind, work, peers=peers, effort=NETWORKS, facts=facts)


def _in(precision, row):
    facts = row.facts | {"precision": precision}
    return replace(row, name=f"{row.name} {precision}", own=["--precision", precision], facts=facts)


def _recommender(work, peers):
    words = [word for name, size in SEQUENCES.items() for word in (f"--{name}", str(size))]
    return Row(f"paup {work}", f"paup-{work}", words, peers=peers, effort=NETWORKS, facts=SEQUENCES)


STEP_PEERS = {
    "PyTorch eager": Peer("network_step.py", "--mode eager", pooled=True),
    "PyTorch channels_last": Peer("network_step.py", "--mode eager_cl", pooled=True),
    "torch.compile": Peer("network_step.py", "--mode compile", pooled=True, compiled=True),
    "PyTorch bf16": Peer("network_step.py", "--mode eager_cl --bf16", pooled=True),
    "torch.compile bf16": Peer("network_step.py", "--mode compile --bf16", pooled=True, compiled=True),
}
INFER_PEERS = {
    "PyTorch channels_last": Peer("network_infer.py", "--mode eager_cl", pooled=True),
    "torch.compile": Peer("network_infer.py", "--mode compile", pooled=True, compiled=True),
    "ONNX Runtime": Peer("network_infer.py", "--mode onnxruntime", exported=True),
    "OpenVINO": Peer("network_infer.py", "--mode openvino", exported=True),
    "ncnn": Peer("network_infer.py", "--mode ncnn", exported=True),
}
INFER_BF16_PEERS = {
    "PyTorch bf16": Peer("network_infer.py", "--mode eager_cl --bf16", pooled=True),
    "torch.compile bf16": Peer("network_infer.py", "--mode compile --bf16", pooled=True, compiled=True),
    "OpenVINO bf16": Peer("network_infer.py", "--mode openvino --bf16", exported=True),
}
INFER_INT8_PEERS = {
    "ONNX Runtime int8": Peer("network_infer.py", "--mode onnxruntime --int8", exported=True, quantized=True),
    "OpenVINO int8": Peer("network_infer.py", "--mode openvino --int8", exported=True, quantized=True),
}
COLD_PEERS = {
    "PyTorch": Peer("cold_start.py", "--mode pytorch", exported=True),
    "ONNX Runtime": Peer("cold_start.py", "--mode onnxruntime", exported=True),
    "OpenVINO": Peer("cold_start.py", "--mode openvino", exported=True),
    "ncnn": Peer("cold_start.py", "--mode ncnn", exported=True),
}
PAUP_STEP_PEERS = {
    "PyTorch eager": Peer("paup_step.py", "--mode eager", pooled=True),
    "torch.compile": Peer("paup_step.py", "--mode compile", pooled=True, compiled=True),
    "torch.compile, last item": Peer("paup_step.py", "--mode compile --last", pooled=True, compiled=True),
    "torch.compile bf16": Peer("paup_step.py", "--mode compile --bf16", pooled=True, compiled=True),
}
PAUP_RANK_PEERS = {
    "PyTorch eager": Peer("paup_rank.py", "--mode eager", pooled=True),
    "torch.compile": Peer("paup_rank.py", "--mode compile", pooled=True, compiled=True),
    "torch.compile, last item": Peer("paup_rank.py", "--mode compile --last", pooled=True, compiled=True),
}
CONVOLUTION_PEERS = {
    "PyTorch": Peer("conv_torch.py", "--mode channels_last", pooled=True),
    "PyTorch as shipped": Peer("conv_torch.py", "--mode contiguous"),
}
FORWARD_PEERS = {
    "ONNX Runtime": Peer("conv_onnx.py", "--mode onnxruntime"),
    "OpenVINO": Peer("conv_onnx.py", "--mode openvino"),
    "ncnn": Peer("conv_ncnn.py"),
}
