"""What is tested: nodes, the arrays that they read, and the models that these can be written as."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray


@dataclass
class Case:
    """A graph with all its data. `arrays` are what no node makes, in the order in which nodes read them."""

    opset: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    def operators(self) -> list[str]:
        return [node.op_type for node in self.nodes]


@dataclass(frozen=True)
class Writing:
    """How the arrays of a case stand in its model."""

    constants: str = "none"  # which are initializers: "none", "rest" (all but the first) or "all"
    sizes: str = "static"  # dimensions of inputs: "static" numbers or "open" names, a name of its own for each


def element_type(dtype: np.dtype) -> int:
    return TensorProto.STRING if dtype == object else helper.np_dtype_to_tensor_dtype(dtype)


def to_tensor(array: Array, name: str) -> onnx.TensorProto:
    if array.dtype == object:
        texts = [str(text).encode() for text in array.reshape(-1)]
        return helper.make_tensor(name, TensorProto.STRING, array.shape, texts)
    return numpy_helper.from_array(array, name)


def to_model(case: Case, writing: Writing = Writing()) -> onnx.ModelProto:
    """Outputs have no declared type: whoever loads the model has to infer it."""
    constant = {name for index, name in enumerate(case.arrays) if is_constant(index, writing)}
    inputs = []
    for name, array in case.arrays.items():
        if name in constant:
            continue
        dims = [f"{name}_{axis}" for axis in range(array.ndim)] if writing.sizes == "open" else list(array.shape)
        inputs.append(helper.make_tensor_value_info(name, element_type(array.dtype), dims))
    graph = helper.make_graph(
        case.nodes,
        "random",
        inputs,
        [onnx.ValueInfoProto(name=name) for name in case.outputs],
        [to_tensor(case.arrays[name], name) for name in case.arrays if name in constant],
    )
    domains = sorted({node.domain for node in case.nodes} - {""})
    imports = [helper.make_opsetid("", case.opset)] + [helper.make_opsetid(domain, 4) for domain in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=onnx.IR_VERSION, producer_name="random")


def is_constant(index: int, writing: Writing) -> bool:
    return writing.constants == "all" or (writing.constants == "rest" and index > 0)


def checked(case: Case) -> onnx.ModelProto:
    """The model with the types that ONNX infers for its outputs. Errors: those of ONNX, where it is not valid."""
    model = onnx.shape_inference.infer_shapes(to_model(case), check_type=True, strict_mode=True, data_prop=True)
    for output in model.graph.output:
        output.type.tensor_type.shape.SetInParent()  # which ONNX's checker wants, whatever is in it
    onnx.checker.check_model(model)
    return model
