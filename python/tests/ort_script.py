"""An ordinary script for ONNX Runtime, run by the tests with `import linnet as ort`; with ONNX Runtime installed it runs
unchanged as `python ort_script.py onnxruntime MODEL INPUT.npy`."""

import importlib
import sys

import numpy as np

ort = importlib.import_module(sys.argv[1])
model_path, input_path = sys.argv[2:]

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
options.log_severity_level = 3
session = ort.InferenceSession(model_path, sess_options=options, providers=["CPUExecutionProvider"])

(inp,) = session.get_inputs()
(out,) = session.get_outputs()
print(inp.name, inp.type, inp.shape, out.name, out.type, out.shape)
print(session.get_providers(), session.get_modelmeta().producer_name, session.get_modelmeta().graph_name)

x = np.load(input_path)
(y,) = session.run(None, {inp.name: x})
(again,) = session.run([out.name], {inp.name: x}, ort.RunOptions())
assert np.array_equal(y, again)

binding = session.io_binding()
binding.bind_cpu_input(inp.name, x)
binding.bind_output(out.name)
session.run_with_iobinding(binding)
assert np.array_equal(binding.copy_outputs_to_cpu()[0], y)

result = np.empty_like(y)
binding = session.io_binding()
binding.bind_input(inp.name, "cpu", 0, np.float32, x.shape, x.ctypes.data)
binding.bind_output(out.name, "cpu", 0, np.float32, result.shape, result.ctypes.data)
session.run_with_iobinding(binding)
assert np.array_equal(result, y)

value = ort.OrtValue.ortvalue_from_numpy(x)
print(value.shape(), value.data_type(), value.element_type(), value.device_name(), value.is_tensor())
(from_value,) = session.run_with_ort_values([out.name], {inp.name: value})
assert np.array_equal(from_value.numpy(), y)

for feed in ({}, {inp.name: x.astype(np.float64)}, {inp.name: x[:, :1]}, {"other": x}):
    try:
        session.run(None, feed)
    except Exception:
        continue
    raise AssertionError(f"{feed} was accepted")
try:
    ort.InferenceSession("no_such_file.onnx")
except ort.capi.onnxruntime_pybind11_state.NoSuchFile:
    print("no such file")
print(np.round(y.sum(axis=1), 4).tolist())
