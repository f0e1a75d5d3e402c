"""Holds Martlet to the ONNX project's own tests of operators: every case of `onnx.backend.test` whose operators are all
on Martlet's list is run, at once and recorded, and compared within the suite's own tolerances.

Usage: conformance.py BIN [PATTERN], with the folder of martlet and martlet-bench and a part of cases' names.
"""

import collections
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper, version_converter
from safetensors.numpy import load_file

warnings.filterwarnings("ignore")

HELD = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT32, TensorProto.INT64, TensorProto.UINT8, TensorProto.BOOL}
# Cases that say something else than the definition or than everybody, each with why.
LEFT_OUT = {
    "test_training_dropout": "expects the drawings of NumPy's generator",
    "test_training_dropout_default": "expects the drawings of NumPy's generator",
    "test_training_dropout_mask": "expects the drawings of NumPy's generator",
    "test_training_dropout_default_mask": "expects the drawings of NumPy's generator",
    "test_resize_downsample_scales_linear_align_corners": "divides by a size before rounding, unlike the definition",
    "test_resize_downsample_scales_cubic_align_corners": "divides by a size before rounding, unlike the definition",
    "pytorch-converted_test_PReLU_1d_multiparam": "slopes as in version 6, which the suite's converter leaves so",
    "pytorch-converted_test_PReLU_2d_multiparam": "slopes as in version 6, which the suite's converter leaves so",
    "pytorch-converted_test_PReLU_3d_multiparam": "slopes as in version 6, which the suite's converter leaves so",
}
OLDEST = 7


class Case:
    def __init__(self, name, model, inputs, outputs, rtol, atol):
        self.name, self.model, self.inputs, self.outputs, self.rtol, self.atol = name, model, inputs, outputs, rtol, atol

    @property
    def operators(self):
        functions = {(f.domain, f.name) for f in self.model.functions}
        nodes = list(self.model.graph.node) + [n for f in self.model.functions for n in f.node]
        return {n.op_type if n.domain in ("", "ai.onnx") else f"{n.domain}.{n.op_type}" for n in nodes
                if (n.domain, n.op_type) not in functions}  # fmt: skip

    @property
    def row(self):
        """The operator that the case is about."""
        return next(iter(self.operators)) if len(self.model.graph.node) == 1 and len(self.operators) == 1 else "(several)"

    def unheld(self):
        """Why the case's values cannot be held, if they cannot."""
        for value in list(self.model.graph.input) + list(self.model.graph.output):
            kind = value.type.WhichOneof("value")
            if kind != "tensor_type":
                return f"not a tensor: {(kind or 'no type').replace('_type', '')}"
            element = value.type.tensor_type.elem_type
            if element not in HELD:
                return f"element type not held: {TensorProto.DataType.Name(element).lower()}"
        return None


def arrays(values):
    return [numpy_helper.to_array(v) if isinstance(v, TensorProto) else v for v in values]


def current(model):
    """The model in a version of the operators that is understood."""
    old = any(o.domain == "" and o.version < OLDEST for o in model.opset_import)
    return version_converter.convert_version(model, 13) if old else model


def suite_cases():
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(None):
        for number, (inputs, outputs) in enumerate(case.data_sets):
            name = case.name + (f"-{number}" if number else "")
            yield Case(name, current(case.model), arrays(inputs), arrays(outputs), case.rtol, case.atol)


def stored_cases():
    data = Path(onnx.__file__).parent / "backend/test/data"
    for folder in sorted(data.glob("*/*/model.onnx")):
        kind, folder = folder.parent.parent.name, folder.parent
        model = onnx.load(folder / "model.onnx")
        try:
            model = current(model)
        except Exception as error:  # what the suite's own converter cannot bring up to date
            yield Case(f"{kind}_{folder.name}", None, str(error), None, 0, 0)
            continue
        for number, data_set in enumerate(sorted(folder.glob("test_data_set_*"))):
            def read(stem):
                files = sorted(data_set.glob(f"{stem}_*.pb"), key=lambda f: int(f.stem.split("_")[-1]))
                values = []
                for file in files:
                    tensor = TensorProto()
                    tensor.ParseFromString(file.read_bytes())
                    values.append(numpy_helper.to_array(tensor))
                return values
            try:
                inputs, outputs = read("input"), read("output")
            except Exception:
                inputs, outputs = [], []
            yield Case(f"{kind}_{folder.name}" + (f"-{number}" if number else ""), model, inputs, outputs, 1e-3, 1e-5)


def claimed(binaries):
    text = subprocess.run([binaries / "martlet", "import", "--operators"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in text.splitlines()[1:] if line.strip()}


def write(case, folder):
    folder.mkdir()
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    initializers = {i.name for i in case.model.graph.initializer}
    given = [v for v in case.model.graph.input]
    count = 0
    for value, array in zip(given, case.inputs):
        if value.name in initializers:
            continue
        tensor = numpy_helper.from_array(np.asarray(array), value.name)
        (folder / f"input_{count}.pb").write_bytes(tensor.SerializeToString())
        count += 1


def problem(case, folder):
    """What is wrong with the results, if anything is."""
    for how in ("at-once", "recorded"):
        results = load_file(folder / f"{how}.safetensors")
        for value, expected in zip(case.model.graph.output, case.outputs):
            got, expected = results[value.name], np.asarray(expected)
            if got.dtype != expected.dtype:
                return f"{how}: {value.name} is {got.dtype}, not {expected.dtype}"
            if got.shape != expected.shape:
                return f"{how}: {value.name} has shape {got.shape}, not {expected.shape}"
            try:
                np.testing.assert_allclose(got, expected, rtol=case.rtol, atol=case.atol)
            except AssertionError as error:
                return f"{how}: {value.name}: " + " ".join(str(error).split())[:300]
    return None


def main():
    binaries = Path(sys.argv[1])
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    operators = claimed(binaries)
    counts = collections.defaultdict(collections.Counter)
    reasons = collections.Counter()
    failures, running = [], {}
    work = Path(tempfile.mkdtemp())
    cases = work / "cases"
    cases.mkdir()
    for case in list(suite_cases()) + list(stored_cases()):
        if pattern not in case.name:
            continue
        if case.model is None:
            reasons["the suite's own converter cannot bring it up to date"] += 1
            continue
        if not case.operators <= operators:
            continue
        reason = case.unheld() or LEFT_OUT.get(case.name)
        if reason:
            reasons[reason] += 1
            counts[case.row]["skipped"] += 1
            continue
        running[case.name] = case
        write(case, cases / case.name)
    run = subprocess.run([binaries / "martlet-bench", "conformance", cases], capture_output=True, text=True)
    seen = set()
    for line in run.stdout.splitlines():
        name, _, outcome = line.partition(" ")
        if name not in running:
            continue
        seen.add(name)
        trouble = problem(running[name], cases / name) if outcome == "ok" else outcome or "ended the process"
        counts[running[name].row]["failed" if trouble else "passed"] += 1
        if trouble:
            failures.append(f"{name}: {trouble}")
    for name in running.keys() - seen:
        counts[running[name].row]["failed"] += 1
        failures.append(f"{name}: did not run")
    shutil.rmtree(work)

    print(f"{'operator':28}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for row in sorted(counts):
        print(f"{row:28}{counts[row]['passed']:8}{counts[row]['failed']:8}{counts[row]['skipped']:9}")
    total = sum(counts.values(), collections.Counter())
    print(f"{'all':28}{total['passed']:8}{total['failed']:8}{total['skipped']:9}")
    print("\nskipped:")
    for reason, count in reasons.most_common():
        print(f"  {count:4} {reason}")
    untested = sorted(operators - counts.keys()) if not pattern else []
    if untested:
        print("\nwithout a case of their own: " + ", ".join(untested))
    for failure in failures:
        print(failure, file=sys.stderr)
    if run.returncode:
        print(f"martlet-bench ended with {run.returncode}: {run.stderr[-500:]}", file=sys.stderr)
    sys.exit(1 if failures or run.returncode else 0)


if __name__ == "__main__":
    main()
