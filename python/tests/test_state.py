"""States: outputs that are inputs of the next run."""

import linnet
import numpy as np
import pytest
from conftest import make_model
from onnx import TensorProto, helper


def recurrence():
    """y = h + x, h2 = 2 * h + x."""
    return make_model(
        [
            helper.make_node("Add", ["h", "x"], ["y"]),
            helper.make_node("Add", ["h", "y"], ["h2"]),
        ],
        [
            ("h", TensorProto.FLOAT, ["batch", 2]),
            ("x", TensorProto.FLOAT, ["batch", 2]),
        ],
        [
            ("y", TensorProto.FLOAT, ["batch", 2]),
            ("h2", TensorProto.FLOAT, ["batch", 2]),
        ],
    )


def test_a_binding_keeps_its_states():
    model = linnet.load(recurrence().SerializeToString(), states={"h": "h2"})
    assert [info.name for info in model.inputs] == ["x"]
    binding = model.binding()
    x = np.ones((1, 2), np.float32)
    y = np.empty((1, 2), np.float32)
    binding.bind_input("x", x)
    binding.bind_output("y", y)
    seen = []
    for _ in range(4):
        binding.run()
        seen.append(float(y[0, 0]))
    assert seen == [1, 2, 4, 8]
    binding.reset()
    binding.run()
    assert y[0, 1] == 1


def test_a_run_of_the_model_begins_with_zeros():
    model = linnet.load(recurrence().SerializeToString(), states={"h": "h2"})
    for _ in range(3):
        assert model.run({"x": np.ones((3, 2), np.float32)})["h2"].tolist() == [[1, 1]] * 3


def test_wrong_states_are_named():
    with pytest.raises(linnet.InvalidArgument, match='a state names the input "g", which the model does not have'):
        linnet.load(recurrence().SerializeToString(), states={"g": "h2"})
