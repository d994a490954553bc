"""InferenceSession, SessionOptions, OrtValue and IOBinding: ONNX Runtime's forms."""

import gc
import json
from pathlib import Path

import linnet as ort
import numpy as np
import onnx
import pytest
import torch
from conftest import ROOT, SAMPLER, make_model, relu_model, run_script
from linnet.trace import events


@pytest.fixture
def session(sampler_path):
    return ort.InferenceSession(sampler_path)


def test_an_ordinary_script_runs_unchanged(sampler_path):
    source = (ROOT / "python/tests/ort_script.py").read_text()
    done = run_script(source, "linnet", sampler_path, SAMPLER / "input.npy")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "x tensor(float) ['batch', 100] softmax tensor(float) ['batch', 5]",
        "['CPUExecutionProvider'] pytorch main_graph",
        "[4, 100] tensor(float) 1 cpu True",
        "no such file",
        "[1.0, 1.0, 1.0, 1.0]",
    ]


def test_output_subset_and_order(two_output_model):
    session = ort.InferenceSession(two_output_model.SerializeToString())
    feed = {"b": np.float32([[3, 4]]), "a": np.float32([[1, 2]])}
    assert [y.tolist() for y in session.run(["product", "sum"], feed)] == [[[3, 8]], [[4, 6]]]
    assert [y.tolist() for y in session.run(["product"], feed)] == [[[3, 8]]]
    assert [y.tolist() for y in session.run(["sum", "product", "sum"], feed)] == [[[4, 6]], [[3, 8]], [[4, 6]]]
    assert len(session.run(None, feed)) == len(session.run([], feed)) == 2
    with pytest.raises(ort.InvalidArgument, match='asked for are "sum", expected a list'):
        session.run("sum", feed)
    with pytest.raises(ort.InvalidArgument, match='no output "other"; the model has "sum", "product"'):
        session.run(["other"], feed)


def test_missing_inputs_have_onnx_runtimes_message(session):
    with pytest.raises(ValueError, match=r"Required inputs \(\['x'\]\) are missing from input feed \(\['y'\]\)"):
        session.run(None, {"y": 1})


def test_metadata(tmp_path):
    model = relu_model()
    model.producer_name, model.domain, model.model_version, model.doc_string = "writer", "org.example", 7, "a model"
    model.graph.doc_string = "a graph"
    onnx.helper.set_model_props(model, {"author": "someone", "licence": "ö"})
    meta = ort.InferenceSession(model.SerializeToString()).get_modelmeta()
    assert (meta.producer_name, meta.graph_name, meta.domain, meta.version) == ("writer", "made_by_a_test", "org.example", 7)
    assert (meta.description, meta.graph_description) == ("a model", "a graph")
    assert meta.custom_metadata_map == {"author": "someone", "licence": "ö"}


def test_only_the_cpu(sampler_path):
    for providers in (None, [], ["CPUExecutionProvider"], [("CPUExecutionProvider", {})]):
        session = ort.InferenceSession(sampler_path, providers=providers)
        assert session.get_providers() == ["CPUExecutionProvider"]
    assert ort.get_device() == "CPU" and ort.get_available_providers() == ["CPUExecutionProvider"]
    for arguments in (
        {"providers": ["CUDAExecutionProvider", "CPUExecutionProvider"]},
        {"providers": [("CPUExecutionProvider", {"use_arena": "0"})]},
        {"providers": ["CPUExecutionProvider"], "provider_options": [{"a": "b"}]},
    ):
        with pytest.raises(ort.NotImplemented, match="not supported"):
            ort.InferenceSession(sampler_path, **arguments)
    with pytest.raises(ort.InvalidArgument, match="expected a list of names"):
        ort.InferenceSession(sampler_path, providers="CPUExecutionProvider")
    with pytest.raises(TypeError):
        ort.InferenceSession(sampler_path, disabled_optimizers=["x"])


def test_options_that_linnet_lacks_raise():
    options = ort.SessionOptions()
    for name, value in (
        ("enable_cpu_mem_arena", False),
        ("enable_mem_pattern", False),
        ("execution_mode", ort.ExecutionMode.ORT_PARALLEL),
        ("execution_order", ort.ExecutionOrder.PRIORITY_BASED),
        ("inter_op_num_threads", 4),
        ("optimized_model_filepath", "out.onnx"),
        ("log_verbosity_level", 1),
    ):
        before = getattr(options, name)
        with pytest.raises(ort.NotImplemented, match=f"{name} = .* is not supported"):
            setattr(options, name, value)
        assert getattr(options, name) == before
        setattr(options, name, before)
    for name, value in (("intra_op_num_threads", -1), ("log_severity_level", 5), ("graph_optimization_level", 7)):
        with pytest.raises(ort.InvalidArgument, match=name):
            setattr(options, name, value)
    with pytest.raises(AttributeError, match="no attribute 'use_per_session_threads' in Linnet"):
        options.use_per_session_threads = False
    for call in ("add_initializer", "register_custom_ops_library", "add_free_dimension_override_by_name"):
        with pytest.raises(AttributeError, match=call):
            getattr(options, call)
    with pytest.raises(ort.NotImplemented, match="session.dynamic_block_base"):
        options.add_session_config_entry("session.dynamic_block_base", "4")
    with pytest.raises(AttributeError, match="set_seed"):
        ort.set_seed(1)
    run_options = ort.RunOptions()
    with pytest.raises(ort.NotImplemented):
        run_options.only_execute_path_to_fetches = True
    with pytest.raises(AttributeError):
        run_options.something = 1


def test_graph_optimization_levels(sampler_path, sampler_input, sampler_output):
    counts = {}
    for level in ort.GraphOptimizationLevel:
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        session = ort.InferenceSession(sampler_path, options)
        counts[level.name] = len(session._model.steps(sampler_input))
        np.testing.assert_allclose(session.run(None, {"x": sampler_input})[0], sampler_output, rtol=1e-5, atol=1e-7)
    assert counts["ORT_DISABLE_ALL"] == counts["ORT_ENABLE_BASIC"] == 6  # as exported: nothing to fold
    assert counts["ORT_ENABLE_ALL"] == counts["ORT_ENABLE_EXTENDED"] < 6


def test_log_severity(sampler_path, capfd):
    options = ort.SessionOptions()
    ort.InferenceSession(sampler_path, options)
    assert capfd.readouterr().err == ""  # warnings and worse by default, and there are none
    options.log_severity_level = 1
    options.logid = "mine"
    ort.InferenceSession(sampler_path, options)
    assert capfd.readouterr().err.startswith("linnet: info: mine: loaded ")


def test_denormals_as_zero():
    tiny = np.float32([[1e-40, 1, -1e-40]])
    options = ort.SessionOptions()
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"
    node = onnx.helper.make_node("Add", ["x", "x"], ["y"])
    data = make_model([node], [("x", 1, (1, 3))], [("y", 1, (1, 3))]).SerializeToString()
    assert ort.InferenceSession(data).run(None, {"x": tiny})[0][0, 0] > 0
    assert ort.InferenceSession(data, options).run(None, {"x": tiny})[0][0, 0] == 0


def test_profile_is_a_chrome_trace(sampler_path, sampler_input, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # several steps
    options.profile_file_prefix = "prefix_"
    session = ort.InferenceSession(sampler_path, options)
    assert session.get_profiling_start_time_ns() > 10**18
    for _ in range(3):
        session.run(None, {"x": sampler_input})
    path = session.end_profiling()
    assert Path(path).name.startswith("prefix_") and session.end_profiling() == path
    events = json.loads(Path(path).read_text())
    runs = [event for event in events if event["name"] == "model_run"]
    nodes = [event for event in events if event["cat"] == "Node"]
    assert len(runs) == 3 and len(nodes) == 3 * len(session._model.steps(sampler_input))
    for event in events:
        assert event["ph"] == "X" and event["dur"] >= 0 and {"pid", "tid", "ts", "args"} <= event.keys()
    assert [node["args"]["op_name"] for node in nodes[:6]] == ["Gemm", "Relu", "Gemm", "Tanh", "Gemm", "Softmax"]
    rounding = 0.001  # microseconds; times come in nanoseconds
    previous = 0.0
    for index, run in enumerate(runs):
        assert run["ts"] >= previous - rounding
        previous = run["ts"]
        for node in nodes[6 * index : 6 * (index + 1)]:  # one after the other, within the run
            assert node["ts"] >= previous - rounding
            previous = node["ts"] + node["dur"]
        assert previous <= run["ts"] + run["dur"] + rounding


def test_steps_of_a_profile_lie_where_they_ran():
    """Between the steps there is time that belongs to none of them."""
    step = ("fc", "Gemm", "simd", [[4, 100]])
    found = events(([(5000, 9000, 7, [(step, 1000, 2000), (step, 6000, 1500)])], 0))
    assert [(event["cat"], event["ts"], event["dur"]) for event in found] == [
        ("Session", 5.0, 9.0),
        ("Node", 6.0, 2.0),
        ("Node", 11.0, 1.5),
    ]
    assert found[1]["args"]["op_name"] == "Gemm" and json.loads(found[1]["args"]["input_shapes"]) == [[4, 100]]
    assert "3 runs were left out" in events(([], 3))[0]["name"]


def test_a_profile_of_names_that_are_no_text(tmp_path):
    model = relu_model()
    model.graph.node[0].name = "zq"
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "p_")
    session = ort.InferenceSession(model.SerializeToString().replace(b"zq", b"z\xff"), options)
    session.run(None, {"x": np.zeros((2, 3), np.float32)})
    assert "z\ufffd" in [event["name"] for event in json.loads(Path(session.end_profiling()).read_text())]


def test_a_profile_that_cannot_be_written(sampler_path, tmp_path):
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "no_such_folder" / "p_")
    with pytest.raises(ort.NoSuchFile, match="no_such_folder.* cannot be written"):
        ort.InferenceSession(sampler_path, options)


def test_a_profile_is_written_without_end_profiling(sampler_path, sampler_input, tmp_path):
    source = """
import sys, linnet as ort, numpy as np
options = ort.SessionOptions()
options.enable_profiling = True
options.profile_file_prefix = sys.argv[2]
ort.InferenceSession(sys.argv[1], options).run(None, {"x": np.zeros((4, 100), np.float32)})
"""
    assert run_script(source, sampler_path, tmp_path / "p_").returncode == 0
    (path,) = tmp_path.glob("p_*.json")
    assert any(event["name"] == "model_run" for event in json.loads(path.read_text()))


def test_without_profiling(session):
    assert session.end_profiling() == ""
    with pytest.raises(ort.InvalidArgument, match="not enabled"):
        session.get_profiling_start_time_ns()


def test_terminate(session, sampler_input):
    options = ort.RunOptions()
    options.terminate = True
    assert options.terminate
    with pytest.raises(ort.Cancelled):
        session.run(None, {"x": sampler_input}, options)
    options.terminate = False
    assert session.run(None, {"x": sampler_input}, options)[0].shape == (4, 5)


def test_session_options_are_copied(sampler_path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(sampler_path, options)
    options.intra_op_num_threads = 2
    assert session.get_session_options().intra_op_num_threads == 1


def test_binding_writes_where_it_should(session, sampler_input, sampler_output):
    out = ort.OrtValue.ortvalue_from_shape_and_type([4, 5], np.float32)
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(sampler_input))
    binding.bind_ortvalue_output("softmax", out)
    session.run_with_iobinding(binding)
    np.testing.assert_allclose(out.numpy(), sampler_output, rtol=1e-5, atol=1e-7)
    assert binding.get_outputs()[0].data_ptr() == out.data_ptr()


def test_binding_takes_torch_tensors(session, sampler_input, sampler_output):
    x = torch.from_numpy(sampler_input.copy())
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("softmax")
    session.run_with_iobinding(binding)
    first = binding.get_outputs()[0]
    np.testing.assert_allclose(first.numpy(), sampler_output, rtol=1e-5, atol=1e-7)
    x.zero_()
    session.run_with_iobinding(binding)  # reads the tensor anew, and writes to a new OrtValue
    np.testing.assert_allclose(first.numpy(), sampler_output, rtol=1e-5, atol=1e-7)
    assert not np.allclose(binding.copy_outputs_to_cpu()[0], sampler_output)


def test_binding_outlives_the_deleted_array(session, sampler_input, sampler_output):
    x = sampler_input.copy()
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("softmax")
    del x
    gc.collect()
    garbage = [np.full((4, 100), 3, np.float32) for _ in range(50)]
    session.run_with_iobinding(binding)
    np.testing.assert_allclose(binding.copy_outputs_to_cpu()[0], sampler_output, rtol=1e-5, atol=1e-7)
    del garbage


def test_outputs_come_in_the_order_of_binding(two_output_model):
    session = ort.InferenceSession(two_output_model.SerializeToString())
    binding = session.io_binding()
    for name in ("a", "b"):
        binding.bind_cpu_input(name, np.full((1, 2), 3, np.float32))
    binding.bind_output("product")
    binding.bind_output("sum")
    session.run_with_iobinding(binding)
    assert [y.tolist() for y in binding.copy_outputs_to_cpu()] == [[[9, 9]], [[6, 6]]]
    binding.clear_binding_outputs()
    assert binding.get_outputs() == []


def test_binding_errors(session, sampler_path, sampler_input):
    binding = session.io_binding()
    binding.bind_output("softmax")
    with pytest.raises(ort.InvalidArgument, match='input "x" is not bound'):
        session.run_with_iobinding(binding)
    with pytest.raises(ort.InvalidArgument, match="no outputs yet"):
        binding.get_outputs()
    with pytest.raises(ort.InvalidArgument, match='no input "q"; the model has "x"'):
        binding.bind_cpu_input("q", sampler_input)
    with pytest.raises(ort.InvalidArgument, match='no output "q"'):
        binding.bind_output("q")
    with pytest.raises(ort.InvalidArgument, match="the model wants float32"):
        binding.bind_cpu_input("x", sampler_input.astype("f8"))
    with pytest.raises(ort.InvalidArgument, match="null"):
        binding.bind_input("x", "cpu", 0, np.float32, [4, 100], 0)
    with pytest.raises(ort.InvalidArgument, match="needs element_type and shape"):
        binding.bind_output("softmax", buffer_ptr=64)
    for shape in ([-4, 5], [2**40, 2**40]):
        with pytest.raises(ort.InvalidArgument, match="is no shape of an array"):
            binding.bind_output("softmax", "cpu", 0, np.float32, shape, 64)
    with pytest.raises(ort.NotImplemented, match="cuda:0"):
        binding.bind_output("softmax", "cuda")
    with pytest.raises(ort.InvalidArgument, match="another session"):
        ort.InferenceSession(sampler_path).run_with_iobinding(binding)
    binding.bind_cpu_input("x", sampler_input)
    binding.clear_binding_inputs()
    with pytest.raises(ort.InvalidArgument, match="not bound"):
        session.run_with_iobinding(binding)


def test_ortvalue():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    value = ort.OrtValue.ortvalue_from_numpy(array)
    assert value.data_ptr() == array.ctypes.data and value.shape() == [2, 3]
    assert value.data_type() == "tensor(int64)" and value.element_type() == onnx.TensorProto.INT64
    assert value.tensor_size_in_bytes() == 48 and value.has_value() and not value.is_sparse_tensor()
    copy = value.numpy()
    copy[0, 0] = 7
    assert array[0, 0] == 0
    value.update_inplace(copy)
    assert array[0, 0] == 7
    with pytest.raises(ort.InvalidArgument, match=r"the value is int64\[2, 3\], the array int64\[6\]"):
        value.update_inplace(copy.ravel())
    assert np.shares_memory(np.from_dlpack(value), array)
    assert torch.from_dlpack(value).data_ptr() == value.data_ptr()
    assert ort.OrtValue.from_dlpack(torch.ones(2)).data_type() == "tensor(float)"
    with pytest.raises(ort.NotImplemented, match="cuda"):
        ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0)
    assert not np.shares_memory(np.asarray(value), array) and np.shares_memory(value.__array__(copy=False), array)
    with pytest.raises(ort.NotImplemented, match="object"):
        ort.OrtValue.ortvalue_from_numpy(np.array([None]))
    with pytest.raises(ort.NotImplemented, match="strings"):
        ort.OrtValue.ortvalue_from_shape_and_type([1], onnx.TensorProto.STRING)
    with pytest.raises(ort.InvalidArgument, match="no shape"):
        ort.OrtValue.ortvalue_from_shape_and_type([-1], np.float32)


def test_an_ortvalue_is_an_input(session, sampler_input, sampler_output):
    y = session.run(None, {"x": ort.OrtValue.ortvalue_from_numpy(sampler_input)})[0]
    np.testing.assert_allclose(y, sampler_output, rtol=1e-5, atol=1e-7)
