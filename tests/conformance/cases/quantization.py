"""Quantised values around products and pools: what a fusion must not lose."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import torch

from .case import Array, Case, Values

CLEAR = 0.02  # a value to be rounded is at least this far from a tie; the seeds are the first ones for which it is


def quantized(x: Array, scale: Array, zero_point: Array) -> Array:
    """To uint8, ties to even. Errors: ValueError where float32 might round another way."""
    steps = x / scale
    if np.any(np.abs(steps - np.floor(steps) - 0.5) < CLEAR):
        raise ValueError("a value is too close to a tie")
    return np.clip(np.rint(steps) + zero_point, 0, 255)


def qdq_gemm_alpha() -> Case:
    values = Values("qdq_gemm_alpha")
    scales = {"sx": 0.02, "sw": 0.01, "sb": 2e-4, "sy": 0.051}

    def expected(q, w, b, zx, zw, zb, zy, sx, sw, sb, sy) -> list[Array]:
        product = ((q.astype(int) - zx) * sx) @ ((w.astype(int) - zw) * sw)
        return [quantized(2 * product + (b.astype(int) - zb) * sb, sy, zy)]

    return Case(
        name="qdq_gemm_alpha",
        what="a quantised Gemm with alpha 2 and a bias becomes one",
        opset=13,
        graph="""(uint8[2, 5] q) => (uint8[2, 3] y) {
            a = DequantizeLinear (q, sx, zx)
            c = DequantizeLinear (w, sw, zw)
            d = DequantizeLinear (b, sb, zb)
            g = Gemm <alpha = 2.0> (a, c, d)
            y = QuantizeLinear (g, sy, zy)
        }""",
        inputs=[{"q": values.integers(2, 5, least=0, most=255, dtype=np.uint8)}],
        constants={
            "w": values.integers(5, 3, least=-127, most=127, dtype=np.int8),
            "b": values.integers(3, least=-4000, most=4000, dtype=np.int32),
            "zx": np.array(131, np.uint8),
            "zw": np.array(0, np.int8),
            "zb": np.array(0, np.int32),
            "zy": np.array(120, np.uint8),
            **{name: np.array(scale, np.float32) for name, scale in scales.items()},
        },
        expected=expected,
    )


def qdq_averagepool() -> Case:
    def expected(q: Array, s: Array, z: Array, so: Array, zo: Array) -> list[Array]:
        x = torch.tensor((q.astype(int) - z) * s)
        pool = torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False).numpy()
        return [(quantized(pool, so, zo) - zo) * so]

    return Case(
        name="qdq_averagepool",
        what="a pool between quantised values becomes one; what is outside does not count",
        opset=13,
        graph="""(uint8[1, 2, 6, 6] q) => (float[1, 2, 3, 3] y) {
            a = DequantizeLinear (q, s, z)
            p = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]> (a)
            o = QuantizeLinear (p, so, zo)
            y = DequantizeLinear (o, so, zo)
        }""",
        inputs=[{"q": Values("qdq_averagepool 1").integers(1, 2, 6, 6, least=0, most=255, dtype=np.uint8)}],
        constants={
            "s": np.array(0.031, np.float32),
            "z": np.array(17, np.uint8),
            "so": np.array(0.0273, np.float32),
            "zo": np.array(9, np.uint8),
        },
        expected=expected,
    )


def dynamic_quantize_zeros() -> Case:
    """The scale is no output: it is 1 in one text and 0 in another."""

    def expected(x: Array) -> list[Array]:
        return [np.zeros(x.shape), np.zeros(())]

    return Case(
        name="dynamic_quantize_zeros",
        what="zeros throughout: no NaN, zero point 0, values 0",
        opset=13,
        graph="""(float[3, 4] x) => (float[3, 4] y, uint8 z) {
            a = Relu (x)
            q, s, z = DynamicQuantizeLinear (a)
            y = DequantizeLinear (q, s, z)
        }""",
        inputs=[{"x": Values("dynamic_quantize_zeros").floats(3, 4, most=-0.1)}],
        expected=expected,
    )


def nearest_float8(x: Array) -> Array:
    """The nearest float8 e4m3fn, of two as near the one whose code is even; 448 at most."""
    codes = np.arange(0x7F)
    exponent, mantissa = codes // 8, codes % 8
    codes_values = np.where(exponent == 0, mantissa / 8 * 2.0**-6, (1 + mantissa / 8) * 2.0 ** (exponent - 7))
    distance = np.abs(np.abs(x)[:, None] - codes_values)
    nearest = np.lexsort((np.broadcast_to(codes % 2, distance.shape), distance))[:, 0]
    return np.copysign(codes_values[nearest], x)


def quantize_float8() -> Case:
    x = [0.9071, 0.96875, 1.03125, -1.8132, 3.7, -5.25, -700, 1e7, 449, 0.0011, -0.0009, 0.0029296875, 17.9, 1.3125]
    return Case(
        name="quantize_float8",
        what="float8: the nearest value, ties to even, the smallest ones, 448 at most",
        opset=19,
        graph="""(float[n] x) => (float[n] y) {
            q = QuantizeLinear (x, s, z)
            y = DequantizeLinear (q, s, z)
        }""",
        inputs=[{"x": np.array(x, np.float32)}],
        constants={"s": np.array(1, np.float32), "z": np.array(0, ml_dtypes.float8_e4m3fn)},
        expected=lambda x, s, z: [nearest_float8(x)],
        absolute=0,
    )


CASES = [qdq_gemm_alpha(), qdq_averagepool(), dynamic_quantize_zeros(), quantize_float8()]
