"""Floats as few bits and back."""

from __future__ import annotations

import numpy as np

from draw import Draw, dtype_of
from recipes.table import recipe

CODES = ("int8", "uint8", "int16", "uint16", "int4", "uint4", "int2", "uint2", "float8_e4m3fn", "float8_e5m2")


def blocks_of(g: Draw, shape: tuple[int, ...], many: bool) -> tuple[tuple[int, ...], dict[str, object]]:
    """The shape of scales, by tensor, axis or block, and the attributes that say so."""
    rank = len(shape)
    choice = g.one_of(["tensor", "axis", "block"] if g.opset >= 21 else ["tensor", "axis"] if many else ["tensor"])
    if rank == 0 or choice == "tensor":
        return (), {}
    axis = g.integer(0, rank - 1)
    shown = axis - rank if g.coin(0.3) else axis
    if choice == "axis":
        return (shape[axis],), {"axis": shown}
    block = g.integer(1, max(1, shape[axis]))
    sizes = list(shape)
    sizes[axis] = -(-shape[axis] // block)
    return tuple(sizes), {"axis": shown, "block_size": block}


def codes(g: Draw, shape: tuple[int, ...], kind: str) -> np.ndarray:
    low = 0 if kind.startswith("u") else -2
    return g.random.integers(low, 2 if kind.endswith("int2") else 4, shape).astype(dtype_of(kind))


@recipe("QuantizeLinear")
def quantize(g: Draw, op: str) -> None:
    kind = g.type(op, "x", ("float32", "float16", "bfloat16"))
    x = g.tensor([kind], least_size=1, finite=True)
    target = g.type(op, "y", CODES)
    shape, attributes = blocks_of(g, g.values[x].shape, g.opset >= 13)
    if g.opset < 19:
        scale_kind = "float32"
    elif g.opset < 23:
        scale_kind = kind
    else:
        scale_kind = g.type(op, "y_scale", ("float32", "float16"))
    names = [x, g.array(g.data(shape, scale_kind, 0.05, 2))]
    if target != "uint8" or g.coin():
        floats = target.startswith("float")
        names.append(g.array(np.zeros(shape, dtype_of(target)) if floats else codes(g, shape, target)))
    g.node(op, names, **attributes)


@recipe("DequantizeLinear")
def dequantize(g: Draw, op: str) -> None:
    source = g.type(op, "x", (*CODES, "int32"))
    x = g.array(codes(g, g.shape(least=1), source))
    if source == "uint8" and g.coin():
        x = g.tensor(["uint8"], least_size=1)
    shape, attributes = blocks_of(g, g.values[x].shape, g.opset >= 13)
    names = [x, g.array(g.data(shape, g.type(op, "x_scale", ("float32", "float16", "bfloat16")), 0.05, 2))]
    if g.coin() and source != "int32":
        floats = source.startswith("float")
        names.append(g.array(np.zeros(shape, dtype_of(source)) if floats else codes(g, shape, source)))
    g.node(op, names, **attributes)


@recipe("DynamicQuantizeLinear")
def dynamic_quantize(g: Draw, op: str) -> None:
    g.node(op, [g.tensor(["float32"], least_size=1, finite=True)], 3)
