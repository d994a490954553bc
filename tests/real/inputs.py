"""Inputs for a model: seeded, of the types and shapes that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from listing import TEXT, ListError, Wanted

BATCH = 2  # of open dimensions that come first or are named after a batch
LENGTH = 16  # of other open dimensions

Array = np.ndarray


@dataclass(frozen=True)
class Port:
    """An input as the model declares it; a dimension is a size, a name, or None where it has neither."""

    name: str
    dtype: np.dtype
    dimensions: tuple[int | str | None, ...]


def ports_of(model: Path) -> list[Port]:
    """The inputs that a run has to be given. Errors: ListError for inputs that are no tensors."""
    graph = onnx.load(model, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    ports = []
    for value in graph.input:
        if value.name in constants:
            continue
        if not value.type.HasField("tensor_type"):
            raise ListError(f'input "{value.name}" is no tensor')
        tensor = value.type.tensor_type
        dimensions = tuple(_dimension(entry) for entry in tensor.shape.dim)
        ports.append(Port(value.name, onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type), dimensions))
    return ports


def _dimension(entry: onnx.TensorShapeProto.Dimension) -> int | str | None:
    """Some exporters write -1 for an open dimension, or "?" as the name of every one."""
    if entry.HasField("dim_value") and entry.dim_value >= 0:
        return int(entry.dim_value)
    return None if entry.dim_param in ("", "?") else str(entry.dim_param)


def make_inputs(ports: list[Port], wanted: Mapping[str, Wanted]) -> dict[str, Array]:
    """One array for each port: the same at every call. Errors: ListError for names and shapes that the model lacks."""
    unknown = sorted(set(wanted) - {port.name for port in ports})
    if unknown:
        raise ListError(f"the model has no input {', '.join(unknown)}; it has {', '.join(port.name for port in ports)}")
    sizes: dict[str, int] = {}
    for port in ports:
        _learn_sizes(port, wanted.get(port.name, Wanted()), sizes)
    inputs = {}
    for index, port in enumerate(ports):
        want = wanted.get(port.name, Wanted())
        shape = want.shape if want.shape is not None else _default_shape(port, sizes)
        inputs[port.name] = _numbers(np.random.default_rng(index), port, shape, want.values)
    return inputs


def _learn_sizes(port: Port, want: Wanted, sizes: dict[str, int]) -> None:
    """Dimensions of one name have one size, whichever input it was said for."""
    if want.shape is None:
        return
    if len(want.shape) != len(port.dimensions):
        raise ListError(f'input "{port.name}" has rank {len(port.dimensions)}, not {len(want.shape)}')
    for size, dimension in zip(want.shape, port.dimensions):
        known = sizes.setdefault(dimension, size) if isinstance(dimension, str) else dimension
        if known is not None and known != size:
            raise ListError(f'input "{port.name}" has a dimension of {known}, not {size}')


def _default_shape(port: Port, sizes: dict[str, int]) -> tuple[int, ...]:
    shape = []
    for axis, dimension in enumerate(port.dimensions):
        if isinstance(dimension, int):
            shape.append(dimension)
            continue
        size = BATCH if axis == 0 or "batch" in (dimension or "").lower() else LENGTH
        shape.append(sizes.setdefault(dimension, size) if dimension else size)
    return tuple(shape)


def _numbers(
    generator: np.random.Generator, port: Port, shape: tuple[int, ...], values: tuple[float, float] | str | None
) -> Array:
    """Not told otherwise: floats are normally distributed, integers 0 or 1, and masks let everything through."""
    if values is None:
        if port.dtype.kind not in "fiub":
            raise ListError(f'input "{port.name}" is of type {port.dtype}, for which nothing is made up')
        if port.dtype.kind == "f":
            return np.asarray(generator.standard_normal(shape)).astype(port.dtype)
        values = (1.0, 1.0) if port.dtype.kind == "b" or "mask" in port.name.lower() else (0.0, 1.0)
    if isinstance(values, str):
        return _line_of_text(generator, port, shape)
    low, high = values
    if port.dtype.kind == "f":
        return np.asarray(generator.uniform(low, high, shape)).astype(port.dtype)
    return np.asarray(generator.integers(int(low), int(high), shape, endpoint=True)).astype(port.dtype)


def _line_of_text(generator: np.random.Generator, port: Port, shape: tuple[int, ...]) -> Array:
    """White (1) with a band of black (-1) and white marks of 2x2: what a detector of text takes for a line of it."""
    if port.dtype.kind != "f" or len(shape) != 4:
        raise ListError(f'input "{port.name}" is no float image [N, C, H, W], which "{TEXT}" is for')
    images = np.ones(shape)
    band = images[:, :, shape[2] // 3 : shape[2] // 2, shape[3] // 8 : shape[3] * 7 // 8]
    marks = generator.integers(0, 2, (-(-band.shape[2] // 2), -(-band.shape[3] // 2))) * 2 - 1
    band[:] = np.kron(marks, np.ones((2, 2)))[: band.shape[2], : band.shape[3]]
    return images.astype(port.dtype)
