"""Exports networks of the zoo and writes them in ONNX's test layout.

ROOT/<network>_<form>/model.onnx, test_data_set_<case>/input_<k>.pb and output_<k>.pb. ROOT/index.tsv is written last: a
line per folder with its name, the share of an output's largest value that it may be off, and the network's note.

Outputs are PyTorch's in float64, rounded once: what an exporter or a runtime adds to them is its own error.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from entry import Entry, Tensors
from operators import TRANSLATIONS

sys.path.append(str(Path(__file__).resolve().parent.parent))  # exporting.py serves all of models/
from exporting import Form, tidy  # noqa: E402

# The default exporter takes seconds a network, and the batch is a symbol in it; the older one writes both.
NARROW_FORMS = (Form(None, False, True), Form(17, False, True), Form(17, False, False))
COMMITTED_FORMS = (Form(None, False, True), Form(17, False, False))
FULL_FORMS = (Form(None, False, False), Form(17, False, True))


@dataclass(frozen=True)
class Line:
    """A folder of the index."""

    folder: str
    tolerance: float
    note: str

    def __str__(self) -> str:
        return f"{self.folder}\t{self.tolerance:g}\t{self.note}\n"


def run(module: nn.Module, inputs: Tensors) -> list[torch.Tensor]:
    with torch.inference_mode():
        result = module(*(tensor.clone() for tensor in inputs))
    return list(result) if isinstance(result, (tuple, list)) else [result]


def wide(module: nn.Module, inputs: Tensors) -> list[torch.Tensor]:
    """The outputs in float64, integers as they are."""
    torch.set_default_dtype(torch.float64)
    try:
        doubles = tuple(tensor.double() if tensor.is_floating_point() else tensor for tensor in inputs)
        return run(copy.deepcopy(module).double(), doubles)
    finally:
        torch.set_default_dtype(torch.float32)


def share(expected: torch.Tensor, actual: torch.Tensor) -> float:
    """The largest difference by the largest expected value."""
    if expected.shape != actual.shape:
        return float("inf")
    if not expected.is_floating_point():
        return 0.0 if torch.equal(expected, actual) else float("inf")
    if expected.numel() == 0:
        return 0.0
    largest = float(expected.abs().max())
    return float((expected.double() - actual.double()).abs().max()) / max(largest, sys.float_info.min)


def export(entry: Entry, module: nn.Module, inputs: Tensors, form: Form, path: Path) -> None:
    options: dict = {"input_names": list(entry.input_names), "output_names": list(entry.output_names)}
    if form.opset:
        options |= {"dynamo": False, "opset_version": form.opset}
        if form.dynamic:
            options["dynamic_axes"] = dict(zip(entry.input_names, entry.axes, strict=True))
    else:
        options |= {"dynamo": True, "external_data": False, "verbose": False}
        options["custom_translation_table"] = TRANSLATIONS
        if form.dynamic:
            options["dynamic_shapes"] = symbols(entry, module)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(module, inputs, path, **options)
    tidy(path, keep_notes=False)


def symbols(entry: Entry, module: nn.Module) -> tuple:
    """What the default exporter takes for the dimensions in `entry.axes`."""
    names = sorted({name for axes in entry.axes for name in axes.values()})
    dims = {name: torch.export.Dim(name) for name in names}
    shapes = tuple({axis: dims[name] for axis, name in axes.items()} or None for axes in entry.axes)
    parameters = inspect.signature(module.forward).parameters.values()
    return (shapes,) if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters) else shapes


def write_side(folder: Path, side: str, tensors: Sequence[torch.Tensor], infos: Iterable, names: Sequence[str]) -> None:
    """Writes `<side>_<k>.pb` for each of the model's inputs or outputs; an exporter drops inputs without use."""
    by_name = dict(zip(names, tensors, strict=True))
    for k, info in enumerate(infos):
        tensor = by_name[info.name]
        array = (tensor.float() if tensor.dtype is torch.float64 else tensor).numpy()
        (folder / f"{side}_{k}.pb").write_bytes(numpy_helper.from_array(array, info.name).SerializeToString())


def write_network(entry: Entry, full: bool, forms: Sequence[Form], root: Path) -> list[Line]:
    """Writes the network in the forms that its exporters can. Errors: ValueError where the definition is wrong, and what
    an exporter raises that `fails` does not name."""
    module = entry.make_module(full)
    runs = []
    for case in range(1 if full else entry.cases):
        inputs = entry.make_inputs(full, case)
        outputs = wide(module, inputs)
        for name, expected, actual in zip(entry.output_names, outputs, run(module, inputs), strict=True):
            if not full and share(expected, actual) > entry.tolerance / 2:
                raise ValueError(
                    f"{entry.name}: PyTorch's own {name} is {share(expected, actual):.1e} off in float32, "
                    f"case {case}; more than half of {entry.tolerance:g}"
                )
        runs.append((inputs, outputs))
    lines = []
    for form in forms:
        reason = entry.fails.get(form.name) or entry.fails.get(form.name.split("_")[0])
        if reason is not None and not full:
            continue  # whether an exporter fails can depend on what it exported before: only `make zoo` tries
        folder = root / f"{entry.name}_{form.name}"
        folder.mkdir()
        try:
            export(entry, module, runs[0][0], form, folder / "model.onnx")
        except Exception:  # an exporter has no errors of its own
            shutil.rmtree(folder)
            if reason is None:
                raise
            continue
        if reason is not None:
            raise ValueError(f"{entry.name}: {form.name} works, but fails by its entry: {reason}")
        graph = onnx.load(folder / "model.onnx").graph
        for case, (inputs, outputs) in enumerate(runs if form.dynamic else runs[:1]):
            data_set = folder / f"test_data_set_{case}"
            data_set.mkdir()
            write_side(data_set, "input", inputs, graph.input, entry.input_names)
            write_side(data_set, "output", outputs, graph.output, entry.output_names)
        lines.append(Line(folder.name, entry.tolerance, entry.note))
    return lines
