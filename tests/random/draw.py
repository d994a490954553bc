"""Random sizes, types and numbers, and the graph that a recipe builds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from onnx import defs, helper

from case import Array, Case
from documented import ONNX_NAMES, documented_types
from expected import evaluate

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NUMBERS = FLOATS + INTEGERS
ANY = NUMBERS + ("bool",)
# Numbers at which formulas change, and what lies at the ends of the types.
SPECIAL = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.5, -0.5, 2.5, 1e-6, 1e4, -1e4, 88.0, -88.0, 1e-40, 1e18)


class NotFit(Exception):
    """A recipe cannot go on with what it drew: an operator that the opset lacks, say."""


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)


def is_finite(value: Array) -> bool:
    return value.dtype.kind in "iub" or bool(np.isfinite(value.astype(np.float64)).all())


class Draw:
    """Choices made from one seed, and the case that grows from them. Every value is known as soon as it is added."""

    def __init__(self, random: np.random.Generator, opset: int, most_size: int = 9) -> None:
        self.random = random
        self.case = Case(opset)
        self.opset = opset
        self.most_size = most_size
        self.values: dict[str, Any] = {}
        self.unread: list[str] = []  # what nodes made and none has read
        self.special = self.coin(0.1)
        self.large = most_size > 8 and self.coin(0.03)

    # choices

    def coin(self, probability: float = 0.5) -> bool:
        return bool(self.random.random() < probability)

    def integer(self, least: int, most: int) -> int:
        """Both ends included."""
        return int(self.random.integers(least, most + 1))

    def one_of(self, choices: Iterable[Any]) -> Any:
        choices = list(choices)
        if not choices:
            raise NotFit("nothing to choose from")
        return choices[self.integer(0, len(choices) - 1)]

    def number(self, least: float, most: float) -> float:
        """With few digits, so that float32 attributes hold it exactly."""
        return float(np.float32(np.round(self.random.uniform(least, most) * 64) / 64))

    def size(self, least: int = 1) -> int:
        if least == 0 and self.coin(0.04):
            return 0
        if self.large and self.coin(0.4):
            return self.integer(17, 150)
        return max(least, self.integer(1, self.most_size if self.coin(0.3) else min(4, self.most_size)))

    def shape(self, least_rank: int = 0, most_rank: int = 4, least: int = 0) -> tuple[int, ...]:
        sizes = [self.size(least) for _ in range(self.integer(least_rank, most_rank))]
        while np.prod(sizes, dtype=np.int64) > 40000:
            sizes[int(np.argmax(sizes))] = 1
        return tuple(sizes)

    def axis(self, rank: int) -> int:
        if rank == 0:
            raise NotFit("a scalar has no axis")
        return self.integer(-rank, rank - 1)

    def axes(self, rank: int) -> list[int]:
        """Different axes in any order, some counted from the end."""
        chosen = self.random.permutation(rank)[: self.integer(0, rank)]
        return [int(axis) - (rank if self.coin(0.3) else 0) for axis in chosen]

    def broadcast_of(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape that broadcasts to this one."""
        sizes = [1 if self.coin(0.25) else size for size in shape]
        return tuple(sizes[self.integer(0, len(sizes)) if self.coin(0.3) else 0 :])

    # types

    def schema(self, op: str) -> defs.OpSchema:
        try:
            schema = defs.get_schema(op, self.opset)
        except defs.SchemaError:
            raise NotFit(f"opset {self.opset} has no {op}") from None
        if schema.deprecated:
            raise NotFit(f"{op} is deprecated in opset {self.opset}")
        return schema

    def types(self, op: str, parameter: str, among: Sequence[str] = ANY) -> list[str]:
        """The types that the schema allows for an input or output, among those; of data, also the documented ones."""
        schema = self.schema(op)
        formal = next((f for f in list(schema.inputs) + list(schema.outputs) if f.name == parameter), None)
        if formal is None:
            raise NotFit(f"{op} of opset {self.opset} has no {parameter}")
        allowed = {text[len("tensor(") : -1] for text in formal.types}
        known = allowed if "scale" in parameter else documented_types(op)
        return [name for name in among if ONNX_NAMES.get(name, name) in allowed & known]

    def type(self, op: str, parameter: str, among: Sequence[str] = ANY) -> str:
        types = self.types(op, parameter, among)
        return "float32" if "float32" in types and self.coin(0.35) else self.one_of(types)

    # numbers

    def data(self, shape: Sequence[int], dtype: str, least: float = -4.0, most: float = 4.0) -> Array:
        """Numbers between the two; sometimes few different ones, sometimes special ones among them."""
        kind = dtype_of(dtype)
        if kind == np.bool_:
            return self.random.random(tuple(shape)) < 0.5
        if dtype in INTEGERS:
            low = 0 if dtype.startswith("u") else int(np.ceil(least))
            return self.random.integers(max(low, int(np.ceil(least))), int(most) + 1, tuple(shape)).astype(kind)
        numbers = self.random.uniform(least, most, tuple(shape))
        if self.coin(0.2):
            numbers = np.clip(np.round(numbers * 2) / 2, least, most)
        if self.special and (least, most) == (-4.0, 4.0):
            chosen = self.random.random(tuple(shape)) < 0.2
            numbers = np.where(chosen, self.random.choice(SPECIAL, tuple(shape)), numbers)
        with np.errstate(over="ignore"):
            return np.asarray(numbers).astype(kind)

    def data_of(self, shape: Sequence[int], kind: np.dtype) -> Array:
        """A few small numbers that every type holds, also those of 8 bits."""
        least = 0 if kind.name.startswith("u") else -3
        return self.random.integers(least, 4, tuple(shape)).astype(kind)

    # the graph

    def array(self, array: Array) -> str:
        name = f"x{len(self.case.arrays)}"
        self.case.arrays[name] = np.asarray(array)
        self.values[name] = self.case.arrays[name]
        return name

    def integers(self, numbers: Sequence[int], dtype: str = "int64") -> str:
        return self.array(np.array(list(numbers), dtype=dtype_of(dtype)))

    def tensor(
        self,
        types: Sequence[str],
        shape: Sequence[int] | None = None,
        ranks: tuple[int, int] = (0, 4),
        least: float = -4.0,
        most: float = 4.0,
        least_size: int = 0,
        accept: Callable[[Array], bool] = lambda array: True,
        finite: bool = False,
    ) -> str:
        """A value of one of the types, and of that shape if one is given: what a node has made, if it fits, or new.

        New numbers lie between `least` and `most`; values of nodes may have any, unless `accept` looks at them."""
        for name in reversed(self.unread if self.coin(0.85) else list(self.values)):
            value = self.values[name]
            if not isinstance(value, np.ndarray) or value.dtype.name not in types or not accept(value):
                continue
            if finite and not is_finite(value):
                continue
            fits = ranks[0] <= value.ndim <= ranks[1] and (value.size == 0 or min(value.shape, default=1) >= least_size)
            if value.shape == tuple(shape) if shape is not None else fits and 0 not in value.shape[: 5 * least_size]:
                return name
        if shape is None:
            shape = self.shape(*ranks, least=least_size)
        special, self.special = self.special, self.special and not finite
        name = self.array(self.data(shape, self.one_of(types), least, most))
        self.special = special
        return name

    def node(self, op: str, inputs: Sequence[str], outputs: int = 1, domain: str = "", **attributes: Any) -> list[str]:
        """Adds a node and evaluates it. Attributes that are None are left out; an input or output "" is not there."""
        names = [f"y{sum(len(node.output) for node in self.case.nodes) + index}" for index in range(outputs)]
        given = {name: value for name, value in attributes.items() if value is not None}
        node = helper.make_node(op, list(inputs), names, domain=domain)
        for name, value in given.items():
            kind = onnx.AttributeProto.INTS if isinstance(value, list) and not value else None
            node.attribute.append(helper.make_attribute(name, value, attr_type=kind))
        self.add(node)
        return names

    def add(self, node: onnx.NodeProto) -> None:
        made = evaluate(node, self.values, self.opset)
        self.case.nodes.append(node)
        for name in node.input:
            if name in self.unread:
                self.unread.remove(name)
        for name, value in zip(node.output, made):
            self.values[name] = value
            self.unread.append(name)

