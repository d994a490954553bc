"""Operators of the domain com.microsoft that hold arrays alone, and the one that optimisers put into ONNX's own."""

from __future__ import annotations

import math

import numpy as np
import torch

from .case import Array, Case, Values

DOMAIN = "com.microsoft"


def contrib(name: str, what: str, graph: str, **others) -> Case:
    """Opset 17, and com.microsoft beside it."""
    return Case(name=name, what=what, opset=17, domain=DOMAIN, graph=graph, **others)


def gelu(x: Array) -> Array:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def gelu_tanh(x: Array) -> Array:
    return x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def normalized(x: Array, epsilon: float, centered: bool = True) -> Array:
    x = x - x.mean(-1, keepdims=True) if centered else x
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon)


def fusedmatmul_defaults() -> Case:
    values = Values("fusedmatmul_defaults")
    return contrib(
        "fusedmatmul_defaults",
        "FusedMatMul with only alpha and transBatchB given: B's first axis is the one that is summed",
        """(float[3, 2, 4] a, float[4, 3, 5] b) => (float[3, 2, 5] y) {
            y = com.microsoft.FusedMatMul <alpha = 0.5, transBatchB = 1> (a, b)
        }""",
        inputs=[{"a": values.floats(3, 2, 4), "b": values.floats(4, 3, 5)}],
        expected=lambda a, b: [0.5 * a @ b.swapaxes(0, 1)],
    )


def fusedmatmul_transposed() -> Case:
    values = Values("fusedmatmul_transposed")
    return contrib(
        "fusedmatmul_transposed",
        "FusedMatMul: both operands transposed, A in its batch too",
        """(float[4, 3, 2] a, float[3, 5, 4] b) => (float[3, 2, 5] y) {
            y = com.microsoft.FusedMatMul <transA = 1, transBatchA = 1, transB = 1> (a, b)
        }""",
        inputs=[{"a": values.floats(4, 3, 2), "b": values.floats(3, 5, 4)}],
        # The first axis becomes the last but one, then the last two change places.
        expected=lambda a, b: [a.transpose(1, 2, 0) @ b.swapaxes(1, 2)],
    )


def gelus() -> Case:
    values = Values("contrib_gelus")
    return contrib(
        "contrib_gelus",
        "BiasGelu by erf, FastGelu by tanh, with and without bias, QuickGelu by a scaled sigmoid",
        """(float[3, 4] x, float[4] b) => (float[3, 4] p, float[3, 4] q, float[3, 4] r, float[3, 4] s, float[3, 4] t) {
            p = com.microsoft.BiasGelu (x, b)
            q = com.microsoft.FastGelu (x, b)
            r = com.microsoft.FastGelu (x)
            s = com.microsoft.QuickGelu <alpha = 1.5> (x)
            t = com.microsoft.Gelu (x)
        }""",
        inputs=[{"x": values.floats(3, 4, least=-3, most=3), "b": values.floats(4)}],
        expected=lambda x, b: [gelu(x + b), gelu_tanh(x + b), gelu_tanh(x), x / (1 + np.exp(-1.5 * x)), gelu(x)],
    )


def skip_normalizations() -> Case:
    values = Values("skip_normalizations")

    def expected(x: Array, s: Array, g: Array, b: Array, c: Array) -> list[Array]:
        return [
            normalized(x + s + c, 1e-5) * g + b,
            x + s + c,
            normalized(x + s, 1e-12) * g,
            normalized(x + s, 1e-6, False) * g,
            x + s,
            normalized(x + s + c, 1e-12, False) * g,
            normalized(x, 1e-6, False) * g,
        ]

    return contrib(
        "skip_normalizations",
        "the skip is spread over the batch, beta and bias may be missing, output 3 is the sum that is normalised",
        """(float[2, 3, 8] x, float[1, 3, 8] s) => (float[2, 3, 8] p, float[2, 3, 8] ps, float[2, 3, 8] q,
            float[2, 3, 8] r, float[2, 3, 8] rs, float[2, 3, 8] t, float[2, 3, 8] u) {
            p, , , ps = com.microsoft.SkipLayerNormalization <epsilon = 0.00001> (x, s, g, b, c)
            q = com.microsoft.SkipLayerNormalization (x, s, g)
            r, , , rs = com.microsoft.SkipSimplifiedLayerNormalization <epsilon = 0.000001> (x, s, g)
            t = com.microsoft.SkipSimplifiedLayerNormalization (x, s, g, c)
            u = com.microsoft.SimplifiedLayerNormalization <epsilon = 0.000001, axis = -1> (x, g)
        }""",
        inputs=[{"x": values.floats(2, 3, 8), "s": values.floats(1, 3, 8)}],
        constants={"g": values.floats(8), "b": values.floats(8), "c": values.floats(8)},
        expected=expected,
    )


def simplified_layer_normalization() -> Case:
    values = Values("simplified_layer_normalization")
    return Case(
        name="simplified_layer_normalization",
        what="SimplifiedLayerNormalization in ONNX's own domain, where optimisers leave it",
        opset=17,
        graph="""(float[2, 3, 8] x) => (float[2, 3, 8] y) {
            y = SimplifiedLayerNormalization <axis = -1, epsilon = 0.000001, stash_type = 1> (x, g)
        }""",
        inputs=[{"x": values.floats(2, 3, 8)}],
        constants={"g": values.floats(8)},
        expected=lambda x, g: [normalized(x, 1e-6, False) * g],
        valid=False,
    )


def fused_conv() -> Case:
    values = Values("fused_conv")

    def expected(x: Array, z: Array, w: Array, b: Array) -> list[Array]:
        y = torch.nn.functional.conv2d(*map(torch.tensor, (x, w, b)), stride=2, padding=1, groups=2).numpy()
        return [np.clip(y + z, -0.25, 0.5), np.where(y < 0, 0.2 * y, y), np.maximum(y, 0)]

    window = "pads = [1, 1, 1, 1], strides = [2, 2], group = 2"
    return contrib(
        "fused_conv",
        "FusedConv: a sum and then an activation, whose parameters are in one list",
        f"""(float[1, 4, 5, 6] x, float[1, 6, 3, 3] z) => (float[1, 6, 3, 3] p, float[1, 6, 3, 3] q,
            float[1, 6, 3, 3] r) {{
            p = com.microsoft.FusedConv <activation = "Clip", activation_params = [-0.25, 0.5], {window}> (x, w, b, z)
            q = com.microsoft.FusedConv <activation = "LeakyRelu", activation_params = [0.2], {window}> (x, w, b)
            r = com.microsoft.FusedConv <activation = "Relu", kernel_shape = [3, 3], {window}> (x, w, b)
        }}""",
        inputs=[{"x": values.floats(1, 4, 5, 6), "z": values.floats(1, 6, 3, 3)}],
        constants={"w": values.floats(6, 2, 3, 3), "b": values.floats(6)},
        expected=expected,
    )


def conv_transpose_with_dynamic_pads() -> Case:
    values = Values("conv_transpose_with_dynamic_pads")

    def expected(x: Array, pads: Array, w: Array, b: Array) -> list[Array]:
        y = torch.nn.functional.conv_transpose2d(*map(torch.tensor, (x, w, b)), stride=2).numpy()
        return [y[:, :, 1:-2, : y.shape[3] - 1], y]

    return contrib(
        "conv_transpose_with_dynamic_pads",
        "ConvTransposeWithDynamicPads: only the run knows what is cut off",
        """(float[1, 3, 4, 5] x, int64[4] pads) => (float[1, 2, 6, 10] y, float[1, 2, 9, 11] z) {
            y = com.microsoft.ConvTransposeWithDynamicPads <strides = [2, 2]> (x, w, pads, b)
            z = com.microsoft.ConvTransposeWithDynamicPads <strides = [2, 2]> (x, w, , b)
        }""",
        inputs=[{"x": values.floats(1, 3, 4, 5), "pads": np.array([1, 0, 2, 1])}],
        constants={"w": values.floats(3, 2, 3, 3), "b": values.floats(2)},
        expected=expected,
    )


def transforms() -> Case:
    values = Values("contrib_rfft")

    def expected(x: Array) -> list[Array]:
        one, two = np.fft.rfft(x), np.fft.rfft2(x)
        parts = [np.stack([y.real, y.imag], -1) for y in (one, two)]
        return [*parts, x, x]

    form = "normalized = 0, onesided = 1, signal_ndim"
    return contrib(
        "contrib_rfft",
        "Rfft and Irfft of one axis and of two: half of the last axis says all",
        f"""(float[2, 5, 6] x) => (float[2, 5, 4, 2] p, float[2, 5, 4, 2] q, float[2, 5, 6] r, float[2, 5, 6] t) {{
            p = com.microsoft.Rfft <{form} = 1> (x)
            q = com.microsoft.Rfft <{form} = 2> (x)
            r = com.microsoft.Irfft <{form} = 1> (p)
            t = com.microsoft.Irfft <{form} = 2> (q)
        }}""",
        inputs=[{"x": values.floats(2, 5, 6)}],
        expected=expected,
    )


def older_forms() -> Case:
    values = Values("contrib_older_forms")

    def expected(x: Array, w: Array, g: Array, pads: Array, start: Array, limit: Array) -> list[Array]:
        s = np.exp(x + w).reshape(2, 12)
        sample = torch.nn.functional.grid_sample(torch.tensor(x[None]), torch.tensor(g), "nearest", "border", False)
        distances = ((x[0][:, None] - x[1][None]) ** 2).sum(-1)
        return [
            (s / s.sum(1, keepdims=True)).reshape(x.shape),
            np.sqrt(distances),
            distances,
            x[:, None],
            x[[0, 1], [2, 0]],
            sample.numpy(),
            np.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=1.5),
            np.arange(2, 6),
            np.tril(x, 1),
            0.5 * x.swapaxes(1, 2) @ x,
        ]

    return contrib(
        "contrib_older_forms",
        "operators of com.microsoft that ONNX has in another form",
        """(float[2, 3, 4] x, float[1, 2, 2, 2] g, int64[1, 6] pads, int32[1] start, int32[1] limit) =>
            (float[2, 3, 4] p, float[3, 3] q, float[3, 3] r, float[2, 1, 3, 4] t, float[2, 4] u, float[1, 2, 2, 2] v,
            float[2, 4, 6] a, int32[4] b, float[2, 3, 4] c, float[2, 4, 4] d) {
            p = com.microsoft.BiasSoftmax <axis = 1, is_inner_broadcast = 0> (x, w)
            zero = Constant <value_int = 0> ()
            one = Constant <value_int = 1> ()
            x0 = Gather (x, zero)
            x1 = Gather (x, one)
            q = com.microsoft.CDist <metric = "euclidean"> (x0, x1)
            r = com.microsoft.CDist (x0, x1)
            axis = Cast <to = 6> (one)
            t = com.microsoft.ExpandDims (x, axis)
            places = Constant <value = int32[2, 2] {0, 2, 1, 0}> ()
            u = com.microsoft.GatherND (x, places)
            batch = Unsqueeze (x, first)
            v = com.microsoft.GridSample <mode = "nearest", padding_mode = "border"> (batch, g)
            a = com.microsoft.Pad <mode = "constant"> (x, pads, fill)
            b = com.microsoft.Range (start, limit)
            c = com.microsoft.Trilu <upper = 0> (x, one)
            d = com.microsoft.TransposeMatMul <transA = 1, alpha = 0.5> (x, x)
        }""",
        inputs=[
            {
                "x": values.floats(2, 3, 4),
                "g": values.floats(1, 2, 2, 2, least=-1.3, most=1.3),
                "pads": np.array([[0, 1, 0, 0, 0, 2]]),
                "start": np.array([2], np.int32),
                "limit": np.array([6], np.int32),
            }
        ],
        constants={"w": values.floats(1, 3, 4), "fill": np.array([1.5], np.float32), "first": np.array([0])},
        expected=lambda x, g, pads, start, limit, w, fill, first: expected(x, w, g, pads, start, limit),
    )


def unique() -> Case:
    return contrib(
        "contrib_unique",
        "Unique keeps the order in which values appear first, and says of each where it went",
        """(float[6] x) => (float[n] y, int64[6] i, int64[n] c) { y, i, c = com.microsoft.Unique (x) }""",
        inputs=[{"x": np.array([3, 1, 3, 2, 1, 3], np.float32)}],
        expected=lambda x: [np.array([3, 1, 2]), np.array([0, 1, 0, 2, 1, 0]), np.array([3, 2, 1])],
    )


def inverse() -> Case:
    values = Values("contrib_inverse")
    return contrib(
        "contrib_inverse",
        "Inverse of every matrix of a batch",
        """(float[2, 3, 4, 4] x) => (float[2, 3, 4, 4] y) { y = com.microsoft.Inverse (x) }""",
        inputs=[{"x": values.floats(2, 3, 4, 4)}],
        expected=lambda x: [np.linalg.inv(x)],
    )


def crops() -> Case:
    values = Values("contrib_crops")

    def sample(image: Array, y: float, x: float, nearest: bool, outside: float) -> Array:
        """Of an image [channels, height, width]."""
        height, width = image.shape[1:]
        if not (0 <= y <= height - 1 and 0 <= x <= width - 1):
            return np.full(image.shape[0], outside)
        if nearest:
            return image[:, int(y + 0.5), int(x + 0.5)]
        top, left = int(y), int(x)
        bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
        rows = [image[:, row, left] * (left + 1 - x) + image[:, row, right] * (x - left) for row in (top, bottom)]
        return rows[0] * (top + 1 - y) + rows[1] * (y - top)

    def crop(x: Array, boxes: Array, batch: Array, size: tuple[int, int], nearest: bool, outside: float) -> Array:
        out = np.zeros((len(boxes), x.shape[1], *size))
        for box, (low_y, low_x, high_y, high_x) in enumerate(boxes):
            ends = ((low_y, high_y, x.shape[2]), (low_x, high_x, x.shape[3]))
            places = [
                (np.linspace(low, high, n) if n > 1 else np.array([(low + high) / 2])) * (length - 1)
                for (low, high, length), n in zip(ends, size, strict=True)
            ]
            for row, column in np.ndindex(*size):
                at = places[0][row], places[1][column]
                out[box, :, row, column] = sample(x[batch[box]], *at, nearest, outside)
        return out

    return contrib(
        "contrib_crops",
        "CropAndResize: corners are centres of pixels, boxes may be turned over or hang out, one place is in the middle",
        """(float[2, 3, 5, 6] x, float[4, 4] b, int32[4] i) => (float[4, 3, 4, 3] y, float[4, 3, 3, 4] u,
            float[4, 3, 1, 2] v) {
            four = Constant <value = int32[2] {4, 3}> ()
            y = com.microsoft.CropAndResize (x, b, i, four)
            three = Constant <value = int32[2] {3, 4}> ()
            u = com.microsoft.CropAndResize <mode = "nearest", extrapolation_value = -1.5> (x, b, i, three)
            one = Constant <value = int32[2] {1, 2}> ()
            v = com.microsoft.CropAndResize <mode = "bilinear", extrapolation_value = 7.0> (x, b, i, one)
        }""",
        inputs=[
            {
                "x": values.floats(2, 3, 5, 6),
                "b": np.array(
                    [[0, 0, 1, 1], [0.82, 0.93, 0.11, 0.24], [-0.3, 0.2, 0.66, 1.3], [0.4, 0.3, 0.4, 0.3]], np.float32
                ),
                "i": np.array([1, 0, 1, 0], np.int32),
            }
        ],
        expected=lambda x, b, i: [
            crop(x, b, i, (4, 3), False, 0),
            crop(x, b, i, (3, 4), True, -1.5),
            crop(x, b, i, (1, 2), False, 7),
        ],
    )


CASES = [
    crops(),
    fusedmatmul_defaults(),
    fusedmatmul_transposed(),
    gelus(),
    skip_normalizations(),
    simplified_layer_normalization(),
    fused_conv(),
    conv_transpose_with_dynamic_pads(),
    transforms(),
    older_forms(),
    unique(),
    inverse(),
]
