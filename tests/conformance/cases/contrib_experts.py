"""Mixtures of experts as the domain com.microsoft has them."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values
from .contrib import contrib

EXPERTS, WIDTH, INNER = 4, 6, 5


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def mixed(x: Array, router: Array, chosen: int, expert, shared: bool = False) -> Array:
    """x [rows, width] through the experts that each row's router prefers; expert(e, row)."""
    chances = np.exp(router - router.max(-1, keepdims=True))
    chances /= chances.sum(-1, keepdims=True)
    rows = []
    for row, chance in zip(x, chances):
        best = np.argsort(-chance)[:chosen]
        shares = chance[best] / (chance[best].sum() if shared else 1)
        rows.append(sum(share * expert(e, row) for e, share in zip(best, shares)))
    return np.stack(rows)


def experts() -> Case:
    values = Values("contrib_experts")

    def expected(x: Array, r: Array, w: Array, b: Array, d: Array, c: Array, v: Array, a: Array, g: Array, h: Array):
        def gated(e: int, row: Array) -> Array:
            z = w[e] @ row + b[e]
            return d[e] @ (z * sigmoid(z) * (v[e] @ row + a[e])) + c[e]

        def halves(e: int, row: Array) -> Array:
            z = g[e] @ row + h[e]
            top, linear = np.minimum(z[:INNER], 0.5), np.clip(z[INNER:], -0.5, 0.5)
            return d[e] @ (top * sigmoid(1.702 * top) * (linear + 1)) + c[e]

        def curved(e: int, row: Array) -> Array:
            z = w[e] @ row
            return d[e] @ (z * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))

        rows = x.reshape(-1, WIDTH)
        y = mixed(rows, r, 2, gated)
        return [y.reshape(x.shape), mixed(rows, r, 3, halves, True), mixed(rows, r, 1, curved)]

    down = values.floats(EXPERTS, WIDTH, INNER)
    down[3] = np.nan  # of an expert that no row chooses
    router = values.floats(6, EXPERTS)
    router[:, 3] = -100
    return contrib(
        "contrib_experts",
        "MoE: two experts with gates, three with clamped halves and shares that are 1 together, one without biases",
        """(float[2, 3, 6] x, float[6, 4] r) => (float[2, 3, 6] y, float[6, 6] z, float[6, 6] u) {
            y = com.microsoft.MoE <k = 2, activation_type = "silu"> (x, r, w, b, d, c, v, a)
            shape = Constant <value_ints = [6, 6]> ()
            rows = Reshape (x, shape)
            z = com.microsoft.MoE <k = 3, activation_type = "swiglu", swiglu_fusion = 2, activation_alpha = 1.702,
                activation_beta = 1.0, swiglu_limit = 0.5, normalize_routing_weights = 1> (rows, r, g, h, d, c)
            u = com.microsoft.MoE <activation_type = "gelu"> (rows, r, w, , d)
        }""",
        inputs=[{"x": values.floats(2, 3, WIDTH), "r": router}],
        constants={
            "w": values.floats(EXPERTS, INNER, WIDTH),
            "b": values.floats(EXPERTS, INNER),
            "d": down,
            "c": values.floats(EXPERTS, WIDTH),
            "v": values.floats(EXPERTS, INNER, WIDTH),
            "a": values.floats(EXPERTS, INNER),
            "g": values.floats(EXPERTS, 2 * INNER, WIDTH),
            "h": values.floats(EXPERTS, 2 * INNER),
        },
        expected=expected,
    )


def packed(codes: Array, bits: int) -> Array:
    """Codes below 2 ** bits as bytes along the last axis, the first in the lowest bits; zeros fill the last byte."""
    per_byte = 8 // bits
    codes = np.concatenate([codes, np.zeros((*codes.shape[:-1], -codes.shape[-1] % per_byte), np.uint8)], -1)
    return sum(codes[..., i::per_byte] << bits * i for i in range(per_byte)).astype(np.uint8)


def quantized_experts() -> Case:
    """As ONNX Runtime's: shares are a Softmax of the scores that were chosen, or what router_weights has for them."""
    values = Values("contrib_quantized_experts")
    width, inner = 32, 16

    def codes(bits: int, *shape: int) -> Array:
        return values.integers(*shape, least=0, most=2**bits - 1, dtype=np.uint8)

    def numbers(codes: Array, scales: Array, zeros: Array | int) -> Array:
        """Scales and zeros have an axis less than codes, or as many, of blocks."""
        blocks = codes.reshape(*codes.shape[:2], scales.shape[2] if scales.ndim == 3 else 1, -1)
        zeros = zeros if np.isscalar(zeros) else zeros.astype(float).reshape(*blocks.shape[:3], 1)
        return ((blocks.astype(float) - zeros) * scales.astype(float).reshape(*blocks.shape[:3], 1)).reshape(codes.shape)

    def scales(*shape: int) -> Array:
        return values.floats(*shape, least=0.01, most=0.03)

    up4, down4 = codes(4, EXPERTS, 2 * inner, width), codes(4, EXPERTS, width, inner)
    up8, down2 = codes(8, EXPERTS, inner, width), codes(2, EXPERTS, width, inner)
    rows, blocks = scales(EXPERTS, 2 * inner), scales(EXPERTS, width, 1)
    row_zeros, block_zeros = codes(4, EXPERTS, 2 * inner), codes(2, EXPERTS, width, 1)
    up8_scales, down4_scales = scales(EXPERTS, inner, 2) / 16, scales(EXPERTS, width)
    up8_zeros = codes(8, EXPERTS, inner, 2)

    def shares(choice: Array, given: Array) -> Array:
        """Of the two experts that each row prefers; 0 of the others."""
        out = np.zeros(choice.shape)
        for row, best in enumerate(np.argsort(-choice, -1)[:, :2]):
            out[row, best] = given[row, best]
        return out

    def expected(x: Array, r: Array, m: Array, b: Array, **_: Array):
        w, d = numbers(up4, rows, row_zeros), numbers(down4, down4_scales, 8)

        def neighbours(e: int, row: Array) -> Array:
            z = w[e] @ row + b[e]
            top, linear = np.minimum(z[0::2], 0.5), np.clip(z[1::2], -0.5, 0.5)
            return d[e] @ (top * sigmoid(1.702 * top) * (linear + 1))

        u, v = numbers(up8, up8_scales, up8_zeros), numbers(down2, blocks, block_zeros)

        def curved(e: int, row: Array) -> Array:
            z = u[e] @ row
            return v[e] @ (z * sigmoid(z))

        chances = shares(r, np.exp(r))
        weights = shares(r, m)
        y = [sum(c[e] * neighbours(e, row) for e in range(EXPERTS)) / c.sum() for row, c in zip(x, chances)]
        z = [sum(c[e] * curved(e, row) for e in range(EXPERTS)) / c.sum() for row, c in zip(x, weights)]
        return [np.stack(y), np.stack(z)]

    return contrib(
        "contrib_quantized_experts",
        "QMoE: codes of 4 bits by rows, of 8 and 2 bits by blocks, zero points of part of a byte, weights apart from scores",
        """(float[5, 32] x, float[5, 4] r, float[5, 4] m) => (float[5, 32] y, float[5, 32] z) {
            y = com.microsoft.QMoE <k = 2, activation_type = "swiglu", swiglu_fusion = 1, activation_alpha = 1.702,
                activation_beta = 1.0, swiglu_limit = 0.5> (x, r, w, s, b, d, t, , , , , i)
            z = com.microsoft.QMoE <k = 2, activation_type = "silu", block_size = 16, fc1_expert_weight_bits = 8,
                fc2_expert_weight_bits = 2, normalize_routing_weights = 1>
                (x, r, u, p, , v, q, , , , , j, o, , m)
        }""",
        inputs=[
            {
                "x": values.floats(5, width),
                "r": values.floats(5, EXPERTS, least=-2, most=2),
                "m": values.floats(5, EXPERTS, least=0.1, most=1),
            }
        ],
        constants={
            "w": packed(up4, 4),
            "s": rows,
            "b": values.floats(EXPERTS, 2 * inner),
            "d": packed(down4, 4),
            "t": down4_scales,
            "i": packed(row_zeros, 4),
            "u": up8,
            "p": up8_scales,
            "v": packed(down2, 2),
            "q": blocks,
            "j": up8_zeros,
            "o": packed(block_zeros, 2),
        },
        expected=expected,
    )


CASES = [experts(), quantized_experts()]
