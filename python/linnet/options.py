"""SessionOptions and RunOptions with ONNX Runtime's names. What Linnet does not support raises."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from typing import Any

from linnet import _linnet
from linnet.errors import InvalidArgument, NotImplemented


class GraphOptimizationLevel(enum.IntEnum):
    """How much of a model's graph is rewritten at load. Linnet has no step between EXTENDED and ALL."""

    ORT_DISABLE_ALL = 0
    """No pass at all."""
    ORT_ENABLE_BASIC = 1
    """Constant folding and removal of what has no effect; no fusion."""
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode(enum.IntEnum):
    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class ExecutionOrder(enum.IntEnum):
    DEFAULT = 0
    PRIORITY_BASED = 1
    MEMORY_EFFICIENT = 2


# ONNX Runtime's severities: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal.
_default_severity = 2


def set_default_logger_severity(severity: int) -> None:
    """The severity of sessions whose options leave ``log_severity_level`` at -1: 0 (verbose) to 4 (fatal)."""
    global _default_severity
    _default_severity = _severity("severity", severity)


def _whole(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise InvalidArgument(f"{name} is {value!r}, expected a whole number from {least}")
    return int(value.__index__())


def _severity(name: str, value: Any) -> int:
    number = _whole(name, value, -1 if name == "log_severity_level" else 0)
    if number > 4:
        raise InvalidArgument(f"{name} is {number}, expected 0 (verbose) to 4 (fatal)")
    return number


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, int)):
        raise InvalidArgument(f"{name} is {value!r}, expected True or False")
    return bool(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} is {value!r}, expected a string")
    return value


def _only(*allowed: Any) -> Callable[[str, Any], Any]:
    """Accepts the values that mean what Linnet does; refuses all others."""

    def check(name: str, value: Any) -> Any:
        if value not in allowed:
            raise NotImplemented(f"{name} = {value!r} is not supported; Linnet has {name} = {allowed[0]!r}")
        return value

    return check


def _level(name: str, value: Any) -> GraphOptimizationLevel:
    try:
        return GraphOptimizationLevel(value)
    except ValueError:
        raise InvalidArgument(f"{name} is {value!r}, expected a GraphOptimizationLevel") from None


class _Checked:
    """Attributes that are checked when they are set; there are no others."""

    __slots__ = ()
    _checks: dict[str, Callable[[str, Any], Any]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        if check is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} in Linnet")
        object.__setattr__(self, name, check(name, value))


class SessionOptions(_Checked):
    """Options of an InferenceSession. Setting anything that Linnet does not have raises AttributeError or NotImplemented.

    ``intra_op_num_threads``: 0 for as many as the CPUs this process may use. ``graph_optimization_level``,
    ``log_severity_level`` (-1: the default, warnings; lines go to stderr), ``logid`` (stands before each line),
    ``enable_profiling`` with ``profile_file_prefix``. ``use_deterministic_compute`` may be set: results are always
    deterministic. ``inter_op_num_threads``, ``execution_mode``, ``execution_order``, the memory arena's switches and
    ``log_verbosity_level`` only take the value that Linnet works with. ``allow_external_links``, which ONNX Runtime does
    not have, accepts external data behind links that lead out of the model's folder, and hard links.
    """

    __slots__ = (
        "allow_external_links",
        "enable_cpu_mem_arena",
        "enable_mem_pattern",
        "enable_mem_reuse",
        "enable_profiling",
        "execution_mode",
        "execution_order",
        "graph_optimization_level",
        "inter_op_num_threads",
        "intra_op_num_threads",
        "log_severity_level",
        "log_verbosity_level",
        "logid",
        "optimized_model_filepath",
        "profile_file_prefix",
        "use_deterministic_compute",
        "_config",
    )
    _checks = {
        "allow_external_links": _flag,
        "enable_cpu_mem_arena": _only(True),
        "enable_mem_pattern": _only(True),
        "enable_mem_reuse": _only(True),
        "enable_profiling": _flag,
        "execution_mode": _only(ExecutionMode.ORT_SEQUENTIAL),
        "execution_order": _only(ExecutionOrder.DEFAULT),
        "graph_optimization_level": _level,
        "inter_op_num_threads": _only(0, 1),
        "intra_op_num_threads": _whole,
        "log_severity_level": _severity,
        "log_verbosity_level": _only(0),
        "logid": _text,
        "optimized_model_filepath": _only(""),
        "profile_file_prefix": _text,
        "use_deterministic_compute": _flag,
        "_config": lambda name, value: value,
    }

    def __init__(self) -> None:
        self.allow_external_links = False
        self.enable_cpu_mem_arena = True
        self.enable_mem_pattern = True
        self.enable_mem_reuse = True
        self.enable_profiling = False
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.execution_order = ExecutionOrder.DEFAULT
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.inter_op_num_threads = 0
        self.intra_op_num_threads = 0
        self.log_severity_level = -1
        self.log_verbosity_level = 0
        self.logid = ""
        self.optimized_model_filepath = ""
        self.profile_file_prefix = "linnet_profile_"
        self.use_deterministic_compute = False
        self._config: dict[str, str] = {}

    def add_session_config_entry(self, key: str, value: str) -> None:
        """Supported is ``"session.set_denormal_as_zero"`` with "0" or "1". Errors: NotImplemented for other keys."""
        if key != "session.set_denormal_as_zero":
            raise NotImplemented(f'the session config entry "{key}" is not supported')
        if value not in ("0", "1"):
            raise InvalidArgument(f'the session config entry "{key}" is {value!r}, expected "0" or "1"')
        self._config[key] = value

    def get_session_config_entry(self, key: str) -> str:
        """Errors: InvalidArgument for a key that was not added."""
        if key not in self._config:
            raise InvalidArgument(f'there is no session config entry "{key}"')
        return self._config[key]

    def _load_options(self) -> dict[str, Any]:
        """The same as keywords of :func:`linnet.load`."""
        passes: list[str] = []
        if self.graph_optimization_level == GraphOptimizationLevel.ORT_DISABLE_ALL:
            passes = ["all"]
        elif self.graph_optimization_level == GraphOptimizationLevel.ORT_ENABLE_BASIC:
            passes = [name for name in _linnet.pass_names() if name.startswith(("fuse_", "chain_"))]
        return {
            "threads": self.intra_op_num_threads,
            "disabled_passes": passes,
            "allow_external_links": self.allow_external_links,
            "flush_denormals": self._config.get("session.set_denormal_as_zero") == "1",
            "log": _stderr_log(self.log_severity_level, self.logid),
        }

    def _copy(self) -> SessionOptions:
        copy = SessionOptions()
        for name in self.__slots__:
            setattr(copy, name, getattr(self, name))
        copy._config = dict(self._config)
        return copy


class RunOptions(_Checked):
    """Options of one run. ``terminate = True``, set by any thread, ends the runs that use this object (Cancelled).

    ``logid`` and ``log_severity_level`` concern lines written during a run; Linnet writes none.
    """

    __slots__ = ("log_severity_level", "log_verbosity_level", "logid", "only_execute_path_to_fetches", "_token")
    _checks = {
        "log_severity_level": _severity,
        "log_verbosity_level": _only(0),
        "logid": _text,
        "only_execute_path_to_fetches": _only(False),
        "_token": lambda name, value: value,
    }

    def __init__(self) -> None:
        self.log_severity_level = -1
        self.log_verbosity_level = 0
        self.logid = ""
        self.only_execute_path_to_fetches = False
        self._token = _linnet.CancelToken()

    @property
    def terminate(self) -> bool:
        return self._token.cancelled

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "terminate":
            super().__setattr__(name, value)
        elif _flag(name, value):
            self._token.cancel()
        else:
            self._token.reset()

    def add_run_config_entry(self, key: str, value: str) -> None:
        """Errors: NotImplemented; Linnet has no such entry."""
        raise NotImplemented(f'the run config entry "{key}" is not supported')

    def get_run_config_entry(self, key: str) -> str:
        """Errors: InvalidArgument; there are none."""
        raise InvalidArgument(f'there is no run config entry "{key}"')


def _stderr_log(severity: int, logid: str) -> Callable[[int, str], None]:
    least = _default_severity if severity < 0 else severity
    names = ["verbose", "info", "warning", "error"]

    def log(level: int, text: str) -> None:
        if level >= least:
            print(f"linnet: {names[level]}: {logid + ': ' if logid else ''}{text}", file=sys.stderr)

    return log
