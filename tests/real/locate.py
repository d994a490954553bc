"""Finds the first node whose output differs although its inputs agree, and keeps it as a test of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from agreement import describe, difference
from onnx import helper, numpy_helper
from runtimes import run_onnxruntime

Array = np.ndarray
Arrays = dict[str, Array]


def first_difference(
    model: Path, inputs: Arrays, run_linnet: Callable[[Path], Arrays], tolerance: float, folder: Path
) -> str:
    """In words. The node is written to the folder in ONNX's test layout, with its inputs and what it should give:
    `linnet test` runs it. Every inner value becomes an output for this, which keeps Linnet's optimisations away from
    them. Values inside subgraphs are not looked at. Errors: PeerError, Refused, Broken."""
    whole = onnx.load(model)
    nodes = list(whole.graph.node)
    expected, actual = _inner_values(whole, inputs, run_linnet)
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in whole.graph.initializer} | inputs | expected
    for node in nodes:
        for name in filter(None, node.output):
            if difference(expected[name], actual[name]) > tolerance:
                write_test(whole, node, values, folder)
                return f"{describe_node(node, values)}: {describe(expected[name], actual[name])}; kept in {folder}"
    return "with every inner value as an output they agree: an optimisation is wrong, or what is between two nodes"


def _inner_values(
    whole: onnx.ModelProto, inputs: Arrays, run_linnet: Callable[[Path], Arrays]
) -> tuple[Arrays, Arrays]:
    """All that nodes of the main graph give, by ONNX Runtime and by Linnet. Adds to the model."""
    outputs = list(whole.graph.output)
    known = {output.name for output in outputs}
    names = [name for node in whole.graph.node for name in node.output if name and name not in known]
    # Exporters' names may be too long for files.
    copies = {f"inner_{index}": name for index, name in enumerate(names)}
    whole.graph.node.extend(helper.make_node("Identity", [name], [copy]) for copy, name in copies.items())
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.onnx"
        whole.graph.output.extend(onnx.ValueInfoProto(name=copy) for copy in copies)
        onnx.save(whole, path)
        expected = run_onnxruntime(path, inputs)
        # Linnet wants to know the types.
        del whole.graph.output[:]
        whole.graph.output.extend([*outputs, *(_declared(copy, expected[copy]) for copy in copies)])
        onnx.save(whole, path)
        actual = run_linnet(path)
    return _renamed(expected, copies), _renamed(actual, copies)


def _renamed(arrays: Arrays, names: dict[str, str]) -> Arrays:
    return {names.get(name, name): array for name, array in arrays.items()}


def _declared(name: str, array: Array) -> onnx.ValueInfoProto:
    """Of this type and rank, and of any size."""
    element = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, element, [None] * array.ndim)


def describe_node(node: onnx.NodeProto, values: Arrays) -> str:
    """Operator, name, shapes and attributes."""
    shapes = [f"{values[name].dtype}{list(values[name].shape)}" if name in values else "-" for name in node.input]
    attributes = [helper.printable_attribute(attribute) for attribute in node.attribute]
    return f'{node.op_type} "{node.name}" of {", ".join(shapes)} with {", ".join(attributes) or "no attributes"}'


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Names of inputs, and those in the node's subgraphs: the graph's own and what they take from outside."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _reads(inner)
        yield from (output.name for output in attribute.g.output)


def write_test(model: onnx.ModelProto, node: onnx.NodeProto, values: Arrays, folder: Path) -> None:
    """A model of this node alone, with what it reads and should give."""
    reads = [name for name in dict.fromkeys(_reads(node)) if name in values]
    gives = [name for name in node.output if name]
    graph = helper.make_graph(
        [node],
        "node",
        [_declared(name, values[name]) for name in reads],
        [_declared(name, values[name]) for name in gives],
    )
    alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    onnx.save(alone, folder / "model.onnx")
    for kind, names in (("input", reads), ("output", gives)):
        for index, name in enumerate(names):
            tensor = numpy_helper.from_array(np.asarray(values[name]), name)
            (data / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())
