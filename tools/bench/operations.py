"""The multiply-adds of a network, node by node."""

from __future__ import annotations

import math
from pathlib import Path

Shapes = dict[str, tuple[int, ...]]


def _shapes(model) -> Shapes:
    """Of every value whose sizes are all known."""
    from onnx import numpy_helper, shape_inference

    shapes: Shapes = {constant.name: tuple(constant.dims) for constant in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            shapes[node.output[0]] = numpy_helper.to_array(node.attribute[0].t).shape
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    for value in [*graph.input, *graph.value_info, *graph.output]:
        if value.type.tensor_type.HasField("shape"):
            sizes = tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
            if all(sizes):
                shapes[value.name] = sizes
    return shapes


def _of_node(node, shapes: Shapes) -> int:
    """Operations of a product or a convolution, as a direct sum has them; 0 for any other node, and where a shape is not
    known."""
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    x, w, y = (shapes.get(name) for name in (node.input[0], node.input[1], node.output[0]))
    if not x or not w or not y:
        return 0
    if node.op_type == "Conv":
        return 2 * math.prod(y) * math.prod(w[1:])
    if node.op_type == "ConvTranspose":
        return 2 * math.prod(x) * math.prod(w[1:])
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return 2 * math.prod(y) * (x[0] if transposed else x[-1])


def operations(path: Path) -> dict[str, int]:
    """Floating-point operations by the name of the node, two for a multiply-add; of products and convolutions alone,
    outside of loops and branches."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    shapes = _shapes(model)
    found = {node.name: _of_node(node, shapes) for node in model.graph.node}
    return {name: count for name, count in found.items() if count > 0}


def weights_bytes(path: Path) -> int:
    """Bytes of the constants of more than one axis: what a run reads beside its inputs."""
    import onnx

    constants = onnx.load(path, load_external_data=False).graph.initializer
    sizes = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.INT64: 8}
    return sum(math.prod(one.dims) * sizes.get(one.data_type, 0) for one in constants if len(one.dims) > 1)
