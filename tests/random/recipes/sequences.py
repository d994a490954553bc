"""Sequences and optionals: made of tensors, and taken apart again."""

from __future__ import annotations

import numpy as np

from draw import ANY, Draw
from recipes.table import recipe


def sequence(g: Draw, least: int = 1, alike: bool = False) -> str:
    kind = g.one_of(("float32", "int64", "bool", "float64"))
    first = g.tensor([kind], ranks=(1, 3))
    shape = g.values[first].shape
    shapes = [shape if alike else g.shape(len(shape), len(shape)) for _ in range(g.integer(least - 1, 3))]
    others = [g.array(g.data(other, kind)) for other in shapes]
    return g.node("SequenceConstruct", [first, *others])[0]


def position(g: Draw, size: int) -> str:
    return g.array(np.array(g.integer(-size, size - 1), g.one_of(["int32", "int64"])))


@recipe("SequenceConstruct", "SequenceAt")
def at(g: Draw, op: str) -> None:
    name = sequence(g)
    g.node("SequenceAt", [name, position(g, len(g.values[name]))])


@recipe("SequenceErase", "SequenceLength")
def erase(g: Draw, op: str) -> None:
    name = sequence(g)
    if op == "SequenceErase":
        where = [position(g, len(g.values[name]))] if g.coin() else []
        name = g.node(op, [name, *where])[0]
    g.node("SequenceLength", [name])


@recipe("SequenceInsert")
def insert(g: Draw, op: str) -> None:
    name = sequence(g)
    like = g.values[name][0]
    count = len(g.values[name])
    new = g.array(g.data(like.shape, like.dtype.name))
    where = [g.array(np.array(g.integer(-count, count), np.int64))] if g.coin() else []
    name = g.node(op, [name, new, *where])[0]
    g.node("SequenceAt", [name, position(g, count + 1)])


@recipe("SequenceEmpty")
def empty(g: Draw, op: str) -> None:
    name = g.node(op, [], dtype=g.one_of([None, 1, 7]))[0]
    g.node("SequenceLength", [name])


@recipe("SplitToSequence")
def split(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "input", ANY)], ranks=(1, 3), least_size=1)
    shape = g.values[x].shape
    axis = g.integer(0, len(shape) - 1)
    names = [x]
    if g.coin(0.7):
        if g.coin():
            names.append(g.array(np.array(g.integer(1, shape[axis]), np.int64)))
        else:
            cut = g.integer(0, shape[axis])
            names.append(g.integers([cut, shape[axis] - cut]))
    keep = g.one_of([None, 0, 1])
    name = g.node(op, names, axis=axis, keepdims=keep)[0]
    g.node("SequenceAt", [name, position(g, len(g.values[name]))])


@recipe("ConcatFromSequence")
def concat(g: Draw, op: str) -> None:
    name = sequence(g, alike=True)
    rank = g.values[name][0].ndim
    new = g.one_of([None, 0, 1])
    g.node(op, [name], axis=g.integer(0, rank if new else rank - 1), new_axis=new)


@recipe("Optional", "OptionalHasElement", "OptionalGetElement")
def optional(g: Draw, op: str) -> None:
    x = g.tensor([g.one_of(("float32", "int64", "bool"))])
    name = g.node("Optional", [x])[0]
    last = "OptionalHasElement" if op == "OptionalHasElement" else "OptionalGetElement"
    g.node(last, [name])
