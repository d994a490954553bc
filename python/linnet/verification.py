"""Compares an exported model with eager PyTorch, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from linnet.comparison import Comparison, compare
from linnet.errors import InvalidArgument
from linnet.layers import LayerCall, nodes_of_layer, record_calls, values_of_calls
from linnet.model import load
from linnet.torch_export import Source, evaluating, export, load_program, source_of


@dataclass(frozen=True)
class LayerResult:
    """A layer's output in Linnet beside PyTorch's."""

    path: str
    """As in ``module.named_modules()``; "" for the module itself."""
    kind: str
    """The layer's class."""
    call: int
    """Which call of the layer, from 0."""
    value: str
    """The ONNX value that holds the output."""
    comparison: Comparison

    @property
    def name(self) -> str:
        name = self.path or "(the module)"
        return f"{name} ({self.kind})" + (f", call {self.call + 1}" if self.call else "")


@dataclass(frozen=True)
class VerifyReport:
    """What :func:`linnet.verify` found; ``print(report)`` tells it."""

    outputs: list[tuple[str, Comparison]]
    """The model's outputs beside PyTorch's."""
    layers: list[LayerResult]
    """Layers whose output could be told from the exported graph, in the order in which they ran in PyTorch. Empty when
    the outputs agree."""
    first_divergent: LayerResult | None = None
    """The first layer whose output differs; None when all agree."""
    detail: str = ""
    """What is known of the place within that layer."""

    @property
    def passed(self) -> bool:
        return all(comparison.passed for _, comparison in self.outputs)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        lines = [f"{'ok  ' if c.passed else 'FAIL'} output {name}: {c}" for name, c in self.outputs]
        if self.first_divergent is not None:
            lines.append(f"first layer that differs: {self.first_divergent.name}, value {self.first_divergent.value}")
            lines.append(f"  {self.first_divergent.comparison}")
        if self.detail:
            lines.append(f"  {self.detail}")
        if self.layers:
            lines.append("layers, in order:")
            lines += [f"  {'ok  ' if r.comparison.passed else 'FAIL'} {r.name}: {r.comparison}" for r in self.layers]
        return "\n".join(lines)


class _Checker:
    """The exported model, and what eager PyTorch computed."""

    def __init__(self, program: Any, source: Source, options: dict[str, Any], rtol: Any, atol: Any) -> None:
        from torch.export._tree_utils import reorder_kwargs
        from torch.utils import _pytree

        self.program = program
        self.proto = program.model_proto
        self.graph = self.proto.graph
        kwargs = reorder_kwargs(source.kwargs, program.exported_program.call_spec.in_spec)
        self.arguments = _pytree.tree_leaves((source.args, kwargs))
        tensors = [leaf for leaf in self.arguments if hasattr(leaf, "numpy")]
        names = [value.name for value in self.graph.input]
        if len(names) != len(tensors):
            raise InvalidArgument(f"{len(tensors)} tensors given, the exported model has the inputs {', '.join(names)}")
        self.feed = {name: _numpy(tensor) for name, tensor in zip(names, tensors)}
        self.options = options
        self.rtol, self.atol = rtol, atol

    def compare(self, actual: Any, expected: Any) -> Comparison:
        return compare(actual, _numpy(expected), self.rtol, self.atol)

    def run_with(self, wanted: dict[str, Any], keep_outputs: bool) -> dict[str, Any]:
        """The values named, by a model that gives them as outputs; `wanted` maps them to tensors of their dtype."""
        import onnx

        changed = onnx.ModelProto()
        changed.CopyFrom(self.proto)
        present = {output.name for output in changed.graph.output}
        if not keep_outputs:
            del changed.graph.output[:]
            present = set()
        for name, tensor in wanted.items():
            if name not in present:
                kind = onnx.helper.np_dtype_to_tensor_dtype(_numpy(tensor).dtype)
                changed.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
        return load(changed, **self.options).run(self.feed, list(wanted))


def _numpy(tensor: Any) -> np.ndarray[Any, Any]:
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if str(tensor.dtype) == "torch.bfloat16":
        import ml_dtypes
        import torch

        array: np.ndarray[Any, Any] = tensor.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
        return array
    plain: np.ndarray[Any, Any] = tensor.numpy()
    return plain


def _candidates(checker: _Checker, calls: list[LayerCall]) -> list[tuple[LayerCall, str, Any]]:
    """(call, value, expected tensor) wherever the graph says which value a layer's output is."""
    found = []
    kinds = {value.name: value.type.tensor_type for value in checker.graph.value_info}
    kinds.update({value.name: value.type.tensor_type for value in checker.graph.output})
    for call, values in zip(calls, values_of_calls(checker.graph, calls)):
        fitting = [name for name in values if name in kinds]
        if len(fitting) > len(call.outputs):
            # A layer's inner values that others use as well; its own result comes last.
            fitting = fitting[len(fitting) - len(call.outputs) :]
        if len(fitting) != len(call.outputs):
            continue
        for name, tensor in zip(fitting, call.outputs):
            rank = len(kinds[name].shape.dim) if kinds[name].HasField("shape") else tensor.dim()
            if rank == tensor.dim():
                found.append((call, name, tensor))
    return found


def _result(call: LayerCall, value: str, comparison: Comparison) -> LayerResult:
    return LayerResult(call.path, call.kind, call.call, value, comparison)


def _bisect(checker: _Checker, candidates: list[tuple[LayerCall, str, Any]]) -> LayerResult:
    """The first candidate that differs when it is the only output, so that the graph before it is optimised as usual.
    Requires: the last one differs then."""

    def look(index: int) -> LayerResult:
        call, value, tensor = candidates[index]
        made = checker.run_with({value: tensor}, keep_outputs=False)
        return _result(call, value, checker.compare(made[value], tensor))

    low, high = 0, len(candidates) - 1  # the first that differs lies in [low, high]
    found = look(high)
    while low < high:
        middle = (low + high) // 2
        result = look(middle)
        if result.comparison.passed:
            low = middle + 1
        else:
            high, found = middle, result
    return found


def _detail(checker: _Checker, layer: LayerResult) -> str:
    """Which of the layer's nodes differs from PyTorch's run of the exported program, or that the program itself does."""
    import torch

    values: dict[str, Any] = {}

    class Recorder(torch.fx.Interpreter):  # type: ignore[misc]
        def run_node(self, n: Any) -> Any:
            result = super().run_node(n)
            if isinstance(result, torch.Tensor):
                values[n.name] = result.detach().clone()
            return result

    exported = checker.program.exported_program
    with torch.no_grad():
        Recorder(exported.module(check_guards=False)).run(*checker.arguments)
    nodes = nodes_of_layer(checker.graph, layer.path)
    wanted = {name: values[name] for node in nodes for name in node.output if name in values}
    made = checker.run_with(wanted, keep_outputs=True) if wanted else {}
    for node in nodes:
        for name in node.output:
            if name not in made:
                continue
            comparison = checker.compare(made[name], values[name])
            if not comparison.passed:
                return f"first node that differs from the exported program in PyTorch: {node.op_type} -> {name}: {comparison}"
    return "Linnet agrees with the exported program run by PyTorch: the export differs from the module"


def verify(
    module: Any,
    example_inputs: Any = None,
    dynamic_shapes: Any = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    **options: Any,
) -> VerifyReport:
    """Exports a module, runs it in Linnet, and compares with eager PyTorch on the same inputs.

    Where an output differs, the layers' outputs are compared in the order in which they ran, and the report names the
    first that differs, with absolute and ULP figures. When that needs the graph as it is optimised (nothing differs as
    soon as all layers' outputs are looked at), the layers are bisected one at a time.

    ``rtol``, ``atol``: an element differs when |actual - expected| > atol + rtol * |expected|; by default they depend on
    the dtype (float32: 1e-4 and 1e-5). With both 0 the first difference at all is found: Linnet and PyTorch sum in
    different orders, so there is one in most networks. ``options``: those of
    :func:`linnet.load`. Other arguments and errors: as :func:`linnet.from_torch`.
    """
    source = source_of(module, example_inputs, kwargs, dynamic_shapes)
    program = export(source, dynamic_shapes)
    with evaluating(source.parts):
        calls = record_calls(source.module, source.args, source.kwargs)
    checker = _Checker(program, source, options, rtol, atol)
    model = load_program(program, options)
    expected = calls[-1].outputs
    if len(expected) != len(model.outputs):
        raise InvalidArgument(f"the module returns {len(expected)} tensors, the exported model {len(model.outputs)}")
    made = model.run(checker.feed)
    outputs = [(info.name, checker.compare(made[info.name], e)) for info, e in zip(model.outputs, expected)]
    if all(comparison.passed for _, comparison in outputs):
        return VerifyReport(outputs, [])

    candidates = _candidates(checker, calls)
    values = checker.run_with({name: tensor for _, name, tensor in candidates}, keep_outputs=True)
    layers = [_result(call, name, checker.compare(values[name], tensor)) for call, name, tensor in candidates]
    first = next((layer for layer in layers if not layer.comparison.passed), None)
    if first is None:
        first = _bisect(checker, [c for c in candidates if c[0].path or c[1] in _failing(outputs)])
        return VerifyReport(outputs, layers, first, "it differs only where the graph before it is optimised (fused)")
    return VerifyReport(outputs, layers, first, _detail(checker, first))


def _failing(outputs: list[tuple[str, Comparison]]) -> set[str]:
    return {name for name, comparison in outputs if not comparison.passed}
