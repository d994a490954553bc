"""linnet.load and Model: Linnet's own form."""

import copy
import pickle
import sys
from pathlib import Path

import linnet
import numpy as np
import onnx
import pytest
from conftest import make_model, relu_model
from onnx import TensorProto, helper


def test_gives_pytorchs_output(sampler_path, sampler_input, sampler_output):
    model = linnet.load(sampler_path)
    np.testing.assert_allclose(model(sampler_input), sampler_output, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("backend", ["auto", "onednn", "simd", "reference"])
def test_every_backend(sampler_path, sampler_input, sampler_output, backend):
    if backend == "onednn" and linnet.onednn_problem() is not None:
        pytest.skip(linnet.onednn_problem())
    y = linnet.load(sampler_path, backend=backend)(sampler_input)
    np.testing.assert_allclose(y, sampler_output, rtol=1e-4, atol=1e-6)


def test_bf16_is_close(sampler_path, sampler_input, sampler_output):
    y = linnet.load(sampler_path, precision="bf16")(sampler_input)
    np.testing.assert_allclose(y, sampler_output, atol=2e-2)  # 8 bits in each factor; float32 where the CPU lacks it


def test_loads_from_path_bytes_and_proto(tmp_path, sampler_path, sampler_input, sampler_output):
    with open(sampler_path, "rb") as file:
        data = file.read()
    for source in (sampler_path, Path(sampler_path), data, bytearray(data), memoryview(data), onnx.load(sampler_path)):
        np.testing.assert_allclose(linnet.load(source)(sampler_input), sampler_output, rtol=1e-5, atol=1e-7)


def test_describes_itself(sampler_path):
    model = linnet.load(sampler_path)
    assert model.inputs == [linnet.TensorInfo("x", "float32", ("batch", 100))]
    assert model.outputs == [linnet.TensorInfo("softmax", "float32", ("batch", 5))]
    assert str(model.inputs[0]) == "x: float32[batch, 100]"
    assert repr(model) == "linnet.Model(x: float32[batch, 100] -> softmax: float32[batch, 5])"


def test_steps_name_operators_and_implementations(sampler_path, sampler_input):
    steps = linnet.load(sampler_path, backend="reference", disabled_passes=["all"]).steps(sampler_input)
    assert [op for _, op, _, _ in steps] == ["Gemm", "Relu", "Gemm", "Tanh", "Gemm", "Softmax"]
    assert {implementation for _, _, implementation, _ in steps} == {"reference"}
    assert steps[0][3][0] == [4, 100]


def test_inputs_by_position_and_by_name(two_output_model):
    model = linnet.load(two_output_model)
    a, b = np.float32([[1, 2]]), np.float32([[3, 4]])
    for outputs in (model(a, b), model(a, b=b), model(b=b, a=a)):
        np.testing.assert_array_equal(outputs.sum, [[4, 6]])
        np.testing.assert_array_equal(outputs.product, [[3, 8]])
        assert outputs._fields == ("sum", "product")


def test_run_by_name_returns_what_is_asked_for(two_output_model):
    model = linnet.load(two_output_model)
    feed = {"a": np.float32([[1, 2]]), "b": np.float32([[3, 4]])}
    assert list(model.run(feed)) == ["sum", "product"]
    only = model.run(feed, ["product"])
    assert list(only) == ["product"]
    np.testing.assert_array_equal(only["product"], [[3, 8]])
    assert {name: y.tolist() for name, y in model.run(feed, ["sum", "sum"]).items()} == {"sum": [[4, 6]]}
    with pytest.raises(linnet.InvalidArgument, match='asked for are "sum", expected a list'):
        model.run(feed, "sum")


def test_output_names_that_are_no_identifiers_get_a_number():
    node = [helper.make_node("Relu", ["x"], ["a/b"]), helper.make_node("Sigmoid", ["a/b"], ["c"])]
    infos = [(name, TensorProto.FLOAT, [1]) for name in ("x", "a/b", "c")]
    outputs = linnet.load(make_model(node, infos[:1], infos[1:]))(np.float32([2]))
    assert outputs._fields == ("_0", "c")


def test_an_input_called_out_is_an_input():
    model = linnet.load(relu_model(name="out"))
    np.testing.assert_array_equal(model(out=np.float32([[-1, 0, 2]])), [[0, 0, 2]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int32", "int64"])
def test_dtypes_stay_as_they_are(dtype):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    x = np.array([[-1, 0, 2]], dtype)
    y = linnet.load(relu_model(kind))(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.maximum(x, 0))


def test_bfloat16_is_that_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.array([[-1, 0.5, 2]], ml_dtypes.bfloat16)
    y = linnet.load(relu_model(TensorProto.BFLOAT16))(x)
    assert y.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(y.astype("f4"), [[0, 0.5, 2]])


SMALL_TYPES = {
    "float8_e4m3fn": (TensorProto.FLOAT8E4M3FN, [0, 1, -1.5, 448, 0.5]),
    "float8_e4m3fnuz": (TensorProto.FLOAT8E4M3FNUZ, [0, 1, -1.5, 240, 0.5]),
    "float8_e5m2": (TensorProto.FLOAT8E5M2, [0, 1, -1.5, 57344, 0.5]),
    "float8_e5m2fnuz": (TensorProto.FLOAT8E5M2FNUZ, [0, 1, -1.5, 57344, 0.5]),
    "float8_e8m0fnu": (TensorProto.FLOAT8E8M0, [1, 2, 0.5, 1024, 4]),
    "float4_e2m1fn": (TensorProto.FLOAT4E2M1, [0, 1, -1.5, 6, 0.5]),
    "int4": (TensorProto.INT4, [0, 1, -8, 7, -1]),
    "uint4": (TensorProto.UINT4, [0, 1, 8, 15, 3]),
    "int2": (TensorProto.INT2, [0, 1, -2, -1, 1]),
    "uint2": (TensorProto.UINT2, [0, 1, 2, 3, 1]),
}


def cast_model(source, target, size):
    node = helper.make_node("Cast", ["x"], ["y"], to=target)
    infos = [helper.make_tensor_value_info(name, kind, [size]) for name, kind in (("x", source), ("y", target))]
    graph = helper.make_graph([node], "cast", infos[:1], infos[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)


@pytest.mark.parametrize("name", list(SMALL_TYPES))
def test_small_types_are_those_of_ml_dtypes(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    number, values = SMALL_TYPES[name]
    dtype = np.dtype(getattr(ml_dtypes, name))
    numbers = np.array(values, np.float32)
    widen = linnet.load(cast_model(number, TensorProto.FLOAT, 5))
    assert widen.inputs[0].dtype == name
    np.testing.assert_array_equal(widen(numbers.astype(dtype)), numbers)
    np.testing.assert_array_equal(widen(numbers[::-1].astype(dtype)[::-1]), numbers)
    np.testing.assert_array_equal(widen(numbers.astype(dtype).view(np.uint8)), numbers)
    narrow = linnet.load(cast_model(TensorProto.FLOAT, number, 5))
    y = narrow(numbers)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.astype(np.float32), numbers)
    assert (y == numbers.astype(dtype)).all()


def test_scalars_empty_arrays_and_lists():
    scalar = linnet.load(relu_model(shape=()))
    assert scalar(np.float32(-2)).shape == () and scalar(3.5) == 3.5
    rows = linnet.load(relu_model())
    assert rows(np.empty((0, 3), np.float32)).shape == (0, 3)
    np.testing.assert_array_equal(rows([[1, -2, 3]]), np.float32([[1, 0, 3]]))


def test_new_shapes_from_run_to_run(sampler_path, sampler_input, sampler_output):
    model = linnet.load(sampler_path, program_cache=1)
    for rows in (1, 4, 2, 3, 4, 1):
        np.testing.assert_allclose(model(sampler_input[:rows]), sampler_output[:rows], rtol=1e-5, atol=1e-7)


def test_outputs_own_their_memory(sampler_path, sampler_input, sampler_output):
    model = linnet.load(sampler_path)
    first = model(sampler_input)
    kept = first.copy()
    second = model(sampler_input * 2)
    assert not np.shares_memory(first, second)
    del model
    np.testing.assert_array_equal(first, kept)
    first += 1  # and they may be written to
    np.testing.assert_allclose(first - 1, sampler_output, rtol=1e-4, atol=1e-6)


def test_log_gets_lines_and_may_fail(sampler_path, monkeypatch):
    lines = []
    linnet.load(sampler_path, log=lambda severity, text: lines.append((severity, text)))
    assert any(severity == 1 and text.startswith("loaded ") for severity, text in lines)

    def broken(severity, text):
        raise RuntimeError("no")

    reported = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    linnet.load(sampler_path, log=broken)
    assert str(reported[0].exc_value) == "no"


def test_timeout_and_cancel(sampler_path, sampler_input, sampler_output):
    model = linnet.load(sampler_path)
    feed = {"x": sampler_input}
    with pytest.raises(linnet.DeadlineExceeded):
        model.run(feed, timeout=1e-9)
    token = linnet.CancelToken()
    token.cancel()
    assert token.cancelled
    with pytest.raises(linnet.Cancelled, match="cancelled"):
        model.run(feed, cancel=token)
    token.reset()
    np.testing.assert_allclose(
        model.run(feed, cancel=token, timeout=60)["softmax"], sampler_output, rtol=1e-5, atol=1e-7
    )


def test_load_ends_early(sampler_path):
    token = linnet.CancelToken()
    assert linnet.load(sampler_path, cancel=token, timeout=60).inputs
    with pytest.raises(linnet.DeadlineExceeded, match="loading passed its deadline"):
        linnet.load(sampler_path, timeout=1e-9)
    token.cancel()
    with pytest.raises(linnet.Cancelled, match="loading was cancelled"):
        linnet.load(sampler_path, cancel=token)


def test_a_first_run_ends_early(sampler_path, sampler_input):
    model = linnet.load(sampler_path)
    token = linnet.CancelToken()
    token.cancel()
    with pytest.raises(linnet.Cancelled):
        model.run({"x": sampler_input}, cancel=token)
    assert model.run({"x": sampler_input})


def test_trimmed_model_runs_on(sampler_path, sampler_input):
    model = linnet.load(sampler_path, program_cache_bytes=1, limits={"folding_ns": 1})
    before = model.run({"x": sampler_input})
    model.trim()
    for name, array in model.run({"x": sampler_input}).items():
        np.testing.assert_array_equal(array, before[name])


def test_options_are_checked_and_named(sampler_path):
    for options, message in (
        ({"thread": 1}, 'no option "thread"; there are: allow_external_links'),
        ({"threads": -1}, "option threads is -1"),
        ({"threads": "two"}, "option threads: 'two'"),
        ({"backend": "gpu"}, "expected one of: auto, onednn, reference, simd"),
        ({"precision": "f8"}, "expected one of: bf16, f32"),
        ({"limits": {"node": 1}}, 'there is no limit "node"'),
        ({"log": 3}, "option log must be callable"),
        ({"disabled_passes": ["no_such_pass"]}, "no_such_pass"),
    ):
        with pytest.raises(linnet.InvalidArgument, match=message):
            linnet.load(sampler_path, **options)
    with pytest.raises(linnet.LimitExceeded, match="limit"):
        linnet.load(sampler_path, limits={"nodes": 1})
    with pytest.raises(linnet.LimitExceeded, match="budget"):
        linnet.load(sampler_path, memory_budget=1, disabled_passes=["all"])(np.zeros((64, 100), np.float32))


def test_load_errors():
    with pytest.raises(linnet.NoSuchFile, match="No such file"):
        linnet.load("there_is_no_such_file.onnx")
    with pytest.raises(linnet.InvalidGraph, match="it seems to be a text: .abc."):
        linnet.load(b"abc")
    with pytest.raises(linnet.InvalidArgument, match="expected a path"):
        linnet.load(3)
    unknown = make_model([helper.make_node("NoSuchOperator", ["x"], ["y"])], [("x", 1, [2, 2])], [("y", 1, [])])
    with pytest.raises(linnet.NotImplemented, match="NoSuchOperator"):
        linnet.load(unknown)


def test_models_pickle_by_path(sampler_path, sampler_input, sampler_output, monkeypatch, tmp_path):
    monkeypatch.chdir(Path(sampler_path).parent)
    model = linnet.load(Path(sampler_path).name, backend="reference", dimensions={"batch": 4})
    stored = pickle.dumps(model)
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(stored)
    assert again.inputs == model.inputs == [linnet.TensorInfo("x", "float32", (4, 100))]
    assert again.steps(sampler_input)[0][2] == "reference"
    np.testing.assert_allclose(again(sampler_input), sampler_output, rtol=1e-5, atol=1e-7)
    assert copy.copy(model) is model and copy.deepcopy([model])[0] is model


def test_what_cannot_be_pickled_says_what_to_do(sampler_path):
    with pytest.raises(TypeError, match="cannot pickle a linnet.Model that was loaded from memory: load it from a file"):
        pickle.dumps(linnet.load(Path(sampler_path).read_bytes()))
    for make in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"a linnet.Binding.* model.binding\(\)"):
            make(linnet.load(sampler_path).binding())


def test_sizes_of_open_dimensions_are_checked(sampler_path):
    for dimensions, message in (
        ({"batch": -1}, 'dimension "batch" is to be -1'),
        ({"batch": "4"}, r"option dimensions\[.batch.\]: '4' is not a usable value"),
        ([4], "option dimensions"),
    ):
        with pytest.raises(linnet.InvalidArgument, match=message):
            linnet.load(sampler_path, dimensions=dimensions)
