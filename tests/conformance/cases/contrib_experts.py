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


CASES = [experts()]
