"""Element by element: normalisations, casts, products by an equation, running sums."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def layernorm_spelled_out_broadcast() -> Case:
    values = Values("layernorm_spelled_out_broadcast")

    def expected(x: Array, s: Array, b: Array, two: Array, eps: Array) -> list[Array]:
        centred = x - x.mean(-1, keepdims=True)
        return [centred / np.sqrt((centred**two).mean(-1, keepdims=True) + eps) * s + b]

    return Case(
        name="layernorm_spelled_out_broadcast",
        what="a layer norm written as nodes whose scale and bias are spread over more than the last axis",
        opset=17,
        graph="""(float[2, 3, 4] x) => (float[2, 3, 4] y) {
            m = ReduceMean <axes = [-1], keepdims = 1> (x)
            c = Sub (x, m)
            q = Pow (c, two)
            v = ReduceMean <axes = [-1], keepdims = 1> (q)
            e = Add (v, eps)
            r = Sqrt (e)
            z = Div (c, r)
            t = Mul (z, s)
            y = Add (t, b)
        }""",
        inputs=[{"x": values.floats(2, 3, 4)}],
        constants={
            "s": values.floats(3, 4),
            "b": values.floats(3, 1),
            "two": np.array(2, np.float32),
            "eps": np.array(1e-5, np.float32),
        },
        expected=expected,
    )


def softmax_11_coerced() -> Case:
    def expected(x: Array) -> list[Array]:
        rows = x.reshape(x.shape[0], -1)
        rows = rows - rows.max(1, keepdims=True)
        logarithms = (rows - np.log(np.exp(rows).sum(1, keepdims=True))).reshape(x.shape)
        return [np.exp(logarithms), logarithms]

    return Case(
        name="softmax_11_coerced",
        what="before opset 13 everything from the axis on is one row",
        opset=11,
        graph="""(float[2, 3, 4] x) => (float[2, 3, 4] y, float[2, 3, 4] l) {
            y = Softmax (x)
            l = LogSoftmax <axis = 1> (x)
        }""",
        inputs=[{"x": Values("softmax_11_coerced").floats(2, 3, 4, least=-3, most=3)}],
        expected=expected,
    )


def softplus_tail() -> Case:
    return Case(
        name="softplus_tail",
        what="far below 0 the result is tiny but keeps its digits",
        opset=17,
        graph="(float[n] x) => (float[n] y) { y = Softplus (x) }",
        inputs=[{"x": np.array([-11.9, -13.25, -15.5, -17.1, -21.7, -45, -80, 0.75, 33, 95], np.float32)}],
        expected=lambda x: [np.logaddexp(x, 0)],
        absolute=0,
    )


def cast_there_and_back() -> Case:
    return Case(
        name="cast_there_and_back",
        what="a cast to a smaller type and back loses digits on purpose: both have to stay",
        opset=13,
        graph="""(double[4] x) => (double[4] y, double[4] z) {
            a = Cast <to = 1> (x)
            y = Cast <to = 11> (a)
            b = Cast <to = 6> (x)
            z = Cast <to = 11> (b)
        }""",
        inputs=[{"x": np.array([0.7, -2.6, 536870913.0, 1e-60])}],
        expected=lambda x: [x.astype(np.float32), x.astype(np.int32)],
        relative=1e-12,
        absolute=0,
    )


def einsum(name: str, what: str, equation: str, graph: str, *shapes: tuple[int, ...]) -> Case:
    values = Values(name)
    return Case(
        name=name,
        what=what,
        opset=12,
        graph=graph,
        inputs=[{f"x{k}": values.floats(*shape) for k, shape in enumerate(shapes)}],
        expected=lambda **operands: [np.einsum(equation, *operands.values())],
    )


def cumsum_exclusive_reverse() -> Case:
    def expected(x: Array, a: Array, b: Array) -> list[Array]:
        """The sum of all that follow."""
        return [np.flip(np.flip(x, axis).cumsum(axis), axis) - x for axis in (int(a), int(b))]

    return Case(
        name="cumsum_exclusive_reverse",
        what="exclusive and from behind, along an axis of length 1 and a longer one",
        opset=14,
        graph="""(int32[4, 2, 1] x) => (int32[4, 2, 1] y, int32[4, 2, 1] z) {
            y = CumSum <exclusive = 1, reverse = 1> (x, a)
            z = CumSum <exclusive = 1, reverse = 1> (x, b)
        }""",
        inputs=[{"x": Values("cumsum_exclusive_reverse").integers(4, 2, 1, least=-9, most=9, dtype=np.int32)}],
        constants={"a": np.array(-1), "b": np.array(0, np.int32)},
        expected=expected,
    )


def activations_before_18() -> Case:
    return Case(
        name="activations_before_18",
        what="ONNX defines Softsign and ThresholdedRelu through others from opset 18 only",
        opset=17,
        graph="""(float[3, 4] x) => (float[3, 4] y, float[3, 4] z) {
            y = Softsign (x)
            z = ThresholdedRelu <alpha = 0.25> (x)
        }""",
        inputs=[{"x": Values("activations_before_18").floats(3, 4)}],
        expected=lambda x: [x / (1 + np.abs(x)), np.where(x > 0.25, x, 0)],
    )


CASES = [
    activations_before_18(),
    layernorm_spelled_out_broadcast(),
    softmax_11_coerced(),
    softplus_tail(),
    cast_there_and_back(),
    cumsum_exclusive_reverse(),
    einsum(
        "einsum_reduce_swap", "one operand: the middle axis is summed, the others swap", "nhw->wn",
        '(float[2, 3, 4] x0) => (float[4, 2] y) { y = Einsum <equation = "nhw->wn"> (x0) }',
        (2, 3, 4)),
    einsum(
        "einsum_ellipsis", "ellipses whose axes of length 1 differ are spread", "...ij,...jk->...ik",
        """(float[1, 3, 2, 4] x0, float[2, 1, 4, 3] x1) => (float[2, 3, 2, 3] y) {
            y = Einsum <equation = "...ij, ...jk -> ...ik"> (x0, x1)
        }""",
        (1, 3, 2, 4), (2, 1, 4, 3)),
]
