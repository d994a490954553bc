"""InferenceSession with ONNX Runtime's forms, so that ``import linnet as ort`` runs an ordinary script."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linnet import _types
from linnet.errors import InvalidArgument, NotImplemented
from linnet.model import Model, ModelSource, TensorInfo, open_model
from linnet.options import RunOptions, SessionOptions
from linnet.ortvalue import IOBinding, OrtValue
from linnet.trace import Profiler

_PROVIDER = "CPUExecutionProvider"


@dataclass(frozen=True)
class NodeArg:
    """An input or output: ``name``, ``type`` such as "tensor(float)", ``shape`` with an int, a name or None per dimension."""

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


def get_device() -> str:
    return "CPU"


def _check_providers(
    providers: Sequence[str | tuple[str, Mapping[Any, Any]]] | None,
    provider_options: Sequence[Mapping[Any, Any]] | None,
) -> None:
    """Errors: NotImplemented unless all that is asked for is the CPU without options; InvalidArgument for a string."""
    if isinstance(providers, str):
        raise InvalidArgument(f'providers is "{providers}", expected a list of names')
    names = []
    options = list(provider_options or ())
    for provider in providers or ():
        if isinstance(provider, tuple):
            options.append(provider[1])
            provider = provider[0]
        names.append(provider)
    for name in names:
        if name != _PROVIDER:
            raise NotImplemented(f"the execution provider {name} is not supported; Linnet has {_PROVIDER}")
    for option in options:
        if option:
            raise NotImplemented(f"the provider options {dict(option)} are not supported")


def _node_arg(info: TensorInfo) -> NodeArg:
    onnx_name = _types.element_type(info.dtype).onnx_name
    return NodeArg(info.name, f"tensor({onnx_name})", list(info.shape or ()))


class InferenceSession:
    """A loaded model in ONNX Runtime's form. May be used by any number of threads at once; runs let go of the GIL.

    ``path_or_bytes``: a file's path, or its bytes. ``providers``: only "CPUExecutionProvider" is there; others raise.

    Errors: NoSuchFile, InvalidGraph, NotImplemented (everything unsupported in the model, an option or a provider).
    """

    def __init__(
        self,
        path_or_bytes: ModelSource,
        sess_options: SessionOptions | None = None,
        providers: Sequence[str | tuple[str, Mapping[Any, Any]]] | None = None,
        provider_options: Sequence[Mapping[Any, Any]] | None = None,
    ) -> None:
        _check_providers(providers, provider_options)
        if sess_options is not None and not isinstance(sess_options, SessionOptions):
            raise InvalidArgument(f"sess_options must be linnet.SessionOptions, got {type(sess_options).__name__}")
        self._options = SessionOptions() if sess_options is None else sess_options._copy()
        self._model = Model(open_model(path_or_bytes, self._options._load_options()))
        self._profiler: Profiler | None = None
        if self._options.enable_profiling:
            self._profiler = Profiler(self._model._core, self._options.profile_file_prefix)
            weakref.finalize(self, self._profiler.finish)  # also for a script that never calls end_profiling

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any], run_options: RunOptions | None = None
    ) -> list[Any]:
        """Runs the model. ``output_names``: those to return, in this order; all for None or an empty list. For a name
        that comes twice the same array is returned twice.

        ``input_feed``: one array per input, by name; NumPy arrays, OrtValues, or anything with DLPack on the CPU, read
        where they lie when contiguous and copied otherwise. Returns new NumPy arrays (PyTorch tensors when an input is
        one). Errors: InvalidArgument (a ValueError) for names, dtypes, ranks and shapes; Cancelled.
        """
        model = self._model
        names = model._names
        try:
            inputs = [input_feed[name] for name in names]
        except KeyError:
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
        return [OrtValue(array) for array in self.run(output_names, arrays, run_options)]

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
        providers: Sequence[str | tuple[str, Mapping[Any, Any]]] | None = None,
        provider_options: Sequence[Mapping[Any, Any]] | None = None,
    ) -> None:
        """Errors: NotImplemented unless it is the CPU, which needs no change."""
        _check_providers(providers, provider_options)

    def end_profiling(self) -> str:
        """Writes the profile, a Chrome trace in JSON, and returns the file's path; "" when profiling was not enabled."""
        return self._profiler.finish() if self._profiler is not None else ""

    def get_profiling_start_time_ns(self) -> int:
        """Nanoseconds since 1970. Errors: InvalidArgument when profiling was not enabled."""
        if self._profiler is None:
            raise InvalidArgument("profiling was not enabled in the session's options")
        return self._profiler.start_ns


def _token(run_options: RunOptions) -> Any:
    if not isinstance(run_options, RunOptions):
        raise InvalidArgument(f"run_options must be linnet.RunOptions, got {type(run_options).__name__}")
    return run_options._token
