"""Checks exported models: valid ONNX, and the same results in PyTorch, in the files and in ONNX's reference."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Callable, Iterable

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from committed import Row, generated_files, read_index
from exporting import machine_paths

# Largest relative and absolute difference between two ways to compute an array, by its type.
TOLERANCES = {
    np.dtype(np.int64): (0, 0),
    np.dtype(np.float64): (1e-6, 1e-9),
    np.dtype(np.float32): (1e-4, 1e-6),
    np.dtype(np.float16): (5e-3, 1e-3),
}


def difference(actual: np.ndarray, expected: np.ndarray) -> str | None:
    """None if equal within the type's tolerance, else what is different."""
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return f"is {actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
    relative, absolute = TOLERANCES[expected.dtype]
    if np.allclose(actual, expected, relative, absolute, equal_nan=True):
        return None
    with np.errstate(invalid="ignore"):
        return f"differs by up to {np.nanmax(np.abs(actual - expected)):g}"


class BatchNormalization(OpRun):
    """Inference as the specification has it in opsets 9 to 13 (one output: the given mean and variance are used).

    The evaluator's own version mixes the batch's statistics in whenever `momentum` has a value, which is always.
    """

    op_domain = ""

    def _run(self, x, scale, bias, mean, var, epsilon=None, momentum=None, training_mode=None):
        shape = (-1, *(1,) * (x.ndim - 2))
        scale, bias, mean, var = (value.reshape(shape) for value in (scale, bias, mean, var))
        return ((scale * (x - mean) / np.sqrt(var + epsilon) + bias).astype(x.dtype),)


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the default operator set."""
    (version,) = [opset.version for opset in model.opset_import if opset.domain == ""]
    return version


def check_model(path: Path, rows: list[Row], root: Path) -> list[str]:
    """Problems of one model file and its rows of the index."""
    try:
        onnx.checker.check_model(path, full_check=True)
    except onnx.checker.ValidationError as error:
        return [f"{path}: {error}"]
    model = onnx.load(path)
    reference = ReferenceEvaluator(model, new_ops=[BatchNormalization] if opset_of(model) < 14 else None)
    problems = []
    for row in rows:
        x, expected = np.load(root / row.input_file), np.load(root / row.output_file)
        with np.errstate(all="ignore"):
            (actual,) = reference.run([row.output_name], {row.input_name: x})
        problem = difference(np.asarray(actual), expected)
        if problem:
            problems.append(f"{path}: {row.output_name} of the ONNX reference {problem} ({row.output_file})")
    return problems


def check_models(root: Path, rows: Iterable[Row], progress: Callable[[str], None]) -> list[str]:
    """Problems of all models of an index: not valid ONNX, or not PyTorch's result."""
    by_path: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_path[row.path].append(row)
    problems = []
    for k, (path, own) in enumerate(by_path.items()):
        problems += check_model(root / path, own, root)
        if (k + 1) % 50 == 0 or k + 1 == len(by_path):
            progress(f"[{k + 1:3d}/{len(by_path)}] models checked")
    return problems


def check_paths(root: Path, names: Iterable[str]) -> list[str]:
    """Files that hold a path of the machine they were made on."""
    forbidden = machine_paths()
    problems = []
    for name in names:
        content = (root / name).read_bytes()
        problems += [f"{root / name}: holds {text.decode()}" for text in forbidden if text in content]
    return problems


def check_arrays(root: Path, fresh: Path) -> list[str]:
    """Committed arrays against those that PyTorch gives now."""
    problems = []
    for name in sorted(generated_files(root) & generated_files(fresh)):
        if name.endswith(".npy"):
            problem = difference(np.load(root / name), np.load(fresh / name))
            if problem:
                problems.append(f"{root / name} {problem} from PyTorch's result")
    return problems


def check_tree(root: Path, fresh: Path, progress: Callable[[str], None]) -> list[str]:
    """Problems of the committed folder `root`, beside the same folder exported anew to `fresh`."""
    committed, expected = generated_files(root), generated_files(fresh)
    problems = [f"{root / name} is missing" for name in sorted(expected - committed)]
    problems += [f"{root / name} is not made by the script" for name in sorted(committed - expected)]
    if "index.tsv" not in committed:
        return problems
    rows = read_index(root / "index.tsv")
    if rows != read_index(fresh / "index.tsv"):
        problems.append(f"{root / 'index.tsv'} is out of date")
    problems += check_arrays(root, fresh)
    complete = [row for row in rows if {row.path, row.input_file, row.output_file} <= committed]
    problems += check_models(root, complete, progress)
    return problems + check_paths(root, committed)


def operators(root: Path, rows: Iterable[Row]) -> dict[int, set[str]]:
    """The operators in the models of an index, by the version of the default operator set."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in {row.path for row in rows}:
        model = onnx.load(root / path, load_external_data=False)
        found[opset_of(model)] |= {node.op_type for node in model.graph.node}
    return dict(sorted(found.items()))
