"""Wrong arrays and names: each refused with a message that says what the model wants."""

import linnet
import numpy as np
import pytest
import torch
from conftest import relu_model
from onnx import TensorProto


@pytest.fixture(params=["model", "session", "run"])
def call(request, sampler_path):
    """The three ways to run, as call(feed)."""
    model = linnet.load(sampler_path)
    session = linnet.InferenceSession(sampler_path)
    return {
        "model": lambda feed: model(**feed),
        "session": lambda feed: session.run(None, feed)[0],
        "run": lambda feed: model.run(feed)["softmax"],
    }[request.param]


WANTS = r'input "x": the model wants float32 \[batch,100\], got '
CASES = {
    "dtype": ({"x": np.zeros((4, 100))}, WANTS + r"float64 \[4,100\]"),
    "integer dtype": ({"x": np.zeros((4, 100), np.int64)}, WANTS + "int64"),
    "torch dtype": ({"x": torch.zeros(4, 100, dtype=torch.float16)}, WANTS + "float16"),
    "shape": ({"x": np.zeros((4, 99), np.float32)}, WANTS + r"float32 \[4,99\]"),
    "rank below": ({"x": np.zeros(100, np.float32)}, WANTS + r"float32 \[100\]"),
    "rank above": ({"x": np.zeros((1, 4, 100), np.float32)}, WANTS + r"float32 \[1,4,100\]"),
    "scalar": ({"x": 1.0}, WANTS + r"float32 \[\]"),
    "missing": ({}, "x"),
    "another name": ({"y": np.zeros((4, 100), np.float32)}, "x|y"),
    "surplus name": ({"x": np.zeros((4, 100), np.float32), "z": 1}, 'no input "z"'),
    "strings": ({"x": np.array(["a"])}, 'input "x": arrays of <U1 are not supported'),
    "objects": ({"x": np.array([None])}, r"arrays of object are not supported .*numpy.array\(x.tolist\(\)"),
    "several arrays": ({"x": {"a": np.zeros(1), "b": 2}}, r"expected one array, got a dict of several, .*\['a', 'b'\]"),
    "swapped bytes": ({"x": np.zeros((4, 100), ">f4")}, "arrays of >f4 are not supported"),
    "structure": ({"x": np.zeros(4, [("a", "f4")])}, "are not supported"),
    "no array": ({"x": "text"}, "expected an array .*, got str"),
    "None": ({"x": None}, "expected an array .*, got NoneType"),
    "ragged list": ({"x": [[1.0], [1.0, 2.0]]}, "cannot make an array of this list"),
    "sparse": ({"x": torch.zeros(4, 100).to_sparse()}, 'input "x": '),
}


@pytest.mark.parametrize("name", list(CASES))
def test_refused(call, name, sampler_input, sampler_output):
    feed, message = CASES[name]
    with pytest.raises(linnet.InvalidArgument, match=message) as caught:
        call(feed)
    assert isinstance(caught.value, ValueError) and caught.value.code == "invalid_argument"
    np.testing.assert_allclose(call({"x": sampler_input}), sampler_output, rtol=1e-5, atol=1e-7)


def test_numbers_that_the_dtype_cannot_hold():
    """Python's numbers become arrays of the input's dtype where that keeps their values."""
    integers = linnet.load(relu_model(TensorProto.INT64))
    np.testing.assert_array_equal(integers([[1, -2, 3]]), [[1, 0, 3]])
    assert linnet.load(relu_model(TensorProto.INT64, shape=("n",)))([]).shape == (0,)
    with pytest.raises(linnet.InvalidArgument, match='input "x": .* int64, got floating-point numbers in a list'):
        integers([[1.7, 2.0, 3.0]])
    with pytest.raises(linnet.InvalidArgument, match="cannot make an array of this list"):
        linnet.load(relu_model(TensorProto.INT8))([[300, 1, 2]])
    with pytest.raises(linnet.InvalidArgument, match="got float64"):
        linnet.load(relu_model(shape=()))(np.float64(0.1))


def test_arrays_in_a_list(sampler_path, sampler_input):
    """Both forms of run take arrays by name; the message shows how."""
    for feed in ([sampler_input], (sampler_input,), sampler_input, "x", torch.zeros(4, 100)):
        with pytest.raises(linnet.InvalidArgument, match=r'expected a dictionary by name: session.run\(None, {"x": ...}'):
            linnet.InferenceSession(sampler_path).run(None, feed)
        with pytest.raises(linnet.InvalidArgument, match=r'run takes arrays by name, {"x": ...}, got .*in order'):
            linnet.load(sampler_path).run(feed)


def test_names_that_are_no_text():
    """A model's names may be any bytes; the message shows them as far as they are text."""
    data = relu_model(name="zq").SerializeToString().replace(b"zq", b"z\xff")
    with pytest.raises(linnet.InvalidArgument, match='input "z\ufffd": expected an array'):
        linnet.load(data)(None)


def test_too_many_positional_inputs(sampler_path, sampler_input):
    model = linnet.load(sampler_path)
    with pytest.raises(linnet.InvalidArgument, match="2 inputs given, the model wants 1"):
        model(sampler_input, sampler_input)
    with pytest.raises(linnet.InvalidArgument, match="by position and by name"):
        model(sampler_input, x=sampler_input)


def test_inputs_that_share_a_dimension_must_agree(two_output_model):
    model = linnet.load(two_output_model)
    with pytest.raises(linnet.InvalidArgument, match='dimension "n" is 1 in input "a" but 2 in input "b"'):
        model(np.zeros((1, 2), np.float32), np.zeros((2, 2), np.float32))


def test_errors_have_onnx_runtimes_names_and_pythons_bases():
    from linnet.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, NoSuchFile

    assert InvalidArgument is linnet.InvalidArgument and NoSuchFile is linnet.NoSuchFile and Fail is linnet.Error
    assert issubclass(linnet.NoSuchFile, OSError) and issubclass(linnet.NotImplemented, NotImplementedError)
    assert issubclass(linnet.OutOfMemory, MemoryError) and issubclass(linnet.DeadlineExceeded, TimeoutError)
    from linnet.errors import error_for

    names = {error_for(code, "m").code for code in range(1, 11)}
    assert len(names) == 10
