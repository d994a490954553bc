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


def one_node(op, inputs, outputs, tensors=(), opset=17, domain="", **attributes):
    """A node, which also reads the constants `tensors`."""
    names = [info.name for info in inputs] + [name for name, _ in tensors]
    node = helper.make_node(op, names, [info.name for info in outputs], domain=domain, **attributes)
    constants = [numpy_helper.from_array(array, name) for name, array in tensors]
    return model([node], inputs, outputs, constants, opset=opset, domains=[domain] if domain else ())


def column_to_image():
    tensors = [("image", np.array([3, 3], np.int64)), ("block", np.array([2, 2], np.int64))]
    return one_node("Col2Im", [value("x", [1, 4, 4])], [value("y", None)], tensors, opset=18)


def drawn():
    nodes = [
        helper.make_node("RandomNormal", [], ["n"], shape=[2, 3], seed=1.0),
        helper.make_node("RandomUniform", [], ["u"], shape=[2, 3], seed=2.0),
        helper.make_node("Add", ["n", "u"], ["s"]),
        helper.make_node("Multinomial", ["x"], ["y"], sample_size=4, seed=3.0),
    ]
    return model(nodes, [value("x", [2, 3])], [value("s", [2, 3]), value("y", [2, 4], TensorProto.INT32)])


def mel_weights():
    tensors = [("bins", np.array(4, np.int64)), ("length", np.array(16, np.int64)), ("rate", np.array(8000, np.int64))]
    tensors += [("low", np.array(0, np.float32)), ("high", np.array(4000, np.float32))]
    inputs = [value("x", [9, 4])]
    mel = helper.make_node("MelWeightMatrix", [name for name, _ in tensors], ["w"])
    constants = [numpy_helper.from_array(array, name) for name, array in tensors]
    add = helper.make_node("Add", ["x", "w"], ["y"])
    return model([mel, add], inputs, [value("y", [9, 4])], constants)


def regions():
    rois = np.array([[0, 0, 0, 2, 2], [0, 1, 1, 3, 3]], np.float32)
    return one_node(
        "MaxRoiPool", [value("x", [1, 2, 4, 4])], [value("y", None)], [("rois", rois)], pooled_shape=[2, 2]
    )


def upsampled():
    scales = [("scales", np.array([1, 1, 2, 2], np.float32))]
    return one_node("Upsample", [value("x", [1, 1, 2, 3])], [value("y", None)], scales, opset=9, mode="linear")


def sequences():
    nodes = [
        helper.make_node("SequenceConstruct", ["x", "x", "z"], ["s"]),
        helper.make_node("SequenceErase", ["s", "zero"], ["t"]),
        helper.make_node("ConcatFromSequence", ["t"], ["y"], axis=0),
    ]
    zero = numpy_helper.from_array(np.array(0, np.int64), "zero")
    return model(nodes, [value("x", [2]), value("z", [2])], [value("y", None)], [zero])


def quantised_products():
    bytes_of = numpy_helper.from_array(np.arange(6, dtype=np.uint8).reshape(3, 2), "w")
    scale = numpy_helper.from_array(np.array(0.5, np.float32), "scale")
    packed = numpy_helper.from_array(np.arange(16, dtype=np.uint8).reshape(2, 1, 8), "packed")
    scales = numpy_helper.from_array(np.ones((2, 1), np.float32), "scales")
    nodes = [
        helper.make_node("DynamicQuantizeMatMul", ["x", "w", "scale"], ["y"], domain="com.microsoft"),
        helper.make_node("MatMulIntegerToFloat", ["b", "w", "scale", "scale"], ["z"], domain="com.microsoft"),
        helper.make_node(
            "MatMulNBits", ["v", "packed", "scales"], ["t"], domain="com.microsoft", K=16, N=2, bits=4, block_size=16
        ),
    ]
    inputs = [value("x", [2, 3]), value("b", [2, 3], TensorProto.UINT8), value("v", [1, 16])]
    outputs = [value("y", [2, 2]), value("z", [2, 2]), value("t", [1, 2])]
    return model(nodes, inputs, outputs, [bytes_of, scale, packed, scales], domains=["com.microsoft"])


def learned():
    machine = {
        "kernel_type": "RBF", "kernel_params": [0.5, 0.0, 3.0], "coefficients": [1.0, -1.0], "rho": [0.25]
    }
    regressor = helper.make_node(
        "SVMRegressor", ["x"], ["a"], domain="ai.onnx.ml", n_supports=2, support_vectors=[0.0, 1.0, 1.0, 0.0], **machine
    )
    classifier = helper.make_node(
        "SVMClassifier", ["x"], ["b", "c"], domain="ai.onnx.ml", classlabels_ints=[0, 1], vectors_per_class=[1, 1],
        support_vectors=[0.0, 1.0, 1.0, 0.0], **machine
    )
    trees = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["d", "e"], domain="ai.onnx.ml", classlabels_int64s=[0, 1],
        class_ids=[0, 1], class_nodeids=[1, 2], class_treeids=[0, 0], class_weights=[1.0, 1.0],
        nodes_falsenodeids=[2, 0, 0], nodes_featureids=[0, 0, 0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_nodeids=[0, 1, 2], nodes_treeids=[0, 0, 0], nodes_truenodeids=[1, 0, 0], nodes_values=[0.5, 0.0, 0.0]
    )
    encoder = helper.make_node("OneHotEncoder", ["k"], ["f"], domain="ai.onnx.ml", cats_int64s=[0, 1, 2])
    mapper = helper.make_node(
        "CategoryMapper", ["k"], ["g"], domain="ai.onnx.ml", cats_int64s=[0, 1], cats_strings=["a", "b"]
    )
    integer = TensorProto.INT64
    outputs = [value("a", [2, 1]), value("b", [2], integer), value("c", [2, 2]), value("d", [2], integer)]
    outputs += [value("e", [2, 2]), value("f", None), value("g", [3], TensorProto.STRING)]
    nodes = [regressor, classifier, trees, encoder, mapper]
    return model(nodes, [value("x", [2, 2]), value("k", [3], integer)], outputs, domains=["ai.onnx.ml"])


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "seeds"
    folder.mkdir(parents=True, exist_ok=True)
    for make in (
        functions, typed_data, shape_arithmetic, layers, subgraphs, old_opset, column_to_image, drawn, mel_weights,
        regions, upsampled, sequences, quantised_products, learned
    ):
        (folder / f"{make.__name__}.onnx").write_bytes(make().SerializeToString())


if __name__ == "__main__":
    main()
