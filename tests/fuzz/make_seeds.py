#!/usr/bin/env python3
"""Writes the fuzzers' seeds: small models that use what the committed ones in models/ do not.

    python3 tests/fuzz/make_seeds.py [FOLDER]     default: seeds/ beside this script
"""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def model(nodes, inputs, outputs, initializers=(), functions=(), opset=17, ir_version=8, domains=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(
        graph, opset_imports=imports, functions=list(functions), ir_version=ir_version, producer_name="seeds"
    )


def value(name, dims, element=FLOAT):
    return helper.make_tensor_value_info(name, element, dims)


def functions():
    inner = helper.make_function(
        "d", "inner", ["a"], ["r"], [helper.make_node("Relu", ["a"], ["r"])], [helper.make_opsetid("", 17)]
    )
    leaky = helper.make_node("LeakyRelu", ["a"], ["t"])
    reference = leaky.attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "alpha", "slope", 1
    outer = helper.make_function(
        "d",
        "outer",
        ["a"],
        ["r"],
        [leaky, helper.make_node("inner", ["t"], ["r"], domain="d")],
        [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)],
        attributes=["slope"],
    )
    call = helper.make_node("outer", ["x"], ["y"], domain="d", slope=0.25)
    return model([call], [value("x", ["n", 3])], [value("y", ["n", 3])], functions=[inner, outer], domains=["d"])


def typed_data():
    tensors = [
        helper.make_tensor("f", FLOAT, [2], [1.0, 2.0]),
        helper.make_tensor("i", TensorProto.INT64, [1], [-1]),
        helper.make_tensor("h", TensorProto.FLOAT16, [2], [1.0, 2.0]),
        helper.make_tensor("b", TensorProto.BOOL, [2], [True, False]),
    ]
    nodes = [
        helper.make_node("Add", ["x", "f"], ["s"]),
        helper.make_node("Reshape", ["s", "i"], ["y"]),
        helper.make_node("Cast", ["h"], ["c"], to=FLOAT),
        helper.make_node("Identity", ["b"], ["z"]),
    ]
    outputs = [value("y", [2]), value("c", [2]), value("z", [2], TensorProto.BOOL)]
    return model(nodes, [value("x", [1, 2])], outputs, tensors)


def shape_arithmetic():
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["n"], axis=0),
        helper.make_node("Concat", ["n", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["r"]),
        helper.make_node("Slice", ["r", "zero", "one", "one"], ["y"]),
    ]
    tensors = [
        numpy_helper.from_array(np.array([0], np.int64), "zero"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array([-1], np.int64), "rest"),
    ]
    return model(nodes, [value("x", ["n", 2, 2])], [value("y", None)], tensors)


def layers():
    weights = np.arange(6, dtype=np.float32).reshape(3, 2)
    ones = np.ones(2, np.float32)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["g"], alpha=0.5, transB=0),
        helper.make_node("BatchNormalization", ["g", "b", "b", "b", "b"], ["n"]),
        helper.make_node("LayerNormalization", ["n", "b"], ["l"], axis=-1),
        helper.make_node("Dropout", ["l"], ["d"]),
        helper.make_node("HardSwish", ["d"], ["s"]),
        helper.make_node("Softmax", ["s"], ["y"], axis=1),
    ]
    tensors = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(ones, "b")]
    return model(nodes, [value("x", ["n", 3])], [value("y", ["n", 2])], tensors)


def subgraphs():
    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "branch", [], [value("t", [2])])
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    return model([node], [value("c", [], TensorProto.BOOL), value("x", [2])], [value("y", [2])])


def old_opset():
    nodes = [helper.make_node("Add", ["x", "b"], ["y"], broadcast=1)]
    bias = numpy_helper.from_array(np.ones(2, np.float32), "b")
    return model(nodes, [value("x", [2, 2]), value("b", [2])], [value("y", [2, 2])], [bias], opset=6, ir_version=3)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds"
    folder.mkdir(parents=True, exist_ok=True)
    for make in (functions, typed_data, shape_arithmetic, layers, subgraphs, old_opset):
        (folder / f"{make.__name__}.onnx").write_bytes(make().SerializeToString())


if __name__ == "__main__":
    main()
