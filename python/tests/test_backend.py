"""linnet.backend under ONNX's own BackendTest: every node test that tests/conformance/must_pass.txt names."""

import unittest
import warnings
from pathlib import Path

import linnet
import linnet.backend
import numpy as np
import onnx
import onnx.backend.test
import pytest
from conftest import ROOT, relu_model
from onnx import helper


HAS_ONNX_MODULE = (Path(linnet.__file__).parent / "liblinnet_onnx.so").exists()


# ONNX's runner asks scalars in a sequence for their length. tests/conformance compares them.
NOT_COMPARED = {"test_loop16_seq_none"}


def ledger(name):
    """Test names that ONNX's runner can compare; those that run through ONNX's function bodies only where the build has
    them."""
    lines = (ROOT / "tests/conformance" / name).read_text().splitlines()
    cells = [line.split("\t") for line in lines if line and not line.startswith("#")]
    names = [line[0] for line in cells if HAS_ONNX_MODULE or "function" not in line[1:]]
    return [name for name in names if name not in NOT_COMPARED]


@pytest.fixture(scope="module")
def backend_suite():
    """ONNX's test cases, restricted to the ledger, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend_test = onnx.backend.test.BackendTest(linnet.backend, __name__)
        for name in ledger("must_pass.txt"):
            backend_test.include(f"^{name}_cpu$")
        cases = {}
        for case in backend_test.test_cases.values():
            for test in unittest.defaultTestLoader.loadTestsFromTestCase(case):
                cases[test.id().rpartition(".")[2]] = test
    return cases


def run_case(test):
    result = unittest.TestResult()
    test.run(result)
    return result


@pytest.mark.parametrize("name", ledger("must_pass.txt"))
def test_node(backend_suite, name):
    result = run_case(backend_suite[f"{name}_cpu"])
    assert result.testsRun == 1 and result.errors == [] and result.failures == []
    assert result.skipped == []


def test_the_suite_is_the_ledger(backend_suite):
    ran = {name for name, test in backend_suite.items() if not getattr(getattr(test, name), "__unittest_skip__", False)}
    assert ran == {f"{name}_cpu" for name in ledger("must_pass.txt")}


def test_devices():
    assert linnet.backend.supports_device("CPU") and linnet.backend.supports_device("CPU:0")
    assert not linnet.backend.supports_device("CUDA")
    with pytest.raises(linnet.NotImplemented, match="CUDA"):
        linnet.backend.prepare(relu_model(), "CUDA")


def test_prepare_and_run_model():
    x = np.float32([[-1, 0, 2]])
    rep = linnet.backend.prepare(relu_model(), threads=1)
    for inputs in ([x], (x,), x, {"x": x}):
        outputs = rep.run(inputs)
        assert outputs.y.tolist() == outputs[0].tolist() == [[0, 0, 2]]
    assert linnet.backend.run_model(relu_model(), [x])[0].tolist() == [[0, 0, 2]]
    with pytest.raises(linnet.InvalidArgument, match="2 inputs given, the model wants 1"):
        rep.run([x, x])
    with pytest.raises(linnet.NotImplemented, match="run has no options"):
        rep.run([x], verbose=True)


def test_run_node():
    a, b = np.float32([[1, 2]]), np.float32([[3], [4]])
    node = helper.make_node("Gemm", ["a", "b"], ["y"], alpha=2.0)
    assert linnet.backend.run_node(node, [a, b])[0].tolist() == [[22]]
    assert linnet.backend.run_node(node, {"a": a, "b": b}, opset_version=13)[0].tolist() == [[22]]
    assert linnet.backend.run_node(node, [a, b], outputs_info=[(np.float32, (1, 1))])[0].tolist() == [[22]]
    minus = helper.make_node("Sub", ["a", "b"], ["y"])
    assert linnet.backend.run_node(minus, {"b": np.float32([1]), "a": np.float32([10])})[0].tolist() == [9]
    square = helper.make_node("Mul", ["a", "a"], ["y"])
    assert linnet.backend.run_node(square, [a, a])[0].tolist() == [[1, 4]]
    assert linnet.backend.run_node(square, {"a": a})[0].tolist() == [[1, 4]]
    for inputs in ([a], {"a": a}):
        with pytest.raises(linnet.InvalidArgument, match="1 inputs given, the node has 2"):
            linnet.backend.run_node(node, inputs)
    with pytest.raises(linnet.InvalidArgument, match="the node has no input c"):
        linnet.backend.run_node(node, {"a": a, "b": b, "c": b})


def test_is_compatible():
    assert linnet.backend.is_compatible(relu_model())
    assert not linnet.backend.is_compatible(relu_model(), "CUDA")
    assert not linnet.backend.is_compatible(relu_model(), limits={"nodes": 0, "rank": 1})
    with pytest.raises(linnet.InvalidArgument, match="no option"):
        linnet.backend.is_compatible(relu_model(), thread=1)
    graph = relu_model()
    graph.graph.node[0].op_type = "NoSuchOperator"
    assert not linnet.backend.is_compatible(graph)
