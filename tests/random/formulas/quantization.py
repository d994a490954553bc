"""Integers that stand for numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulas.table import Array, formula


@formula("MatMulInteger")
def mat_mul_integer(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Zero points of A by row, those of B by column."""
    a, b, a_zero, b_zero = [*inputs, None, None][:4]
    a, b = a.astype(np.int64), b.astype(np.int64)
    if a_zero is not None:
        a = a - (a_zero.reshape(-1, 1) if a_zero.ndim == 1 and a.ndim > 1 else a_zero).astype(np.int64)
    if b_zero is not None:
        b = b - b_zero.astype(np.int64)
    return [np.matmul(a, b).astype(np.int32)]


def spread_over(scales: Array, attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Scales or zero points by tensor, axis or block, as many as there are elements."""
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if scales.size == 1 and not block:
        return scales.reshape(())
    axis %= len(shape)
    if block:
        return np.take(np.repeat(scales, block, axis), range(shape[axis]), axis)
    return scales.reshape([-1 if at == axis else 1 for at in range(len(shape))])


@formula("QuantizeLinear")
def quantize(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """To integers of 8 and 16 bits."""
    x, scale, zero = [*inputs, None][:3]
    kind = np.dtype(np.uint8) if zero is None else zero.dtype
    if kind.name not in ("int8", "uint8", "int16", "uint16"):
        raise NotImplementedError
    quotient = np.round(x / spread_over(scale, attributes, x.shape))
    if zero is not None:
        quotient = quotient + spread_over(zero, attributes, x.shape).astype(np.float64)
    return [np.clip(quotient, np.iinfo(kind).min, np.iinfo(kind).max)]


@formula("DequantizeLinear")
def dequantize(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, scale, zero = [*inputs, None][:3]
    shifted = x.astype(np.float64)
    if zero is not None:
        shifted = shifted - spread_over(zero, attributes, x.shape).astype(np.float64)
    return [shifted * spread_over(scale, attributes, x.shape).astype(np.float64)]
