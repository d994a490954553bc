"""SessionOptions and RunOptions with ONNX Runtime's names.

What has no meaning in Linnet is accepted and noted in the log, once; what would change results or write files raises.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from linnet import _linnet
from linnet.errors import InvalidArgument, NotImplemented
from linnet.logger import check_severity, note_without_effect, session_log
from linnet.ortvalue import OrtValue


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


def _whole(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise InvalidArgument(f"{name} is {value!r}, expected a whole number from {least}")
    return int(value.__index__())


def _severity(name: str, value: Any) -> int:
    return check_severity(name, value, least=-1)


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


def _member_of(kind: type[enum.IntEnum]) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        try:
            return kind(value)
        except ValueError:
            raise InvalidArgument(f"{name} is {value!r}, expected a member of {kind.__name__}") from None

    return check


def _any(name: str, value: Any) -> Any:
    return value


# Session config entries that are about speed, memory, other execution providers, or how files are written.
_ENTRIES_WITHOUT_EFFECT = {
    "optimization.constant_folding_max_output_size_in_bytes",
    "optimization.disable_specified_optimizers",
    "optimization.minimal_build_optimizations",
    "session.allow_released_opsets_only",
    "session.debug_layout_transformation",
    "session.disable_aot_function_inlining",
    "session.disable_double_qdq_remover",
    "session.disable_prepacking",
    "session.disable_qdq_constant_folding",
    "session.disable_quant_qdq",
    "session.dynamic_block_base",
    "session.enable_quant_qdq",
    "session.enable_quant_qdq_cleanup",
    "session.enable_saved_runtime_optimizations",
    "session.force_spinning_stop",
    "session.graph_optimizations_loop_level",
    "session.inter_op.allow_spinning",
    "session.inter_op.spin_backoff_max",
    "session.inter_op.spin_duration_us",
    "session.intra_op.allow_spinning",
    "session.intra_op.spin_backoff_max",
    "session.intra_op.spin_duration_us",
    "session.intra_op_thread_affinities",
    "session.optimized_model_external_initializers_file_name",
    "session.optimized_model_external_initializers_min_size_in_bytes",
    "session.prepack.enable_parallel",
    "session.record_ep_graph_assignment_info",
    "session.save_external_prepacked_constant_initializers",
    "session.save_model_format",
    "session.strict_shape_type_inference",
    "session.use_device_allocator_for_initializers",
    "session.use_env_allocators",
    "session.use_external_initializer_file_buffers_directly",
    "session.use_ort_model_bytes_directly",
    "session.use_ort_model_bytes_for_initializers",
}
# Entries that may only say what Linnet does.
_ENTRIES_WITH_ONE_VALUE = {
    "ep.context_enable": "0",
    "mlas.enable_gemm_fastmath_arm64_bfloat16": "0",
    "optimization.enable_cast_chain_elimination": "0",
    "optimization.enable_gelu_approximation": "0",
    "session.disable_cpu_ep_fallback": "0",
    "session.load_model_format": "ONNX",
    "session.x64quantprecision": "0",
}
_DENORMALS = "session.set_denormal_as_zero"
_FOLDER = "session.model_external_initializers_file_folder_path"
_RUN_ENTRIES_WITHOUT_EFFECT = {
    "disable_synchronize_execution_providers",
    "gpu_graph_id",
    "memory.enable_memory_arena_shrinkage",
}


class _Checked:
    """Attributes that are checked when they are set; there are no others."""

    __slots__ = ()
    _checks: dict[str, Callable[[str, Any], Any]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        if check is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} in Linnet")
        object.__setattr__(self, name, check(name, value))


def _values_by_name(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    if isinstance(names, str) or len(names) != len(values):
        raise InvalidArgument(f"expected a list of names and as many values, got {names!r} and {len(values)} values")
    return dict(zip(names, values))


class SessionOptions(_Checked):
    """Options of an InferenceSession. Setting what would change results, or what no ONNX Runtime has, raises.

    ``intra_op_num_threads``: 0 for as many as the CPUs this process may use. ``graph_optimization_level``,
    ``log_severity_level`` (-1: the default, warnings; lines go to stderr), ``logid`` (stands before each line),
    ``enable_profiling`` with ``profile_file_prefix``. ``use_deterministic_compute`` may be set: results are always
    deterministic.

    Without effect, and noted in the log once when set to anything unusual: ``enable_cpu_mem_arena``,
    ``enable_mem_pattern``, ``enable_mem_reuse``, ``execution_mode``, ``execution_order``, ``inter_op_num_threads``,
    ``log_verbosity_level``, ``use_per_session_threads``. ``optimized_model_filepath`` raises: Linnet writes no models.

    ``allow_external_links``, which ONNX Runtime does not have, accepts external data behind links that lead out of the
    model's folder, and hard links.
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
        "use_per_session_threads",
        "_config",
        "_dimensions",
        "_denoted_dimensions",
        "_external_data",
        "_initializers",
    )
    _checks = {
        "allow_external_links": _flag,
        "enable_cpu_mem_arena": _flag,
        "enable_mem_pattern": _flag,
        "enable_mem_reuse": _flag,
        "enable_profiling": _flag,
        "execution_mode": _member_of(ExecutionMode),
        "execution_order": _member_of(ExecutionOrder),
        "graph_optimization_level": _member_of(GraphOptimizationLevel),
        "inter_op_num_threads": _whole,
        "intra_op_num_threads": _whole,
        "log_severity_level": _severity,
        "log_verbosity_level": _whole,
        "logid": _text,
        "optimized_model_filepath": _only(""),
        "profile_file_prefix": _text,
        "use_deterministic_compute": _flag,
        "use_per_session_threads": _flag,
        "_config": _any,
        "_dimensions": _any,
        "_denoted_dimensions": _any,
        "_external_data": _any,
        "_initializers": _any,
    }
    # Options without effect, and the values that are no reason for a note.
    _without_effect: Mapping[str, tuple[Any, ...]] = {
        "enable_cpu_mem_arena": (True,),
        "enable_mem_pattern": (True,),
        "enable_mem_reuse": (True,),
        "execution_mode": (ExecutionMode.ORT_SEQUENTIAL,),
        "execution_order": (ExecutionOrder.DEFAULT,),
        "inter_op_num_threads": (0, 1),
        "log_verbosity_level": (0,),
        "use_per_session_threads": (True,),
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
        self.use_per_session_threads = True
        self._config: dict[str, str] = {}
        self._dimensions: dict[str, int] = {}
        self._denoted_dimensions: dict[str, int] = {}
        self._external_data: dict[str, bytes] = {}
        self._initializers: dict[str, OrtValue] = {}

    def add_free_dimension_override_by_name(self, name: str, size: int) -> None:
        """The model's inputs have this size wherever it leaves a dimension open under this name."""
        self._dimensions[_text("name", name)] = _whole("size", size)

    def add_free_dimension_override_by_denotation(self, denotation: str, size: int) -> None:
        """The same by the dimension's denotation, such as "DATA_BATCH"."""
        self._denoted_dimensions[_text("denotation", denotation)] = _whole("size", size)

    def add_initializer(self, name: str, value: OrtValue) -> None:
        """Puts a value in the place of the model's initializer of this name, of the same type and shape. It is copied
        when a session is made; an initializer that the model does not have is an error then."""
        if not isinstance(value, OrtValue):
            raise InvalidArgument(f"initializer {name!r}: expected a linnet.OrtValue, got {type(value).__name__}")
        self._initializers[_text("name", name)] = value

    def add_external_initializers(self, names: Sequence[str], values: Sequence[OrtValue]) -> None:
        """:meth:`add_initializer` for several; the model's files of external data need not be there for them."""
        for name, value in _values_by_name(names, values).items():
            self.add_initializer(name, value)

    def add_external_initializers_from_files_in_memory(
        self, names: Sequence[str], buffers: Sequence[Any], lengths: Sequence[int]
    ) -> None:
        """Puts bytes in the place of the model's files of external data. ``names``: the files' names in the model;
        ``buffers``: with the buffer protocol; ``lengths``: how many of their bytes count."""
        by_name = _values_by_name(names, buffers)
        for (name, buffer), length in zip(by_name.items(), lengths, strict=True):
            self._external_data[_text("name", name)] = bytes(memoryview(buffer).cast("B")[:length])

    def add_session_config_entry(self, key: str, value: str) -> None:
        """``"session.set_denormal_as_zero"`` ("0" or "1") and the folder of external data,
        ``"session.model_external_initializers_file_folder_path"``, are done; entries about speed, memory and other
        execution providers are without effect, and noted in the log once. Errors: NotImplemented for a key that is not
        known, and for a value that would change results."""
        _text("key", key), _text(key, value)
        if key == _DENORMALS and value not in ("0", "1"):
            raise InvalidArgument(f'the session config entry "{key}" is {value!r}, expected "0" or "1"')
        if value != _ENTRIES_WITH_ONE_VALUE.get(key, value):
            usual = _ENTRIES_WITH_ONE_VALUE[key]
            raise NotImplemented(f'the session config entry "{key}" = "{value}" is not supported; Linnet has "{usual}"')
        known = (_DENORMALS, _FOLDER, *_ENTRIES_WITH_ONE_VALUE, *_ENTRIES_WITHOUT_EFFECT)
        if key not in known and not key.startswith("ep."):
            raise NotImplemented(f'the session config entry "{key}" is not supported')
        self._config[key] = value

    def get_session_config_entry(self, key: str) -> str:
        """Errors: InvalidArgument for a key that was not added."""
        if key not in self._config:
            raise InvalidArgument(f'there is no session config entry "{key}"')
        return self._config[key]

    def register_custom_ops_library(self, path: str) -> None:
        """Errors: NotImplemented; Linnet has no operators beside its own."""
        raise NotImplemented(f"libraries of custom operators are not supported: {path}")

    def has_providers(self) -> bool:
        """False: there is only the CPU."""
        return False

    def _load_options(self) -> dict[str, Any]:
        """The same as keywords of :func:`linnet.load`."""
        passes: list[str] = []
        if self.graph_optimization_level == GraphOptimizationLevel.ORT_DISABLE_ALL:
            passes = ["all"]
        elif self.graph_optimization_level == GraphOptimizationLevel.ORT_ENABLE_BASIC:
            passes = [name for name in _linnet.pass_names() if name.startswith(("fuse_", "chain_"))]
        options = {
            "threads": self.intra_op_num_threads,
            "disabled_passes": passes,
            "allow_external_links": self.allow_external_links,
            "flush_denormals": self._config.get(_DENORMALS) == "1",
            "dimensions": self._dimensions,
            "denoted_dimensions": self._denoted_dimensions,
            "initializers": {name: value._array for name, value in self._initializers.items()},
            "log": self._log(),
        }
        if _FOLDER in self._config:
            options["external_data_folder"] = self._config[_FOLDER]
        if self._external_data:
            options["external_data"] = self._external_data
        return options

    def _log(self) -> Callable[[int, str], None]:
        return session_log(self.log_severity_level, self.logid)

    def _note_without_effect(self) -> None:
        """What was set and has no effect, in the log."""
        names = [
            f"{name} = {getattr(self, name)!r}"
            for name, usual in self._without_effect.items()
            if getattr(self, name) not in usual
        ]
        names += [key for key in self._config if key in _ENTRIES_WITHOUT_EFFECT or key.startswith("ep.")]
        note_without_effect(names, self._log())

    def _copy(self) -> SessionOptions:
        copy = SessionOptions()
        for name in self.__slots__:
            value = getattr(self, name)
            setattr(copy, name, dict(value) if isinstance(value, dict) else value)
        return copy

    __copy__ = _copy


class RunOptions(_Checked):
    """Options of one run. ``terminate = True``, set by any thread, ends the runs that use this object (Cancelled).

    The others are without effect: Linnet writes no log lines during a run, and always computes all outputs.
    """

    __slots__ = ("log_severity_level", "log_verbosity_level", "logid", "only_execute_path_to_fetches", "_config", "_token")
    _checks = {
        "log_severity_level": _severity,
        "log_verbosity_level": _whole,
        "logid": _text,
        "only_execute_path_to_fetches": _flag,
        "_config": _any,
        "_token": _any,
    }

    def __init__(self) -> None:
        self.log_severity_level = -1
        self.log_verbosity_level = 0
        self.logid = ""
        self.only_execute_path_to_fetches = False
        self._config: dict[str, str] = {}
        self._token = _linnet.CancelToken()

    @property
    def terminate(self) -> bool:
        return self._token.cancelled

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "terminate":
            super().__setattr__(name, value)
            if name in ("log_verbosity_level", "only_execute_path_to_fetches") and value:
                note_without_effect([f"RunOptions.{name} = {value!r}"])
        elif _flag(name, value):
            self._token.cancel()
        else:
            self._token.reset()

    def add_run_config_entry(self, key: str, value: str) -> None:
        """Entries about memory and other execution providers are without effect. Errors: NotImplemented for others."""
        if _text("key", key) not in _RUN_ENTRIES_WITHOUT_EFFECT:
            raise NotImplemented(f'the run config entry "{key}" is not supported')
        self._config[key] = _text(key, value)
        note_without_effect([key])

    def get_run_config_entry(self, key: str) -> str:
        """Errors: InvalidArgument for a key that was not added."""
        if key not in self._config:
            raise InvalidArgument(f'there is no run config entry "{key}"')
        return self._config[key]

    def add_active_adapter(self, adapter: Any) -> None:
        """Errors: NotImplemented; adapters would change the weights."""
        raise NotImplemented("LoRA adapters are not supported")

    def __reduce__(self) -> Any:
        plain = {name: getattr(self, name) for name in (*self.__slots__[:-1], "terminate")}
        return _run_options_from, (plain,)


def _run_options_from(plain: dict[str, Any]) -> RunOptions:
    options = RunOptions()
    for name, value in plain.items():
        setattr(options, name, dict(value) if isinstance(value, dict) else value)
    return options
