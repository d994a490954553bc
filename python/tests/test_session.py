"""InferenceSession, SessionOptions, OrtValue and IOBinding: ONNX Runtime's forms."""

import copy
import gc
import json
import multiprocessing
import pickle
import queue
import threading
from pathlib import Path

import linnet
import linnet as ort
import numpy as np
import onnx
import pytest
import torch
from conftest import ROOT, SAMPLER, make_model, relu_model, run_script
from linnet import logger
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


CPU = "CPUExecutionProvider"


def test_providers_with_the_cpu(sampler_path):
    for providers in (None, [], [CPU], [(CPU, {})]):
        session = ort.InferenceSession(sampler_path, providers=providers)
        assert session.get_providers() == [CPU]
    assert ort.get_device() == "CPU" and ort.get_available_providers() == [CPU]
    for providers in (
        ["CUDAExecutionProvider", CPU],
        [("CUDAExecutionProvider", {"device_id": 0}), CPU],
        ("TensorrtExecutionProvider", "CUDAExecutionProvider", CPU),
    ):
        with pytest.warns(UserWarning, match=f"CUDAExecutionProvider is not available in Linnet; {CPU} is used") as told:
            session = ort.InferenceSession(sampler_path, providers=providers)
        assert len(told) == 1 and told[0].filename == __file__
        assert session.get_providers() == [CPU]
        with pytest.warns(UserWarning, match="not available"):
            session.set_providers(providers)
    with pytest.warns(UserWarning, match="not available"):
        ort.InferenceSession(sampler_path, None, ["CUDAExecutionProvider", CPU], [{"device_id": 0}, {}])


def test_providers_without_the_cpu(sampler_path):
    for providers in (["CUDAExecutionProvider"], [("CUDAExecutionProvider", {})], ["ROCMExecutionProvider"]):
        with pytest.raises(ort.NotImplemented, match=f"not supported; add {CPU} to the list"):
            ort.InferenceSession(sampler_path, providers=providers)
    for arguments, message in (
        ({"providers": CPU}, "expected a list of names"),
        ({"providers": [3]}, "providers holds 3"),
        ({"providers": [(CPU,)]}, "expected names, or"),
        ({"providers": [CPU], "provider_options": []}, "1 providers, but 0 provider_options"),
    ):
        with pytest.raises(ort.InvalidArgument, match=message):
            ort.InferenceSession(sampler_path, **arguments)


@pytest.fixture
def nothing_noted(monkeypatch):
    """As in a process that has logged nothing yet."""
    monkeypatch.setattr(logger, "_noted", set())


def test_options_without_effect_are_noted_once(sampler_path, sampler_input, sampler_output, nothing_noted, capfd):
    options = ort.SessionOptions()
    for name, value in (
        ("enable_cpu_mem_arena", False),
        ("enable_mem_pattern", False),
        ("enable_mem_reuse", False),
        ("execution_mode", ort.ExecutionMode.ORT_PARALLEL),
        ("execution_order", ort.ExecutionOrder.PRIORITY_BASED),
        ("inter_op_num_threads", 4),
        ("log_verbosity_level", 1),
        ("use_per_session_threads", False),
    ):
        setattr(options, name, value)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("ep.cuda.use_arena", "1")
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    providers = [(CPU, {"arena_extend_strategy": "kSameAsRequested"})]
    for _ in range(2):
        session = ort.InferenceSession(
            sampler_path, options, providers, enable_fallback=0, disabled_optimizers=["ConstantFolding"]
        )
    lines = capfd.readouterr().err.splitlines()
    assert all(line.startswith("linnet: warning: accepted, without effect in Linnet: ") for line in lines)
    for name in ("enable_cpu_mem_arena = False", "inter_op_num_threads = 4", "execution_mode = ", "allow_spinning"):
        assert sum(name in line for line in lines) == 1
    assert sum("arena_extend_strategy" in line or "disabled_optimizers" in line for line in lines) == 2
    session.disable_fallback()
    np.testing.assert_allclose(session.run(None, {"x": sampler_input})[0], sampler_output, rtol=1e-5, atol=1e-7)
    options = ort.SessionOptions()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("optimization.enable_gelu_approximation", "0")
    ort.InferenceSession(sampler_path, options)  # as Linnet does anyway
    run_options = ort.RunOptions()
    run_options.only_execute_path_to_fetches = True
    run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    assert run_options.get_run_config_entry("memory.enable_memory_arena_shrinkage") == "cpu:0"
    session.run(None, {"x": sampler_input}, run_options)
    assert len(capfd.readouterr().err.splitlines()) == 2


def test_functions_without_effect(nothing_noted, capfd):
    for _ in range(2):
        ort.set_seed(3)
        ort.preload_dlls()
        ort.set_default_logger_verbosity(0)
        ort.set_global_thread_pool_sizes(1, 1)
        ort.disable_telemetry_events()
    assert len(capfd.readouterr().err.splitlines()) == 4
    assert ort.get_build_info().startswith("Linnet Build Info: version=" + ort.__version__)
    assert ort.has_collective_ops() is False
    with pytest.raises(ort.InvalidArgument, match="seed"):
        ort.set_seed("x")


def test_options_that_would_change_results_raise():
    options = ort.SessionOptions()
    with pytest.raises(ort.NotImplemented, match="optimized_model_filepath = .* is not supported"):
        options.optimized_model_filepath = "out.onnx"
    assert options.optimized_model_filepath == ""
    for name, value in (
        ("intra_op_num_threads", -1),
        ("inter_op_num_threads", -1),
        ("log_severity_level", 5),
        ("graph_optimization_level", 7),
        ("execution_mode", 7),
        ("enable_mem_pattern", "no"),
    ):
        with pytest.raises(ort.InvalidArgument, match=name):
            setattr(options, name, value)
    with pytest.raises(AttributeError, match="no attribute 'intra_op_threads' in Linnet"):
        options.intra_op_threads = 1
    with pytest.raises(ort.NotImplemented, match="custom operators"):
        options.register_custom_ops_library("library.so")
    for key, value in (
        ("session.no_such_entry", "4"),
        ("optimization.enable_gelu_approximation", "1"),
        ("session.load_model_format", "ORT"),
        ("ep.context_enable", "1"),
    ):
        with pytest.raises(ort.NotImplemented, match=f'"{key}"'):
            options.add_session_config_entry(key, value)
    run_options = ort.RunOptions()
    with pytest.raises(ort.NotImplemented):
        run_options.add_run_config_entry("qnn.htp_perf_mode", "burst")
    with pytest.raises(ort.NotImplemented, match="adapters"):
        run_options.add_active_adapter(None)
    with pytest.raises(AttributeError):
        run_options.something = 1
    with pytest.raises(TypeError):
        ort.InferenceSession("model.onnx", no_such_keyword=1)


def test_free_dimension_overrides():
    model = relu_model(shape=("batch", 3))
    model.graph.input[0].type.tensor_type.shape.dim[0].denotation = "DATA_BATCH"
    data = model.SerializeToString()
    for add in ("add_free_dimension_override_by_name", "add_free_dimension_override_by_denotation"):
        options = ort.SessionOptions()
        getattr(options, add)("batch" if add.endswith("name") else "DATA_BATCH", 2)
        session = ort.InferenceSession(data, options)
        assert session.get_inputs()[0].shape == session.get_outputs()[0].shape == [2, 3]
        assert session.run(None, {"x": np.ones((2, 3), np.float32)})[0].shape == (2, 3)
        with pytest.raises(ort.InvalidArgument, match=r"wants float32 \[2,3\]"):
            session.run(None, {"x": np.ones((4, 3), np.float32)})
    with pytest.raises(ort.InvalidArgument, match="size is -1"):
        options.add_free_dimension_override_by_name("batch", -1)


def test_an_override_of_no_dimension_is_logged(sampler_path, capfd):
    options = ort.SessionOptions()
    options.add_free_dimension_override_by_name("bach", 2)
    assert ort.InferenceSession(sampler_path, options).get_inputs()[0].shape == ["batch", 100]
    assert 'of the name "bach", but no open dimension of the model has it' in capfd.readouterr().err


@pytest.fixture
def scaled():
    """y = x * w, w = [1, 2, 3], as bytes."""
    node = onnx.helper.make_node("Mul", ["x", "w"], ["y"])
    shape = ("n", 3)
    return make_model([node], [("x", 1, shape)], [("y", 1, shape)], {"w": np.float32([1, 2, 3])})


def test_initializers_in_place_of_the_models(scaled):
    options = ort.SessionOptions()
    weights = np.float32([[10, 20, 30], [0, 0, 0]]).T.copy()[:, 0]  # not contiguous: copied
    options.add_initializer("w", ort.OrtValue.ortvalue_from_numpy(weights))
    session = ort.InferenceSession(scaled.SerializeToString(), options)
    weights[:] = 0  # the session has its own
    assert session.run(None, {"x": np.ones((1, 3), np.float32)})[0].tolist() == [[10, 20, 30]]
    assert linnet.load(scaled, initializers={"w": torch.ones(3)})(np.ones((1, 3), np.float32)).tolist() == [[1, 1, 1]]
    for name, value, message in (
        ("v", np.zeros(3, np.float32), 'initializer "v", which the model does not have'),
        ("x", np.zeros(3, np.float32), 'initializer "x", which the model does not have'),
        ("w", np.zeros(3), r'initializer "w": the model has float32 \[3\], .* is float64 \[3\]'),
        ("w", np.zeros((3, 1), np.float32), r"is float32 \[3,1\]"),
    ):
        options = ort.SessionOptions()
        options.add_initializer(name, ort.OrtValue.ortvalue_from_numpy(value))
        with pytest.raises(ort.InvalidArgument, match=message):
            ort.InferenceSession(scaled.SerializeToString(), options)
    with pytest.raises(ort.InvalidArgument, match="expected a linnet.OrtValue"):
        options.add_initializer("w", weights)


def test_external_initializers_need_no_file(scaled, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(scaled, path, save_as_external_data=True, location="weights", size_threshold=0)
    (tmp_path / "weights").unlink()
    with pytest.raises(ort.NoSuchFile):
        ort.InferenceSession(path)
    options = ort.SessionOptions()
    options.add_external_initializers(["w"], [ort.OrtValue.ortvalue_from_numpy(np.float32([4, 5, 6]))])
    for source in (path, path.read_bytes()):
        session = ort.InferenceSession(source, options)
        assert session.run(None, {"x": np.ones((1, 3), np.float32)})[0].tolist() == [[4, 5, 6]]
    with pytest.raises(ort.InvalidArgument, match="as many values"):
        options.add_external_initializers(["a", "b"], [])


def test_run_async(session, sampler_input, sampler_output):
    done = queue.Queue()

    def callback(*arguments):
        done.put((*arguments, threading.current_thread()))

    session.run_async(None, {"x": sampler_input}, callback, "mine")
    results, user_data, error, thread = done.get(timeout=60)
    np.testing.assert_allclose(results[0], sampler_output, rtol=1e-5, atol=1e-7)
    assert (user_data, error) == ("mine", "") and thread is not threading.current_thread()
    session.run_async(["softmax"], {"x": sampler_input.astype("f8")}, callback, None)
    results, _, error, _ = done.get(timeout=60)
    assert results == [] and "the model wants float32" in error
    options = ort.RunOptions()
    options.terminate = True
    session.run_async(None, {"x": sampler_input}, callback, None, options)
    assert "cancelled" in done.get(timeout=60)[2]
    for names, feed in ((["other"], {"x": sampler_input}), (None, {}), (None, [sampler_input])):
        with pytest.raises(ort.InvalidArgument):
            session.run_async(names, feed, callback, None)


def test_run_async_at_the_end_of_the_program(sampler_path):
    """The run is finished and its callback called before the interpreter ends; what a callback raises is printed."""
    source = """
import sys, linnet as ort, numpy as np
def callback(results, user_data, error):
    print(results[0].shape, flush=True)
    raise RuntimeError("of the callback")
session = ort.InferenceSession(sys.argv[1])
session.run_async(None, {"x": np.zeros((4, 100), np.float32)}, callback, None)
"""
    done = run_script(source, sampler_path)
    assert done.returncode == 0 and done.stdout == "(4, 5)\n" and "RuntimeError: of the callback" in done.stderr


def test_the_log_can_be_a_callback(sampler_path, capfd):
    lines = []
    ort.set_default_logger_callback(lambda *arguments: lines.append(arguments), 1)
    try:
        ort.InferenceSession(sampler_path)
    finally:
        ort.set_default_logger_callback(None)
        ort.set_default_logger_severity(2)
    assert any(line[0] == 1 and line[4].startswith("loaded ") for line in lines)
    assert capfd.readouterr().err == ""


def test_sessions_and_options_pickle_by_path(sampler_path, sampler_input, sampler_output, monkeypatch, tmp_path):
    monkeypatch.chdir(Path(sampler_path).parent)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.logid = "mine"
    options.add_free_dimension_override_by_name("batch", 4)
    session = ort.InferenceSession(Path(sampler_path).name, options)
    stored = pickle.dumps(session)
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(stored)
    assert again.get_inputs()[0].shape == [4, 100] and again.get_session_options().logid == "mine"
    np.testing.assert_allclose(again.run(None, {"x": sampler_input})[0], sampler_output, rtol=1e-5, atol=1e-7)
    assert copy.copy(session) is session and copy.deepcopy({"a": session})["a"] is session
    other = copy.deepcopy(options)
    other.add_free_dimension_override_by_name("n", 1)
    assert "n" not in options._dimensions and copy.copy(options)._dimensions == {"batch": 4}
    run_options = ort.RunOptions()
    run_options.terminate = True
    run_options.logid = "mine"
    found = pickle.loads(pickle.dumps(run_options))
    assert found.terminate and found.logid == "mine"


def test_what_cannot_be_pickled_says_what_to_do(sampler_path):
    session = ort.InferenceSession(Path(sampler_path).read_bytes())
    with pytest.raises(TypeError, match="loaded from memory: load it from a file"):
        pickle.dumps(session)
    with pytest.raises(TypeError, match="io_binding"):
        pickle.dumps(session.io_binding())


def test_a_session_goes_to_another_process(sampler_path, sampler_input, sampler_output):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (made,) = pool.apply(ort.InferenceSession(sampler_path).run, (None, {"x": sampler_input}))
    np.testing.assert_allclose(made, sampler_output, rtol=1e-5, atol=1e-7)


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


def test_ortvalues_of_other_bits_and_copies():
    bits = np.uint16([0x3F80, 0xC000])  # 1 and -2 in bfloat16
    value = ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, onnx.TensorProto.BFLOAT16)
    assert value.data_type() == "tensor(bfloat16)" and value.numpy().astype("f4").tolist() == [1, -2]
    with pytest.raises(ort.InvalidArgument, match="have not the size"):
        ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, onnx.TensorProto.FLOAT)
    source, target = (ort.OrtValue.ortvalue_from_numpy(np.full(2, fill, np.float32)) for fill in (1, 2))
    ort.copy_tensors([source], [target])
    assert target.numpy().tolist() == [1, 1]


def test_an_ortvalue_is_an_input(session, sampler_input, sampler_output):
    y = session.run(None, {"x": ort.OrtValue.ortvalue_from_numpy(sampler_input)})[0]
    np.testing.assert_allclose(y, sampler_output, rtol=1e-5, atol=1e-7)
