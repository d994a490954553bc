"""Training, and features for simple models: written out with other operators."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def batchnorm_training() -> Case:
    values = Values("batchnorm_training")

    def expected(x: Array, s: Array, b: Array, m: Array, v: Array) -> list[Array]:
        mean, variance = x.mean((0, 2)), x.var((0, 2))
        y = (x - mean[:, None]) / np.sqrt(variance[:, None] + 1e-3) * s[:, None] + b[:, None]
        return [y, 0.3 * m + 0.7 * mean, 0.3 * v + 0.7 * variance]

    return Case(
        name="batchnorm_training",
        what="training_mode 1: Y depends neither on momentum nor on the statistics that come in",
        opset=15,
        graph="""(float[3, 2, 5] x) => (float[3, 2, 5] y, float[2] rm, float[2] rv) {
            y, rm, rv = BatchNormalization <epsilon = 0.001, momentum = 0.3, training_mode = 1> (x, s, b, m, v)
        }""",
        inputs=[{"x": values.floats(3, 2, 5, least=-1, most=4)}],
        constants={
            "s": values.floats(2),
            "b": values.floats(2),
            "m": values.floats(2),
            "v": values.floats(2, least=0.5, most=2),
        },
        expected=expected,
    )


def optimisers() -> Case:
    values = Values("optimisers")

    def expected(r: Array, t: Array, x: Array, g: Array, v: Array, h: Array) -> list[Array]:
        d = 0.1 * x + g
        first, second = 0.8 * v + 0.2 * d, 0.95 * h + 0.05 * d * d
        rate = r * np.sqrt(1 - 0.95**t) / (1 - 0.8**t) if t > 0 else r
        squares = h + d * d
        beta = 0.7 if t > 0 else 1.0
        moved = 0.8 * v + beta * d
        return [
            0.75 * (x - rate * first / (np.sqrt(second) + 1e-3)),
            first,
            second,
            x - r / (1 + 0.5 * t) * d / (np.sqrt(squares) + 1e-3),
            squares,
            x - r * moved,
            moved,
            x - r * (d + 0.8 * moved),
        ]

    sets = [
        {
            "r": np.array(0.5, np.float32),
            "t": np.array(step),
            **{name: values.floats(3, 2) for name in "xgv"},
            "h": values.floats(3, 2, least=0.1, most=2),
        }
        for step in (0, 3)
    ]
    return Case(
        name="optimisers",
        what="Adam, Adagrad and Momentum at the first and at a later iteration",
        opset=17,
        domain="ai.onnx.preview.training",
        graph="""(float r, int64 t, float[3, 2] x, float[3, 2] g, float[3, 2] v, float[3, 2] h) =>
            (float[3, 2] ax, float[3, 2] av, float[3, 2] ah, float[3, 2] bx, float[3, 2] bh, float[3, 2] cx,
            float[3, 2] cv, float[3, 2] dx) {
            ax, av, ah = ai.onnx.preview.training.Adam <alpha = 0.8, beta = 0.95, epsilon = 0.001,
                norm_coefficient = 0.1, norm_coefficient_post = 0.25> (r, t, x, g, v, h)
            bx, bh = ai.onnx.preview.training.Adagrad <decay_factor = 0.5, epsilon = 0.001, norm_coefficient = 0.1>
                (r, t, x, g, h)
            cx, cv = ai.onnx.preview.training.Momentum <alpha = 0.8, beta = 0.7, mode = "standard",
                norm_coefficient = 0.1> (r, t, x, g, v)
            dx, dv = ai.onnx.preview.training.Momentum <alpha = 0.8, beta = 0.7, mode = "nesterov",
                norm_coefficient = 0.1> (r, t, x, g, v)
        }""",
        inputs=sets,
        expected=expected,
    )


def features() -> Case:
    values = Values("features")

    def expected(x: Array, n: Array) -> list[Array]:
        scaled = (x - np.array([1, 2, 3])) * np.array([0.5, 2, 1])
        lengths = np.sqrt((x * x).sum(-1, keepdims=True))
        return [
            scaled,
            np.where(x > 0.5, 1, 0),
            x / np.where(lengths == 0, 1, lengths),
            x / np.where(x.any(-1, keepdims=True), np.abs(x).max(-1, keepdims=True), 1),
            scaled @ np.array([[1, 2, 3], [4, 5, 6]]).T + np.array([0.5, -0.5]),
            np.concatenate([x, n], 1),
            x[:, [2, 0]],
            np.concatenate([x[:1], [[7, 8]]], 1),
        ]

    x = values.floats(4, 3, least=-2, most=2)
    x[1] = 0
    return Case(
        name="features",
        what="Scaler, Binarizer, Normalizer of a row of zeros, LinearRegressor, FeatureVectorizer of floats, integers and rows",
        opset=17,
        domain="ai.onnx.ml",
        graph="""(float[4, 3] x, int64[4, 2] n) => (float[4, 3] s, float[4, 3] b, float[4, 3] l, float[4, 3] m,
            float[4, 2] r, float[4, 5] f, float[4, 2] p, float[1, 5] o) {
            s = ai.onnx.ml.Scaler <offset = [1.0, 2.0, 3.0], scale = [0.5, 2.0, 1.0]> (x)
            b = ai.onnx.ml.Binarizer <threshold = 0.5> (x)
            l = ai.onnx.ml.Normalizer <norm = "L2"> (x)
            m = ai.onnx.ml.Normalizer <norm = "MAX"> (x)
            r = ai.onnx.ml.LinearRegressor <coefficients = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], intercepts = [0.5, -0.5],
                targets = 2> (s)
            f = ai.onnx.ml.FeatureVectorizer <inputdimensions = [3, 2]> (x, n)
            i = Constant <value_ints = [2, 0]> ()
            zero = Constant <value_ints = [0]> ()
            one = Constant <value_ints = [1]> ()
            p = ai.onnx.ml.ArrayFeatureExtractor (x, i)
            h = Slice (x, zero, one)
            row = Squeeze (h, zero)
            two = Constant <value_ints = [7, 8]> ()
            o = ai.onnx.ml.FeatureVectorizer <inputdimensions = [3, 2]> (row, two)
        }""",
        inputs=[{"x": x, "n": values.integers(4, 2, least=-9, most=9)}],
        expected=expected,
    )


CASES = [batchnorm_training(), optimisers(), features()]
