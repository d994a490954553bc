"""What the tests share. They run on the package of the build folder (PYTHONPATH), from any working directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
SAMPLER = ROOT / "models" / "activation_sampler"


@pytest.fixture
def sampler_path():
    """4 x 100 (batch open) -> Linear, ReLU, Linear, Tanh, Linear, Softmax -> 4 x 5; input "x", output "softmax"."""
    return str(SAMPLER / "dynamo_dynamic.onnx")


@pytest.fixture
def sampler_input():
    return np.load(SAMPLER / "input.npy")


@pytest.fixture
def sampler_output():
    """PyTorch's."""
    return np.load(SAMPLER / "output.npy")


def make_model(nodes, inputs, outputs, initializers=(), opset=20, **attributes):
    """A ModelProto; inputs and outputs are (name, ONNX element type, shape)."""
    graph = helper.make_graph(
        nodes,
        "made_by_a_test",
        [helper.make_tensor_value_info(*info) for info in inputs],
        [helper.make_tensor_value_info(*info) for info in outputs],
        [numpy_helper.from_array(array, name) for name, array in dict(initializers).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10, **attributes)


def relu_model(kind=TensorProto.FLOAT, shape=("n", 3), name="x"):
    return make_model([helper.make_node("Relu", [name], ["y"])], [(name, kind, shape)], [("y", kind, shape)])


@pytest.fixture
def two_output_model():
    """sum = a + b, product = a * b, of shape [n, 2]."""
    shape = ("n", 2)
    return make_model(
        [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Mul", ["a", "b"], ["product"])],
        [("a", TensorProto.FLOAT, shape), ("b", TensorProto.FLOAT, shape)],
        [("sum", TensorProto.FLOAT, shape), ("product", TensorProto.FLOAT, shape)],
    )


def wide_network(path, width, layers):
    """Writes a chain of MatMul + Relu of `width` with input "x" [batch, width] and output "y"; returns the path."""
    generator = np.random.default_rng(3)
    scale = np.float32(1 / np.sqrt(width))
    weights = {f"w{i}": generator.standard_normal((width, width), dtype=np.float32) * scale for i in range(layers)}
    nodes, value = [], "x"
    for i in range(layers):
        nodes.append(helper.make_node("MatMul", [value, f"w{i}"], [f"m{i}"]))
        value = "y" if i == layers - 1 else f"r{i}"
        nodes.append(helper.make_node("Relu", [f"m{i}"], [value]))
    shape = ("batch", width)
    model = make_model(nodes, [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)], weights)
    onnx.save(model, path)
    return str(path)


def run_script(source, *arguments, timeout=120):
    """Runs a script in an interpreter of its own; its CompletedProcess."""
    return subprocess.run(
        [sys.executable, "-c", source, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ,
        check=False,
    )
