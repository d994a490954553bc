"""If, Loop and Scan around one or two nodes; NonMaxSuppression and what else data decides."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from draw import Draw
from recipes.table import recipe

FUNCTIONS = ("Relu", "Neg", "Abs", "Exp", "Sigmoid", "Floor")


def value(name: str, kind: int, shape: tuple[int, ...]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


@recipe("If")
def branches(g: Draw, op: str) -> None:
    x = g.tensor(["float32"])
    graphs = []
    for name in ("then", "else"):
        node = helper.make_node(g.one_of(FUNCTIONS), [x], [f"{name}_{len(g.values)}"])
        result = value(node.output[0], TensorProto.FLOAT, g.values[x].shape)
        graphs.append(helper.make_graph([node], name, [], [result]))
    g.node(op, [g.array(np.array(g.coin()))], then_branch=graphs[0], else_branch=graphs[1])


@recipe("Loop")
def loop(g: Draw, op: str) -> None:
    start = g.tensor(["float32"], ranks=(0, 2), least=-1, most=1)
    added = g.tensor(["float32"], g.values[start].shape)
    shape = g.values[start].shape
    state, total, piece = (value(name, TensorProto.FLOAT, shape) for name in ("state", "sum", "piece"))
    nodes = [
        helper.make_node("Identity", ["more"], ["goes_on"]),
        helper.make_node("Add", ["state", added], ["sum"]),
        helper.make_node(g.one_of(FUNCTIONS[:3]), ["sum"], ["piece"]),
    ]
    body = helper.make_graph(
        nodes,
        "body",
        [value("i", TensorProto.INT64, ()), value("more", TensorProto.BOOL, ()), state],
        [value("goes_on", TensorProto.BOOL, ()), total, piece],
    )
    trips = g.array(np.array(g.integer(1, 4), np.int64))
    condition = g.array(np.array(True)) if g.coin() else ""
    g.node(op, [trips, condition, start], 2, body=body)


@recipe("Scan")
def scan(g: Draw, op: str) -> None:
    row = g.shape(0, 2, least=1)
    start = g.tensor(["float32"], row)
    rows = g.tensor(["float32"], (g.integer(1, 4), *row))
    nodes = [helper.make_node(g.one_of(["Add", "Sub", "Max"]), ["state", "row"], ["sum"])]
    nodes.append(helper.make_node("Identity", ["sum"], ["piece"]))
    body = helper.make_graph(
        nodes,
        "body",
        [value("state", TensorProto.FLOAT, row), value("row", TensorProto.FLOAT, row)],
        [value("sum", TensorProto.FLOAT, row), value("piece", TensorProto.FLOAT, row)],
    )
    back = g.coin(0.3)
    g.node(op, [start, rows], 2, body=body, num_scan_inputs=1, scan_input_directions=[1] if back else None)


@recipe("NonMaxSuppression")
def non_max_suppression(g: Draw, op: str) -> None:
    batch, boxes, classes = g.integer(1, 2), g.integer(1, 8), g.integer(1, 2)
    corners = np.sort(g.random.uniform(0, 4, (batch, boxes, 2, 2)), axis=2).reshape(batch, boxes, 4)
    scores = g.random.permutation(batch * classes * boxes).reshape(batch, classes, boxes) / 16
    names = [g.array(corners.astype(np.float32)), g.array(scores.astype(np.float32))]
    names.append(g.integers([g.integer(1, 5)]))
    names.append(g.array(np.array([g.one_of([0.25, 0.5])], np.float32)))
    if g.coin():
        names.append(g.array(np.array([0.25], np.float32)))
    g.node(op, names, center_point_box=g.one_of([None, 0, 1]))
