"""A case: a small model as ONNX text, its inputs, and a formula for what has to come out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx.parser
from onnx import numpy_helper

Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """What a test runs.

    `graph` is ONNX's text without a name: `(inputs) => (outputs) { nodes }`. `constants` become its initializers.
    `expected` takes every input and constant by name and returns the outputs in their order; they are rounded to the
    types that `graph` declares. What it computes comes from NumPy or PyTorch in float64, never from a runtime.
    """

    name: str
    what: str  # what a runtime easily gets wrong; one line
    opset: int  # of ONNX's own operators
    graph: str
    inputs: Sequence[Mapping[str, Array]]  # one mapping per data set
    expected: Callable[..., Sequence[Array]]
    constants: Mapping[str, Array] = field(default_factory=dict)
    relative: float = 1e-4
    absolute: float = 1e-6
    valid: bool = True  # False: ONNX forbids the model by now, but such files exist
    domain: str = ""  # of further operators, in version 1
    function: bool = False  # True: an operator of it runs through its function body in ONNX's library

    def model(self) -> onnx.ModelProto:
        """Errors: onnx.checker.ValidationError where `valid` is not true."""
        graph = onnx.parser.parse_graph(self.name + " " + self.graph)
        graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in self.constants.items())
        opsets = [onnx.helper.make_opsetid("", self.opset)]
        ir_version = onnx.helper.find_min_ir_version_for(opsets)
        if self.domain:
            opsets.append(onnx.helper.make_opsetid(self.domain, 1))
        model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, producer_name="linnet")
        if self.valid:
            onnx.checker.check_model(model)
        return model

    def outputs(self, model: onnx.ModelProto, inputs: Mapping[str, Array]) -> list[Array]:
        """The right outputs of one data set, in the types of the model."""
        values = self.expected(**wide(inputs), **wide(self.constants))
        declared = model.graph.output
        if len(values) != len(declared):
            raise ValueError(f"{self.name}: {len(values)} expected values for {len(declared)} outputs")
        types = [onnx.helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type) for output in declared]
        return [np.asarray(value).astype(dtype) for value, dtype in zip(values, types)]


def wide(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same values with float32 as float64, so that a formula does not round on its way."""
    return {name: value.astype(np.float64) if value.dtype == np.float32 else value for name, value in arrays.items()}


class Values:
    """Seeded values that depend on the text alone, mostly the name of a case."""

    def __init__(self, case: str):
        self._random = np.random.default_rng(zlib.crc32(case.encode()))

    def floats(self, *shape: int, least: float = -1, most: float = 1) -> Array:
        return self._random.uniform(least, most, shape).astype(np.float32)

    def integers(self, *shape: int, least: int, most: int, dtype: type = np.int64) -> Array:
        """`most` is one of them."""
        return self._random.integers(least, most, shape, dtype=dtype, endpoint=True)

    def shuffled(self, *shape: int) -> Array:
        """0, 1, 2, ... in any order: no two values are the same."""
        return self._random.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)
