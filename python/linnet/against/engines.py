"""The engines that can be timed. Each takes a model and arrays and gives a function that runs once.

All are driven from Python, with the arrays bound beforehand where the engine can do that, so that the call itself costs
as little as it can in each.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from linnet.errors import NotImplemented

Run = Callable[[], Any]
Feed = dict[str, np.ndarray[Any, Any]]


def _linnet(
    path: str, feed: Feed, threads: int, backend: str = "auto", precision: str = "f32"
) -> tuple[Run, Callable[[], list[Any]]]:
    import linnet

    model = linnet.load(path, threads=threads, backend=backend, precision=precision)
    first = model.run(feed)
    binding = model.binding()
    for name, array in feed.items():
        binding.bind_input(name, array)
    for name, array in first.items():
        binding.bind_output(name, array)
    return binding.run, lambda: list(first.values())


def _onnxruntime(path: str, feed: Feed, threads: int) -> tuple[Run, Callable[[], list[Any]]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    first = session.run(None, feed)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in first]
    binding = session.io_binding()
    for name, array in feed.items():
        binding.bind_cpu_input(name, array)
    for output, value in zip(session.get_outputs(), values):
        binding.bind_ortvalue_output(output.name, value)
    return lambda: session.run_with_iobinding(binding), lambda: [value.numpy() for value in values]


def _openvino(path: str, feed: Feed, threads: int) -> tuple[Run, Callable[[], list[Any]]]:
    import openvino

    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    if threads:
        config["INFERENCE_NUM_THREADS"] = str(threads)
    compiled = openvino.Core().compile_model(path, "CPU", config)
    request = compiled.create_infer_request()
    for name, array in feed.items():
        request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
    request.infer()
    count = len(compiled.outputs)
    return request.infer, lambda: [request.get_output_tensor(i).data.copy() for i in range(count)]


def _torch(path: str, feed: Feed, threads: int) -> tuple[Run, Callable[[], list[Any]]]:
    import torch

    from linnet.against.torch_graph import TorchGraph

    if threads:
        torch.set_num_threads(threads)
    graph = TorchGraph(path)
    inputs = {name: torch.from_numpy(array) for name, array in feed.items()}

    def run() -> Any:
        with torch.inference_mode():
            return graph.run(inputs)

    return run, lambda: [tensor.numpy() for tensor in run()]


_PEER_MAKERS = {"onnxruntime": _onnxruntime, "openvino": _openvino, "torch": _torch}
PEERS = list(_PEER_MAKERS)


def installed(engine: str) -> bool:
    """Whether the engine's package is there, without importing it. PyTorch's form of a model also needs onnx."""
    packages = ["torch", "onnx"] if engine == "torch" else [engine]
    return all(importlib.util.find_spec(package) is not None for package in packages)


def version(engine: str) -> str:
    if engine == "linnet":
        import linnet

        return linnet.__version__
    return importlib.metadata.version(engine)


def make(
    engine: str, path: str, feed: Feed, threads: int, options: dict[str, str] | None = None
) -> tuple[Run, Callable[[], list[Any]]]:
    """(run once, the outputs as NumPy arrays). ``threads``: 0 for the engine's own choice; ``options``: Linnet's, which
    other engines take no notice of. Errors: NotImplemented for an unknown engine; the engine's own."""
    if engine == "linnet":
        return _linnet(path, feed, threads, **(options or {}))
    if engine not in _PEER_MAKERS:
        raise NotImplemented(f"there is no engine {engine}; there are {', '.join(PEERS)}")
    return _PEER_MAKERS[engine](path, feed, threads)
