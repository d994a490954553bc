"""Linnet runs ONNX models on CPUs.

    model = linnet.load("model.onnx")
    y = model(x)                                          # NumPy in, NumPy out; PyTorch in, PyTorch out; no copies

    session = linnet.InferenceSession("model.onnx")       # ONNX Runtime's form
    (y,) = session.run(None, {"x": x})

    model = linnet.from_torch(module, (x,))               # exports and loads
    print(linnet.verify(module, (x,)))                    # compares with PyTorch, layer by layer

``linnet.backend`` is ONNX's backend interface; ``python -m linnet`` is the command line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from linnet import _linnet
from linnet._linnet import CancelToken
from linnet.environment import (
    copy_tensors,
    disable_telemetry_events,
    enable_telemetry_events,
    get_build_info,
    get_device,
    get_version_string,
    has_collective_ops,
    preload_dlls,
    print_debug_info,
    set_default_logger_verbosity,
    set_global_thread_pool_sizes,
    set_seed,
)
from linnet.errors import (
    Cancelled,
    DeadlineExceeded,
    EngineError,
    Error,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    LimitExceeded,
    NoSuchFile,
    NotImplemented,
    OutOfMemory,
    RuntimeException,
)
from linnet.logger import set_default_logger_callback, set_default_logger_severity
from linnet.model import Binding, Model, TensorInfo, load
from linnet.options import (
    ExecutionMode,
    ExecutionOrder,
    GraphOptimizationLevel,
    RunOptions,
    SessionOptions,
)
from linnet.ortvalue import IOBinding, OrtValue
from linnet.session import (
    InferenceSession,
    ModelMetadata,
    NodeArg,
    get_all_providers,
    get_available_providers,
)

if TYPE_CHECKING:
    from linnet import backend, capi
    from linnet.torch_export import from_torch
    from linnet.verification import verify

SessionIOBinding = IOBinding
__version__ = _linnet.version()


def isa() -> str:
    """The instruction set that Linnet's own kernels run on: "avx512", "avx2", "sse4" or "neon"."""
    return _linnet.isa()


def onednn_problem() -> str | None:
    """None when oneDNN can be used, otherwise why not."""
    return _linnet.onednn_problem()


# What needs more than NumPy is imported when it is used.
_LATER = {
    "from_torch": ("linnet.torch_export", "from_torch"),
    "verify": ("linnet.verification", "verify"),
    "backend": ("linnet.backend", None),
    "capi": ("linnet.capi", None),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'linnet' has no attribute {name!r}")
    module_name, attribute = _LATER[name]
    module = importlib.import_module(module_name)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value  # over the submodule of the same name, too
    return value


__all__ = [
    "Binding",
    "CancelToken",
    "Cancelled",
    "DeadlineExceeded",
    "EngineError",
    "Error",
    "ExecutionMode",
    "ExecutionOrder",
    "GraphOptimizationLevel",
    "IOBinding",
    "InferenceSession",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "LimitExceeded",
    "Model",
    "ModelMetadata",
    "NoSuchFile",
    "NodeArg",
    "NotImplemented",
    "OrtValue",
    "OutOfMemory",
    "RunOptions",
    "RuntimeException",
    "SessionIOBinding",
    "SessionOptions",
    "TensorInfo",
    "copy_tensors",
    "disable_telemetry_events",
    "enable_telemetry_events",
    "from_torch",
    "get_all_providers",
    "get_available_providers",
    "get_build_info",
    "get_device",
    "get_version_string",
    "has_collective_ops",
    "isa",
    "load",
    "onednn_problem",
    "preload_dlls",
    "print_debug_info",
    "set_default_logger_callback",
    "set_default_logger_severity",
    "set_default_logger_verbosity",
    "set_global_thread_pool_sizes",
    "set_seed",
    "verify",
]
