"""Operators along axes: reductions, running sums, Softmax and its relatives."""

from __future__ import annotations

import numpy as np

from draw import INTEGERS, Draw, NotFit
from recipes.table import recipe


@recipe(*(f"Reduce{name}" for name in "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()))
def reduction(g: Draw, op: str) -> None:
    few = op == "ReduceProd"
    low = 0.0 if op == "ReduceLogSum" else -2.0 if few else -4.0
    kind = g.type(op, "data")
    integer_logs = op in ("ReduceLogSum", "ReduceLogSumExp") and kind in INTEGERS  # none is the logarithm of 0
    if integer_logs and op == "ReduceLogSum":
        low = 1.0
    empty = op in ("ReduceMax", "ReduceMin", "ReduceMean")  # of nothing these are no numbers
    x = g.tensor([kind], least=low, most=2.0 if few else 4.0, least_size=1 if empty or integer_logs else 0)
    rank = g.values[x].ndim
    axes = g.axes(rank)
    if g.opset < 11:
        axes = sorted({axis % rank for axis in axes})
    keep = g.one_of([None, 0, 1])
    as_input = "axes" in [formal.name for formal in g.schema(op).inputs]
    if not as_input:
        g.node(op, [x], axes=axes or None, keepdims=keep)
    elif axes or g.coin():
        none = g.one_of([None, 0, 1])
        g.node(op, [x, g.integers(axes)], keepdims=keep, noop_with_empty_axes=none)
    else:
        g.node(op, [x], keepdims=keep, noop_with_empty_axes=g.one_of([None, 0, 1]))


@recipe("ArgMax", "ArgMin")
def arg(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "data")], ranks=(1, 4), least_size=1)
    if np.isnan(g.values[x].astype(np.float64)).any():
        raise NotFit("ONNX does not order NaN")
    rank = g.values[x].ndim
    axis = g.axis(rank) if g.opset >= 11 else g.integer(0, rank - 1)
    last = g.one_of([None, 0, 1]) if g.opset >= 12 else None
    g.node(op, [x], axis=axis, keepdims=g.one_of([None, 0, 1]), select_last_index=last)


@recipe("CumSum", "CumProd")
def running(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, g.schema(op).inputs[0].name)], ranks=(1, 4), least=-2, most=2)
    axis = np.array(g.axis(g.values[x].ndim), g.one_of(["int32", "int64"]))
    g.node(op, [x, g.array(axis)], exclusive=g.one_of([None, 0, 1]), reverse=g.one_of([None, 0, 1]))


@recipe("Softmax", "LogSoftmax", "Hardmax")
def softmax(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "input")], ranks=(1, 4), least_size=1 if op == "Hardmax" or g.coin(0.9) else 0)
    rank = g.values[x].ndim
    if op == "Hardmax" and np.isnan(g.values[x].astype(np.float64)).any():
        raise NotFit("ONNX does not order NaN")
    axis = g.axis(rank) if g.opset >= 11 else g.integer(0, rank - 1)
    if g.opset < 13 and rank == 1:
        axis = 0
    default_fits = rank > 1 or g.opset >= 13
    g.node(op, [x], axis=None if default_fits and g.coin(0.3) else axis)


@recipe("LpNormalization")
def lp_normalization(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "input")], ranks=(1, 4), least_size=1)
    g.node(op, [x], axis=g.one_of([None, g.axis(g.values[x].ndim)]), p=g.one_of([None, 1, 2]))
