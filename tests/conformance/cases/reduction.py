"""Reductions of NaN and of values whose exponentials overflow."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def reduce_max_nan() -> Case:
    x = Values("reduce_max_nan").floats(21, 20)
    for row in range(20):
        x[row, row] = np.nan
    x[5, 12:] = np.nan

    def expected(x: Array) -> list[Array]:
        return [x.max(1), x.min(1), x[-2:].max(0), x[-2:].min(0)]

    return Case(
        name="reduce_max_nan",
        what="a maximum or minimum is NaN wherever the NaN stands",
        opset=13,
        graph="""(float[r, c] x) => (float[r] a, float[r] b, float[c] d, float[c] e) {
            a = ReduceMax <axes = [1], keepdims = 0> (x)
            b = ReduceMin <axes = [1], keepdims = 0> (x)
            last = Slice (x, from, to)
            d = ReduceMax <axes = [0], keepdims = 0> (last)
            e = ReduceMin <axes = [0], keepdims = 0> (last)
        }""",
        inputs=[{"x": x}],
        constants={"from": np.array([-2]), "to": np.array([100])},
        expected=lambda x, **_: expected(x),
    )


def logsumexp_large() -> Case:
    rows = [[900, 899.25, 880], [-1200, -1201.5, -1199], [2, -1.5, 0.25], [-np.inf, 3, 1], [-np.inf, -np.inf, -np.inf]]
    return Case(
        name="logsumexp_large",
        what="the sum of exponentials neither overflows nor vanishes; -inf throughout stays -inf",
        opset=18,
        graph="(float[n, 3] x) => (float[n] y) { y = ReduceLogSumExp <keepdims = 0> (x, a) }",
        inputs=[{"x": np.array(rows, np.float32)}],
        constants={"a": np.array([1])},
        expected=lambda x, a: [np.logaddexp.reduce(x, 1)],
    )


CASES = [reduce_max_nan(), logsumexp_large()]
