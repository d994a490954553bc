"""Models whose shapes data decides: results are arrays of their own size."""

import linnet
import numpy as np
import pytest
import torch
from conftest import make_model
from onnx import TensorProto, helper


@pytest.fixture
def positives():
    """The indices of what is positive, and twice x."""
    return make_model(
        [
            helper.make_node("Greater", ["x", "zero"], ["positive"]),
            helper.make_node("NonZero", ["positive"], ["indices"]),
            helper.make_node("Add", ["x", "x"], ["twice"]),
        ],
        [("x", TensorProto.FLOAT, ["n"])],
        [("indices", TensorProto.INT64, [1, "k"]), ("twice", TensorProto.FLOAT, ["n"])],
        {"zero": np.array(0, np.float32)},
    ).SerializeToString()


def test_results_have_their_own_size(positives):
    model = linnet.load(positives)
    for values in ([1, -1, 2], [-1], [], [3, 4, 5]):
        x = np.array(values, np.float32)
        indices, twice = model(x)
        assert indices.dtype == np.int64
        np.testing.assert_array_equal(indices, np.array(np.nonzero(x > 0)))
        np.testing.assert_array_equal(twice, x + x)


def test_tensors_stay_tensors(positives):
    indices, twice = linnet.load(positives)(torch.tensor([-1.0, 2.0]))
    assert indices.tolist() == [[1]] and twice.tolist() == [-2, 4]
    assert isinstance(indices, torch.Tensor)


def test_arrays_to_write_to_must_fit(positives):
    model = linnet.load(positives)
    x = np.array([1, -1, 2], np.float32)
    twice = np.zeros(3, np.float32)
    indices, given = model(x, out=[None, twice])
    assert given is twice and twice.tolist() == [2, -2, 4] and indices.tolist() == [[0, 2]]
    with pytest.raises(linnet.InvalidArgument, match=r"is int64 \[1,2\] for these inputs"):
        model(x, out=[np.zeros((1, 3), np.int64), None])


def test_a_binding_makes_new_arrays(positives):
    session = linnet.InferenceSession(positives)
    binding = session.io_binding()
    binding.bind_output("indices")
    for values in ([1, -1, 2], [5]):
        binding.bind_cpu_input("x", np.array(values, np.float32))
        session.run_with_iobinding(binding)
        (indices,) = binding.copy_outputs_to_cpu()
        assert indices.tolist() == [[i for i, value in enumerate(values) if value > 0]]
