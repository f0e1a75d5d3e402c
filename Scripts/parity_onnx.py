"""Compares networks that `martlet export` wrote with `martlet run`: each is drawn at random, exported, checked by ONNX's
own checker, and run by ONNX Runtime on batches and sizes of which none was recorded.

Usage: parity_onnx.py MARTLET [NAME …], with names or parts of names of the networks in Tests/Fixtures/segmentation_models.py
and of the recommenders below.

Shown are the largest difference of outputs, over the largest output, and that of classes' probabilities. Where outputs differ
by more than LIMIT, both are compared with PyTorch in float64, beside PyTorch's own float32: some networks of random weights
magnify the rounding of any order of sums. Both may then be SLACK times as far off as PyTorch is, or as LIMIT.
"""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file, save_file

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "Tests/Fixtures"))
sys.path.insert(0, str(root / "Scripts"))
sys.path.insert(0, str(root / "Benchmarks/peers"))
import recommenders  # noqa: E402
from parity import settings  # noqa: E402
from segmentation_models import Case, NestedUNet, cases  # noqa: E402

LIMIT = 1e-5
SLACK = 2


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    # What it says beside where it wrote to.
    return [line for line in done.stdout.splitlines() if not line.startswith("wrote ")]


def checked(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    return model


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def outputs(martlet, source, exported, name, inputs, folder):
    """Martlet's and ONNX Runtime's."""
    save_file({"input": inputs}, folder / "input.safetensors")
    run(
        martlet, "run", *source, "--overwrite", "--input", folder / "input.safetensors", "--output", folder / "output.safetensors",
        "--numerics", "direct",
    )  # fmt: skip
    expected = load_file(folder / "output.safetensors")["output"]
    output = exported.run(None, {name: inputs})[0]
    assert output.shape == expected.shape, f"{output.shape}, {expected.shape}"
    return expected, output


def difference(output, expected):
    """The largest over the largest output."""
    return float(numpy.abs(output - expected).max() / numpy.abs(expected).max())


def probability_difference(output, expected):
    """The largest, between 0 and 1, of classes on the second axis, or of one class."""

    def probabilities(logits):
        if logits.shape[1] == 1:
            return 1 / (1 + numpy.exp(-logits.astype(numpy.float64)))
        powers = numpy.exp(logits.astype(numpy.float64) - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return float(numpy.abs(probabilities(output) - probabilities(expected)).max())


def rounding(model, inputs, martlet, runtime):
    """How far float32 results are from float64: whether one is too far, and the figures in words."""
    with torch.no_grad():
        exact = copy.deepcopy(model).double()(torch.from_numpy(inputs).double()).numpy()
        plain = model(torch.from_numpy(inputs)).numpy()
    ours, theirs, pytorch = (difference(output, exact) for output in (martlet, runtime, plain))
    words = f"from float64: Martlet {ours:.1e}, ONNX Runtime {theirs:.1e}, PyTorch {pytorch:.1e}"
    return not max(ours, theirs) <= SLACK * max(pytorch, LIMIT), words


def warmed(case):
    """A network in PyTorch with running statistics that mean something."""
    torch.manual_seed(1)
    model = case.make()
    model.train()
    size = (16, 16, 16) if case.options.get("axes") == 3 else (128, 128)
    with torch.no_grad():
        for _ in range(8):
            model(torch.randn(2, case.channels, *size))
    return model.eval()


def images(case):
    if case.options.get("axes") == 3:
        return [(1, (16, 20, 12)), (3, (8, 12, 24))]
    sizes = [(64, 96), (97, 75)] if case.multiple == 1 else [(64, 96), (160, 32)]
    if case.options.get("padding") == "valid":
        sizes = [(140, 156), (188, 140)]
    return list(zip([1, 3], sizes))


def segmentation(martlet, case, folder, is_twin=True):
    """A row, where PyTorch's network is the twin of Martlet's or has the same parameters alone."""
    weights = folder / "weights.pt"
    model = warmed(case)
    torch.save(model.state_dict(), weights)
    path = folder / "model.onnx"
    source = [case.architecture, *settings(case), "--weights", weights]
    said = run(martlet, "export", *source, "--overwrite", "--channels", case.channels, "--output", path)
    nodes = len(checked(path).graph.node)
    exported = session(path)
    generator = numpy.random.default_rng(2)
    worst, fails, probabilities = 0.0, False, 0.0
    for batch, size in images(case):
        inputs = generator.standard_normal((batch, case.channels, *size), dtype=numpy.float32)
        results = outputs(martlet, source, exported, "image", inputs, folder)
        error = difference(*results)
        if not error <= LIMIT and is_twin:
            is_too_far, words = rounding(model, inputs, *results)
            fails |= is_too_far
            said.append(words)
        elif not error <= LIMIT:
            fails = True
        # A result that is no number stays.
        worst = worst if error <= worst else error
        probabilities = max(probabilities, probability_difference(*results))
    return nodes, f"{worst:10.1e} {probabilities:13.1e}", worst, fails, said


def own_cases():
    """Variants that there is no fixture of: they have the same parameters as other networks."""
    yield Case("unet-small", "unet", {"baseChannels": 8, "depth": 2}, lambda: flat_unet(8, 2), multiple=4)
    yield Case("unet-valid", "unet", {"baseChannels": 8, "depth": 2, "padding": "valid"}, lambda: flat_unet(8, 2))
    yield Case(
        "unet-bilinear", "unet", {"baseChannels": 8, "depth": 2, "upsampling": "bilinear"},
        lambda: flat_unet(8, 2, bilinear=True), multiple=4,
    )  # fmt: skip
    yield Case(
        "unet++-heads-2", "unet++", {"deepSupervision": True, "inferenceDepth": 2, "baseChannels": 8},
        lambda: NestedUNet(base=8, heads=True), multiple=16,
    )  # fmt: skip


def flat_unet(base, depth, bilinear=False):
    """A network of the parameters of U-Net. What it computes is not looked at: its statistics are drawn."""
    from segmentation_models import Block, Named, Space, nn

    model = nn.Module()
    width = [base << level for level in range(depth + 1)]
    model.encoder = nn.ModuleList(
        Block(width[i - 1] if i else 3, width[i], Space(2), bias=False) for i in range(depth + 1)
    )
    upward = list(reversed(range(depth)))
    model.up = nn.ModuleList(
        Named("conv", nn.Conv2d(width[i + 1], width[i], 1)) if bilinear else nn.ConvTranspose2d(width[i + 1], width[i], 2, 2)
        for i in upward
    )
    model.decoder = nn.ModuleList(Block(2 * width[i], width[i], Space(2), bias=False) for i in upward)
    model.head = nn.Conv2d(base, 2, 1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.2, 0.6)
    model.forward = lambda x: None
    return model


RECOMMENDERS = {
    "sasrec": ("sasrec", {}),
    "paup-queries": ("paup", {"softmaxAxis": "queries"}),
    "paup-keys": ("paup", {"softmaxAxis": "keys"}),
}


def recommender_weights(kind, options, folder):
    """A weights file as training writes it, drawn at random."""
    items, length = 50, 20
    sizes = {"length": length, "hidden": 16, "inner": 32, "layers": 2, "heads": 2}
    torch.manual_seed(3)
    if kind == "paup":
        model = recommenders.PAUP(items + 1, **sizes, segments=4, kernel1=2, reduction=4)
    else:
        model = recommenders.SASRec(items + 1, **sizes)
    tensors = {name: torch.randn_like(tensor) * 0.3 for name, tensor in model.state_dict().items()}
    configuration = {
        "itemCount": items, "maximumLength": length, "hiddenSize": 16, "innerSize": 32, "layers": 2, "heads": 2,
        "hiddenDropout": 0.1, "attentionDropout": 0.1, "epsilon": 1e-12,
    }  # fmt: skip
    if kind == "paup":
        configuration |= {"segments": 4, "kernel1": 2, "channelReduction": 4} | options
    description = {"model": kind, kind: configuration, "items": [f"item {i}" for i in range(items)]}
    path = folder / "recommender.safetensors"
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    save_file(arrays, path, metadata={"martlet.recommendation": json.dumps(description)})
    return path, items, length


def recommendation(martlet, name, folder):
    weights, items, length = recommender_weights(*RECOMMENDERS[name], folder)
    path = folder / "model.onnx"
    said = run(martlet, "export", weights, "--overwrite", "--output", path)
    model = checked(path)
    assert {entry.key: entry.value for entry in model.metadata_props}["martlet.items.count"] == str(items)
    exported = session(path)
    generator = numpy.random.default_rng(4)
    worst = 0.0
    for batch in [1, 7]:
        histories = generator.integers(1, items + 1, (batch, length))
        for row in histories:
            row[generator.integers(1, length + 1) :] = 0
        error = difference(*outputs(martlet, [weights], exported, "items", histories, folder))
        worst = worst if error <= worst else error
    return len(model.graph.node), f"{worst:10.1e} {'–':>13}", worst, not worst <= LIMIT, said


def main():
    martlet, *wanted = sys.argv[1:]
    martlet = Path(martlet).resolve()
    rows = [(case.name, lambda folder, case=case: segmentation(martlet, case, folder, is_twin=False)) for case in own_cases()]
    rows += [(case.name, lambda folder, case=case: segmentation(martlet, case, folder)) for case in cases()]
    rows += [(name, lambda folder, name=name: recommendation(martlet, name, folder)) for name in RECOMMENDERS]
    failed = 0
    print(f"{'network':44} {'nodes':>5} {'difference':>10} {'probabilities':>13}")
    with tempfile.TemporaryDirectory() as folder:
        for name, compare in rows:
            if wanted and not any(part in name for part in wanted):
                continue
            nodes, figures, error, fails, said = compare(Path(folder))
            failed += fails
            remark = [f"more than {LIMIT:g}"] if not error <= LIMIT else []
            print(f"{name:44} {nodes:5} {figures}  {'; '.join(remark + said)}".rstrip(), flush=True)
    if failed:
        sys.exit(f"{failed} networks differ from `martlet run` by more than {LIMIT:g} of their largest output, and than rounding does")


if __name__ == "__main__":
    main()
