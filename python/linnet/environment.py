"""ONNX Runtime's functions that concern the process. What has no meaning in Linnet is accepted and noted in the log."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

from linnet import _linnet
from linnet.errors import InvalidArgument
from linnet.logger import note_without_effect
from linnet.ortvalue import OrtValue


def get_version_string() -> str:
    return _linnet.version()


def get_build_info() -> str:
    """Version, instruction set, and whether oneDNN can be used, in one line."""
    problem = _linnet.onednn_problem()
    onednn = "yes" if problem is None else f"no ({problem})"
    return f"Linnet Build Info: version={_linnet.version()}, isa={_linnet.isa()}, onednn={onednn}"


def print_debug_info() -> None:
    print(get_build_info())
    print(f"Python {platform.python_version()}, {platform.platform()}")


def get_device() -> str:
    return "CPU"


def set_seed(seed: int) -> None:
    """Without effect: no operator of Linnet's draws random numbers."""
    if not hasattr(seed, "__index__"):
        raise InvalidArgument(f"seed is {seed!r}, expected a whole number")
    note_without_effect(["set_seed"])


def set_default_logger_verbosity(level: int) -> None:
    """Without effect: there are no lines below the severity verbose."""
    if not hasattr(level, "__index__"):
        raise InvalidArgument(f"level is {level!r}, expected a whole number")
    note_without_effect(["set_default_logger_verbosity"])


def set_global_thread_pool_sizes(intra_op_num_threads: int = 0, inter_op_num_threads: int = 0) -> None:
    """Without effect: the threads are one pool of the process already; ``SessionOptions.intra_op_num_threads`` says
    how many of them a session uses."""
    note_without_effect(["set_global_thread_pool_sizes"])


def preload_dlls(*arguments: Any, **keywords: Any) -> None:
    """Without effect: it concerns CUDA."""
    note_without_effect(["preload_dlls"])


def enable_telemetry_events() -> None:
    """Without effect: Linnet sends nothing to anybody."""
    note_without_effect(["enable_telemetry_events"])


def disable_telemetry_events() -> None:
    """Linnet sends nothing to anybody."""


def has_collective_ops() -> bool:
    return False


def copy_tensors(src: Sequence[OrtValue], dst: Sequence[OrtValue], stream: Any = None) -> None:
    """Copies each value of ``src`` to that of ``dst``, of the same dtype and shape. Errors: InvalidArgument."""
    if len(src) != len(dst):
        raise InvalidArgument(f"{len(src)} tensors to copy from, {len(dst)} to copy to")
    for source, target in zip(src, dst):
        target.update_inplace(source._tensor)
