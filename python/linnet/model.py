"""Linnet's own form: ``model = linnet.load("model.onnx"); y = model(x)``."""

from __future__ import annotations

import functools
import os
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from linnet import _linnet, _types
from linnet.errors import InvalidArgument

ModelSource = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Any]


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a model."""

    name: str
    dtype: str
    """NumPy's name of the element type, such as ``"float32"``; ``"bfloat16"`` and what is smaller are ml_dtypes'.
    ``"str"`` for strings."""
    shape: tuple[int | str | None, ...] | None
    """A dimension is its size, the name that the model gives it, or None; None for an open rank, and for no tensor."""
    kind: str = "tensor"
    """``"tensor"``, ``"sequence"``, ``"optional"`` (of a tensor), ``"optional sequence"``, ``"map"`` or ``"map sequence"``
    (a list of dicts); ``dtype`` is that of the tensors in it, or of a map's values."""
    keys: str | None = None
    """Of maps: ``"int64"`` or ``"str"``."""

    @property
    def onnx_type(self) -> str:
        """As ONNX Runtime writes it: ``"seq(tensor(float))"``."""
        keys = None if self.keys is None else _types.element_type(self.keys)
        return _types.type_text(self.kind, _types.element_type(self.dtype), keys)

    def __str__(self) -> str:
        if self.kind != "tensor":
            within = self.dtype if self.keys is None else f"map({self.keys}, {self.dtype})"
            within = f"sequence({within})" if self.kind.endswith("sequence") else within
            return f"{self.name}: optional({within})" if self.kind.startswith("optional") else f"{self.name}: {within}"
        if self.shape is None:
            return f"{self.name}: {self.dtype} of any shape"
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype}[{sizes}]"


def open_model(
    source: ModelSource,
    options: dict[str, Any],
    cancel: _linnet.CancelToken | None = None,
    timeout: float | None = None,
) -> _linnet.Model:
    """The extension's model from a path, the bytes of a file, or an onnx.ModelProto."""
    options = dict(options)
    if "external_data_folder" in options:
        options["external_data_folder"] = os.fspath(options["external_data_folder"])
    if "external_data" in options:
        files = options["external_data"]
        if not isinstance(files, Mapping):
            raise InvalidArgument(f"external_data is a {type(files).__name__}, expected a dict of bytes by name of file")
        options["external_data"] = {name: view_of_bytes(name, content) for name, content in files.items()}
    if isinstance(source, (str, os.PathLike)):
        return _linnet.Model.load_file(os.fspath(source), options, cancel, timeout)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _linnet.Model.load_bytes(bytes(source), options, cancel, timeout)
    if hasattr(source, "SerializeToString"):
        return _linnet.Model.load_bytes(source.SerializeToString(), options, cancel, timeout)
    raise InvalidArgument(f"expected a path, bytes or an onnx.ModelProto, got {type(source).__name__}")


def view_of_bytes(name: str, content: Any) -> memoryview:
    """The bytes of a file of external data, which are kept as long as the view. Errors: InvalidArgument."""
    try:
        return memoryview(content).cast("B")
    except TypeError:
        kind = type(content).__name__
        raise InvalidArgument(f'external data "{name}" is a {kind}, expected contiguous bytes') from None


def path_of(source: ModelSource) -> str | None:
    """The file's absolute path; None for models that came from memory."""
    return os.path.abspath(os.fspath(source)) if isinstance(source, (str, os.PathLike)) else None


def from_memory(kind: str) -> TypeError:
    """What pickling says of a model that is in no file."""
    return TypeError(
        f"cannot pickle a {kind} that was loaded from memory: load it from a file, whose path is pickled then, "
        "or send the model's bytes and load them where they arrive"
    )


def infos(raw: list[tuple[str, int, list[Any] | None, int, int]]) -> list[TensorInfo]:
    return [
        TensorInfo(
            name,
            _types.by_number(number).name,
            None if shape is None else tuple(shape),
            _types.KINDS[kind],
            _types.by_number(keys).name if keys else None,
        )
        for name, number, shape, kind, keys in raw
    ]


class Model:
    """A loaded model. Immutable; may be called from any number of threads at once, and lets go of the GIL during runs.

    Inputs are arrays with the buffer protocol or DLPack: NumPy arrays, PyTorch tensors on the CPU, and so on. They are
    read where they lie; an array that is not contiguous (or not aligned to its elements) is copied first. dtypes are
    never converted. Python numbers and lists become arrays of the input's dtype; floats do so for float inputs only.

    Outputs are new NumPy arrays, or PyTorch tensors when one of the inputs is one, which the model writes to directly.
    They own their memory and stay as they are when the model runs again or goes away.

    Tensors of strings are arrays of ``str`` (or ``bytes``) objects or of dtype ``U``, and come out as arrays of ``str``
    objects; the bytes are UTF-8, others become lone surrogates as in ``os.fsdecode``. Sequences are lists of arrays, an
    optional that is not there is None. A model with any of these copies its inputs, and has no ``out``.

    A copy is the model itself. Pickling stores the path of the file and the options, so the file is read anew.
    """

    __slots__ = ("_inputs", "_outputs", "_names", "_tuple", "_all", "_core", "_again", "__weakref__")

    def __init__(self, core: _linnet.Model, again: Callable[[], Model] | None = None) -> None:
        self._core = core
        self._again = again  # loads the same model; None where there is no file
        self._inputs = infos(core.inputs())
        self._outputs = infos(core.outputs())
        self._names = [info.name for info in self._inputs]
        self._all = list(range(len(self._outputs)))
        self._tuple: Any = namedtuple("Outputs", [info.name for info in self._outputs], rename=True)  # type: ignore[misc]

    @property
    def inputs(self) -> list[TensorInfo]:
        """What the model reads, in order."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[TensorInfo]:
        """What the model computes, in order."""
        return list(self._outputs)

    def __repr__(self) -> str:
        reads = ", ".join(map(str, self._inputs))
        return f"linnet.Model({reads} -> {', '.join(map(str, self._outputs))})"

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self

    def __reduce__(self) -> Any:
        if self._again is None:
            raise from_memory("linnet.Model")
        return self._again, ()

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Runs on arrays given by position, by name, or both.

        Returns the output, or a named tuple of all when the model has several. ``out=`` takes an array (or, for several
        outputs, a sequence of arrays or None) to write to: writable, contiguous, of the output's dtype and shape. A
        model with an input called ``out`` has to use :meth:`run` for that.

        Errors: InvalidArgument for missing or surplus inputs and for wrong dtypes, ranks or shapes, with what the model
        wants; RuntimeException for faults that depend on the data.
        """
        out = named.pop("out", None) if named and "out" not in self._names else None
        inputs = self._ordered(arrays, named) if named or len(arrays) != len(self._names) else arrays
        given: Sequence[Any] = ()
        if out is not None:
            given = out if isinstance(out, (list, tuple)) else [out]
            if len(given) != len(self._all):
                raise InvalidArgument(f"out has {len(given)} arrays, the model has {len(self._all)} outputs")
        results = self._core.run(inputs, self._all, given, True)
        return results[0] if len(results) == 1 else self._tuple._make(results)

    def run(
        self,
        inputs: Mapping[str, Any],
        outputs: Sequence[str] | None = None,
        *,
        out: Mapping[str, Any] | None = None,
        cancel: _linnet.CancelToken | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Runs on arrays by name and returns those outputs that are asked for (all when None), by name.

        ``out`` maps output names to arrays to write to, as in :meth:`__call__`. ``cancel`` ends the run within
        milliseconds when another thread calls its ``cancel()`` (Cancelled); ``timeout`` in seconds does so by itself
        (DeadlineExceeded).
        """
        if not isinstance(inputs, Mapping):
            raise InvalidArgument(
                f"run takes arrays by name, {self._example()}, got {type(inputs).__name__}; model(...) takes them in order"
            )
        wanted = self._all if outputs is None else list(dict.fromkeys(self._output_indices(outputs)))
        names = [self._outputs[index].name for index in wanted]
        for name in out or ():
            if name not in names:
                raise InvalidArgument(f'out holds an array for "{name}", which is not among the outputs asked for')
        given = [out.get(name) for name in names] if out else []
        ordered = self._ordered((), dict(inputs))
        return dict(zip(names, self._core.run(ordered, wanted, given, True, cancel, timeout)))

    def binding(self) -> Binding:
        """A session bound to arrays that stay in place from run to run."""
        return Binding(self)

    def trim(self) -> None:
        """Frees the memory that the model keeps for later runs: idle sessions, and programs that none of them uses.

        They are made again when they are needed; packed weights stay.
        """
        self._core.trim()

    def steps(self, *arrays: Any) -> list[tuple[str, str, str, list[list[int]]]]:
        """What runs for these inputs: (node, operator, implementation, input shapes) of every step."""
        return self._core.steps(self._ordered(arrays, {}))

    def _example(self) -> str:
        return "{" + ", ".join(f'"{name}": ...' for name in self._names) + "}"

    def _output_indices(self, names: Sequence[str]) -> list[int]:
        if isinstance(names, str):
            raise InvalidArgument(f'the outputs asked for are "{names}", expected a list of names')
        return [self._output_index(name) for name in names]

    def _output_index(self, name: str) -> int:
        for index, info in enumerate(self._outputs):
            if info.name == name:
                return index
        known = ", ".join(f'"{info.name}"' for info in self._outputs)
        raise InvalidArgument(f'there is no output "{name}"; the model has {known}')

    def _input_index(self, name: str) -> int:
        if name in self._names:
            return self._names.index(name)
        known = ", ".join(f'"{info.name}"' for info in self._inputs)
        raise InvalidArgument(f'there is no input "{name}"; the model has {known or "none"}')

    def _ordered(self, arrays: Sequence[Any], named: dict[str, Any]) -> list[Any]:
        if len(arrays) > len(self._names):
            raise InvalidArgument(f"{len(arrays)} inputs given, the model wants {len(self._names)}")
        ordered = list(arrays)
        for name in named:
            if self._input_index(name) < len(arrays):
                raise InvalidArgument(f'input "{name}" is given by position and by name')
        for info in self._inputs[len(arrays) :]:
            if info.name not in named:
                raise InvalidArgument(f'input "{info.name}" is not given: the model wants {info}')
            ordered.append(named[info.name])
        return ordered


class Binding:
    """A session of a model whose inputs and outputs stay bound to the caller's arrays: the form with the least overhead.

    Nothing is copied; arrays are kept alive while bound. One thread at a time: a call while another thread runs the
    binding raises InvalidArgument and changes nothing.
    """

    __slots__ = ("_core", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._core = _linnet.Binding(model._core)

    def bind_input(self, name: str, array: Any) -> None:
        """Every run reads this array anew. An array that is not contiguous is copied now, once; so are strings, sequences
        and optionals, which :meth:`Model.run` describes."""
        self._core.bind_input(self._model._input_index(name), array)

    def bind_output(self, name: str, array: Any = None) -> None:
        """Every run writes to this array: writable, contiguous, of the output's dtype and shape, apart from all inputs.
        With None every run makes a new NumPy array, which :meth:`output` gives."""
        index = self._model._output_index(name)
        if array is None:
            self._core.bind_output_new(index)
        else:
            self._core.bind_output(index, array)

    def output(self, name: str) -> Any:
        """The array that the last run wrote this output to; None where no array is bound to it, or before a run."""
        return self._core.output(self._model._output_index(name))

    def carry(self, output: str, input: str) -> None:
        """From the next run on the output's value is the input of the run after it, as with ``states`` of :func:`load`.

        The input need not be bound: it is empty at first (its open dimensions those of other inputs that the model
        gives the same name, else those of the output where they are known, else 0). A run reads an array bound to it
        once, in place of what the run before made.
        Errors: InvalidArgument where the model does not have them, they do not fit, or one of them is carried already.
        """
        self._core.carry(output, input)

    def carry_caches(self) -> list[tuple[str, str]]:
        """:meth:`carry` for the caches of a decoder: every output whose name is an input's but for "present" in place of
        "past" or "past_key_values" ("present.0.key"). Returns the pairs. InvalidArgument when there is none."""
        return self._core.carry_caches()

    def run(self, *, cancel: _linnet.CancelToken | None = None, timeout: float | None = None) -> None:
        """Runs on the bound arrays. Errors: InvalidArgument for an input that is not bound; those of :meth:`Model.run`."""
        self._core.run(cancel, timeout)

    def reset(self) -> None:
        """Every state (option ``states`` of :func:`load`, :meth:`carry`) is zeros again for the next run, as at first."""
        self._core.reset()

    def __reduce__(self) -> Any:
        raise TypeError("cannot copy or pickle a linnet.Binding, which is tied to its arrays; make one with model.binding()")


def load(
    source: ModelSource,
    *,
    cancel: _linnet.CancelToken | None = None,
    timeout: float | None = None,
    **options: Any,
) -> Model:
    """Loads a model from a path, from bytes, or from an ``onnx.ModelProto``.

    Options: ``threads`` (0: as many as the CPUs this process may use), ``backend`` ("auto", "onednn", "simd",
    "reference"), ``precision`` ("f32", or "bf16" for faster, looser products), ``memory_budget`` (bytes for
    intermediate values; 0: what the machine or its container has), ``flush_denormals``, ``program_cache`` (sets of
    input shapes kept compiled), ``program_cache_bytes`` (for all of them), ``copy_weights``,
    ``allow_external_links`` (accept external data behind links that lead out of the model's folder, and hard
    links), ``external_data_folder`` (where external data lies; otherwise beside the model's file),
    ``external_data`` (dict from names of files, as the model has them, to their bytes; taken before any file),
    ``disabled_passes`` (list of names; "all"), ``limits`` (dict with file_bytes, nodes, nesting, rank,
    folded_bytes, folding_ns; 0 switches one off), ``log`` (called with a severity from 0, debug, to 3, error, and a
    line of text), ``dimensions`` and ``denoted_dimensions`` (dicts from names or denotations of open dimensions to
    sizes, as if the model had them), ``initializers`` (dict from names to arrays that take the place of the model's
    initializers, of the same dtype and shape; copied), ``states`` (dict from names of inputs to the names of
    outputs that they are in the next run; a :class:`Binding` keeps them, every run of the model itself begins with
    zeros).

    ``cancel`` and ``timeout`` (seconds) end the load early, as they do a run.

    Errors: NoSuchFile, InvalidGraph (damaged, or against ONNX's rules), NotImplemented (lists everything that is not
    supported), LimitExceeded, InvalidArgument for an unknown or wrong option.
    """
    path = path_of(source)
    in_file = path is not None and not options.get("initializers") and not options.get("external_data")
    core = open_model(source, options, cancel, timeout)
    return Model(core, functools.partial(load, path, **options) if in_file else None)
