"""If, Loop and Scan of values: their graphs are run node by node, as the graph around them is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

Values = dict[str, Any]
# The outputs of a body's node, of values by name.
Evaluate = Callable[[onnx.NodeProto, Values], list[Any]]

OPERATORS = frozenset({"If", "Loop", "Scan"})


def run_control(node: onnx.NodeProto, values: Values, evaluate: Evaluate) -> list[Any]:
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    inputs = [values.get(name) for name in node.input]
    if node.op_type == "If":
        branch = attributes["then_branch" if bool(inputs[0]) else "else_branch"]
        return run_body(branch, values, [], evaluate)
    if node.op_type == "Loop":
        return loop(attributes["body"], values, inputs, evaluate)
    return scan(attributes, values, inputs, evaluate)


def run_body(graph: onnx.GraphProto, around: Values, inputs: list[Any], evaluate: Evaluate) -> list[Any]:
    values = {**around, **{port.name: value for port, value in zip(graph.input, inputs)}}
    for node in graph.node:
        values.update(zip(node.output, evaluate(node, values)))
    return [values[port.name] for port in graph.output]


def loop(body: onnx.GraphProto, around: Values, inputs: list[Any], evaluate: Evaluate) -> list[Any]:
    trips, goes_on, *states = inputs
    pieces: list[list[Any]] = []
    trip = 0
    while (trips is None or trip < int(trips)) and (goes_on is None or bool(goes_on)):
        given = [np.array(trip), np.array(goes_on is None or goes_on), *states]
        goes_on, *made = run_body(body, around, given, evaluate)
        states = made[: len(states)]
        pieces.append(made[len(states) :])
        trip += 1
    return states + [np.stack(column) for column in zip(*pieces)]


def scan(attributes: dict[str, Any], around: Values, inputs: list[Any], evaluate: Evaluate) -> list[Any]:
    """Along the first axis only."""
    count = attributes["num_scan_inputs"]
    states, rows = inputs[:-count], inputs[-count:]
    backwards = attributes.get("scan_input_directions", [0] * count)
    rows = [np.flip(array, 0) if back else array for array, back in zip(rows, backwards)]
    pieces: list[list[Any]] = []
    for step in range(len(rows[0])):
        made = run_body(attributes["body"], around, states + [array[step] for array in rows], evaluate)
        states = made[: len(states)]
        pieces.append(made[len(states) :])
    return states + [np.stack(column) for column in zip(*pieces)]
