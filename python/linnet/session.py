"""InferenceSession with ONNX Runtime's forms, so that ``import linnet as ort`` runs an ordinary script."""

from __future__ import annotations

import concurrent.futures
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from linnet import _types
from linnet.errors import InvalidArgument, NotImplemented
from linnet.logger import note_without_effect
from linnet.model import Model, ModelSource, TensorInfo, from_memory, open_model, path_of
from linnet.options import RunOptions, SessionOptions
from linnet.ortvalue import IOBinding, OrtValue, ort_value
from linnet.trace import Profiler

_PROVIDER = "CPUExecutionProvider"


@dataclass(frozen=True)
class NodeArg:
    """An input or output: ``name``, ``type`` such as "tensor(float)" or "seq(tensor(string))", ``shape`` with an int, a
    name or None per dimension."""

    name: str
    type: str
    shape: list[int | str | None]


@dataclass(frozen=True)
class ModelMetadata:
    """What the model's writer says of it; empty where nothing is said."""

    producer_name: str = ""
    graph_name: str = ""
    domain: str = ""
    description: str = ""
    graph_description: str = ""
    version: int = 0
    custom_metadata_map: dict[str, str] = field(default_factory=dict)


def get_available_providers() -> list[str]:
    return [_PROVIDER]


def get_all_providers() -> list[str]:
    return [_PROVIDER]


Providers = Sequence[Union[str, "tuple[str, Mapping[Any, Any]]"]]


def _with_options(
    providers: Providers, provider_options: Sequence[Mapping[Any, Any]] | None
) -> list[tuple[str, Mapping[Any, Any]]]:
    """(name, options) of every provider. Errors: InvalidArgument for another form."""
    if isinstance(providers, str):
        raise InvalidArgument(f'providers is "{providers}", expected a list of names')
    if provider_options is not None and len(provider_options) != len(providers):
        raise InvalidArgument(f"{len(providers)} providers, but {len(provider_options)} provider_options")
    found: list[tuple[str, Mapping[Any, Any]]] = []
    for index, provider in enumerate(providers):
        if isinstance(provider, str):
            found.append((provider, provider_options[index] if provider_options is not None else {}))
        elif isinstance(provider, tuple) and len(provider) == 2 and isinstance(provider[0], str):
            found.append(provider)
        else:
            raise InvalidArgument(f"providers holds {provider!r}, expected names, or (name, options) tuples")
    return found


def _check_providers(providers: Providers | None, provider_options: Sequence[Mapping[Any, Any]] | None) -> None:
    """Warns once of all providers beside the CPU. Errors: NotImplemented where the CPU is not in the list."""
    found = _with_options(providers or (), provider_options)
    others = [name for name, _ in found if name != _PROVIDER]
    if others and len(others) == len(found):
        raise NotImplemented(
            f"the execution provider {', '.join(others)} is not supported; add {_PROVIDER} to the list to run on the CPU"
        )
    if others:
        warnings.warn(f"{', '.join(others)} is not available in Linnet; {_PROVIDER} is used", stacklevel=3)
    keys = [f"{_PROVIDER}'s {key}" for name, options in found if name == _PROVIDER for key in options or ()]
    note_without_effect(keys)


def _node_arg(info: TensorInfo) -> NodeArg:
    return NodeArg(info.name, info.onnx_type, list(info.shape or ()))


class InferenceSession:
    """A loaded model in ONNX Runtime's form. May be used by any number of threads at once; runs let go of the GIL.

    ``path_or_bytes``: a file's path, or its bytes. ``providers``: only "CPUExecutionProvider" is there; where it is in
    the list, the others are left out with a warning. Keywords: ``enable_fallback``, ``read_config_from_model`` and
    ``disabled_optimizers`` are without effect.

    A copy is the session itself. Pickling stores the path of the file and the options, so the file is read anew.

    Errors: NoSuchFile, InvalidGraph, NotImplemented (everything unsupported in the model, an option, or providers
    without the CPU).
    """

    def __init__(
        self,
        path_or_bytes: ModelSource,
        sess_options: SessionOptions | None = None,
        providers: Providers | None = None,
        provider_options: Sequence[Mapping[Any, Any]] | None = None,
        *,
        enable_fallback: Any = True,
        read_config_from_model: Any = False,
        disabled_optimizers: Sequence[str] | None = None,
    ) -> None:
        _check_providers(providers, provider_options)
        if sess_options is not None and not isinstance(sess_options, SessionOptions):
            raise InvalidArgument(f"sess_options must be linnet.SessionOptions, got {type(sess_options).__name__}")
        self._options = SessionOptions() if sess_options is None else sess_options._copy()
        self._options._note_without_effect()
        note_without_effect(["disabled_optimizers"] if disabled_optimizers else [])
        note_without_effect(["read_config_from_model"] if read_config_from_model else [])
        self._path = path_of(path_or_bytes)
        self._model = Model(open_model(path_or_bytes, self._options._load_options()))
        self._profiler: Profiler | None = None
        if self._options.enable_profiling:
            self._profiler = Profiler(self._model._core, self._options.profile_file_prefix)
            weakref.finalize(self, self._profiler.finish)  # also for a script that never calls end_profiling

    def __copy__(self) -> InferenceSession:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> InferenceSession:
        return self

    def __reduce__(self) -> Any:
        if self._path is None:
            raise from_memory("linnet.InferenceSession")
        return InferenceSession, (self._path, self._options)

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any], run_options: RunOptions | None = None
    ) -> list[Any]:
        """Runs the model. ``output_names``: those to return, in this order; all for None or an empty list. For a name
        that comes twice the same array is returned twice.

        ``input_feed``: one array per input, by name; NumPy arrays, OrtValues, or anything with DLPack on the CPU, read
        where they lie when contiguous and copied otherwise. Returns new NumPy arrays (PyTorch tensors when an input is
        one). Strings are arrays of str objects or of dtype U, sequences lists of arrays, an optional that is not there is
        None, in and out. Errors: InvalidArgument (a ValueError) for names, dtypes, ranks and shapes; Cancelled.
        """
        model = self._model
        names = model._names
        try:
            inputs = [input_feed[name] for name in names]
        except (KeyError, TypeError, IndexError):
            if not isinstance(input_feed, Mapping):
                raise InvalidArgument(
                    f"input_feed is a {type(input_feed).__name__}, expected a dictionary by name: "
                    f"session.run(None, {model._example()})"
                ) from None
            missing = [name for name in names if name not in input_feed]
            raise InvalidArgument(
                f"Required inputs ({missing}) are missing from input feed ({list(input_feed)})."
            ) from None
        if len(input_feed) != len(names):
            for name in input_feed:
                model._input_index(name)
        token = None if run_options is None else _token(run_options)
        if not output_names:
            return model._core.run(inputs, model._all, (), True, token)
        wanted = model._output_indices(output_names)
        once = list(dict.fromkeys(wanted))
        made = dict(zip(once, model._core.run(inputs, once, (), True, token)))
        return [made[index] for index in wanted]

    def run_with_ort_values(
        self,
        output_names: Sequence[str] | None,
        input_dict_ort_values: Mapping[str, OrtValue],
        run_options: RunOptions | None = None,
    ) -> list[OrtValue]:
        """As :meth:`run`, with OrtValues in and out."""
        arrays = {name: value._array for name, value in input_dict_ort_values.items()}
        made = self.run(output_names, arrays, run_options)
        outputs = self._model._outputs
        wanted = self._model._output_indices(output_names) if output_names else self._model._all
        return [ort_value(value, outputs[index]) for value, index in zip(made, wanted)]

    def run_async(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        callback: Callable[[list[Any], Any, str], None],
        user_data: Any,
        run_options: RunOptions | None = None,
    ) -> None:
        """Runs in another thread and returns at once. ``callback(results, user_data, error)`` is called there: ``error``
        is "" after a run that went well, otherwise its message, and ``results`` is empty. The arrays must stay as they
        are until then. Errors: InvalidArgument for names, at once."""
        if not isinstance(input_feed, Mapping):
            self.run(output_names, input_feed, run_options)  # raises
        self._model._ordered((), dict(input_feed))
        self._model._output_indices(output_names or [])

        def work() -> None:
            results: list[Any] = []
            problem = ""
            try:
                results = self.run(output_names, input_feed, run_options)
            except Exception as error:  # the callback is the only one to hear of it
                problem = str(error) or type(error).__name__
            try:
                callback(results, user_data, problem)
            except Exception:  # nobody waits for it
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

        _background().submit(work)

    def io_binding(self) -> IOBinding:
        return IOBinding(self)

    def run_with_iobinding(self, iobinding: IOBinding, run_options: RunOptions | None = None) -> None:
        """Runs on bound memory, without a copy. Errors: InvalidArgument for a binding of another session, or one that
        lacks an input; those of :meth:`run`."""
        if iobinding._session is not self:
            raise InvalidArgument("this binding was made by another session")
        iobinding._core.run(None if run_options is None else _token(run_options))

    def get_inputs(self) -> list[NodeArg]:
        return [_node_arg(info) for info in self._model._inputs]

    def get_outputs(self) -> list[NodeArg]:
        return [_node_arg(info) for info in self._model._outputs]

    def get_overridable_initializers(self) -> list[NodeArg]:
        """Always empty: Linnet's weights are fixed when the model is loaded."""
        return []

    def get_modelmeta(self) -> ModelMetadata:
        found = self._model._core.metadata()
        del found["producer_version"]  # not among ONNX Runtime's
        return ModelMetadata(**found)

    def get_session_options(self) -> SessionOptions:
        """A copy."""
        return self._options._copy()

    def get_providers(self) -> list[str]:
        return [_PROVIDER]

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {_PROVIDER: {}}

    def set_providers(
        self,
        providers: Providers | None = None,
        provider_options: Sequence[Mapping[Any, Any]] | None = None,
    ) -> None:
        """As the constructor takes them; the session stays as it is."""
        _check_providers(providers, provider_options)

    def disable_fallback(self) -> None:
        """Nothing to do: a session never changes what it runs on."""

    def enable_fallback(self) -> None:
        """Without effect: a session never changes what it runs on."""
        note_without_effect(["enable_fallback"])

    def set_ep_dynamic_options(self, options: Mapping[str, str]) -> None:
        """Without effect."""
        note_without_effect([f"set_ep_dynamic_options: {key}" for key in options])

    def end_profiling(self) -> str:
        """Writes the profile, a Chrome trace in JSON, and returns the file's path; "" when profiling was not enabled."""
        return self._profiler.finish() if self._profiler is not None else ""

    def get_profiling_start_time_ns(self) -> int:
        """Nanoseconds since 1970. Errors: InvalidArgument when profiling was not enabled."""
        if self._profiler is None:
            raise InvalidArgument("profiling was not enabled in the session's options")
        return self._profiler.start_ns


_executor: concurrent.futures.ThreadPoolExecutor | None = None
_executor_pid = 0


def _background() -> concurrent.futures.ThreadPoolExecutor:
    """The threads of run_async, of this process: a forked child has none of its parent's."""
    global _executor, _executor_pid
    if _executor is None or _executor_pid != os.getpid():
        _executor = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="linnet-run-async")
        _executor_pid = os.getpid()
    return _executor


def _token(run_options: RunOptions) -> Any:
    if not isinstance(run_options, RunOptions):
        raise InvalidArgument(f"run_options must be linnet.RunOptions, got {type(run_options).__name__}")
    return run_options._token
