"""Operators of the domain com.microsoft on quantised arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from .attention import attention
from .case import Array, Case, Values
from .contrib import contrib, normalized
from .contrib_attention import heads_apart, heads_joined
from .quantization import quantized


def clear(make: Callable[[Values, str], Case], name: str) -> Case:
    """The case with the first seed for which no value to be rounded is close to a tie."""
    for seed in range(1000):
        case = make(Values(f"{name} {seed}"), name)
        try:
            case.outputs(case.model(), case.inputs[0])
        except ValueError:
            continue
        return case
    raise ValueError(f"{name}: no seed without ties")


def octets(values: Values, *shape: int) -> Array:
    return values.integers(*shape, least=0, most=255, dtype=np.uint8)


def signed(values: Values, *shape: int) -> Array:
    return values.integers(*shape, least=-127, most=127, dtype=np.int8)


def number(value: float) -> Array:
    return np.array(value, np.float32)


def octet(value: int) -> Array:
    return np.array(value, np.uint8)


def real(q: Array, scale: Array, zero_point: Array | int) -> Array:
    return (q.astype(int) - zero_point) * scale


def binary(values: Values, name: str) -> Case:
    def expected(a: Array, b: Array, sa, za, sb, zb, sy, zy) -> list[Array]:
        x, w = real(a, sa, za), real(b, sb, zb)
        return [quantized(x + w, sy, zy), quantized(x * w, sy, zy)]

    return contrib(
        name,
        "QLinearAdd and QLinearMul, of which one operand is spread",
        """(uint8[2, 3, 2] a, uint8[3, 1] b) => (uint8[2, 3, 2] y, uint8[2, 3, 2] z) {
            y = com.microsoft.QLinearAdd (a, sa, za, b, sb, zb, sy, zy)
            z = com.microsoft.QLinearMul (a, sa, za, b, sb, zb, sy, zy)
        }""",
        inputs=[{"a": octets(values, 2, 3, 2), "b": octets(values, 3, 1)}],
        constants={
            "sa": number(0.03),
            "za": octet(20),
            "sb": number(0.017),
            "zb": octet(200),
            "sy": number(0.07),
            "zy": octet(90),
        },
        expected=expected,
    )


def activations(values: Values, name: str) -> Case:
    def expected(x: Array, s, z, sy, zy, sn) -> list[Array]:
        w = real(x, s, z)
        flat = np.exp(w.reshape(2, 6))
        joined = (flat / flat.sum(1, keepdims=True)).reshape(w.shape)
        along = np.exp(w) / np.exp(w).sum(1, keepdims=True)
        zero = np.uint8(0)
        return [
            quantized(1 / (1 + np.exp(-w)), sn, zero),
            quantized(np.where(w < 0, 0.2 * w, w), sy, zy),
            quantized(joined, sn, zero),
            quantized(along, sn, zero),
        ]

    return contrib(
        name,
        "QLinearSigmoid, QLinearLeakyRelu; QLinearSoftmax over an axis, and before opset 13 over all from there",
        """(uint8[2, 3, 2] x) => (uint8[2, 3, 2] p, uint8[2, 3, 2] q, uint8[2, 3, 2] r, uint8[2, 3, 2] t) {
            p = com.microsoft.QLinearSigmoid (x, s, z, sn, zn)
            q = com.microsoft.QLinearLeakyRelu <alpha = 0.2> (x, s, z, sy, zy)
            r = com.microsoft.QLinearSoftmax <axis = 1, opset = 12> (x, s, z, sn, zn)
            t = com.microsoft.QLinearSoftmax <axis = 1, opset = 13> (x, s, z, sn, zn)
        }""",
        inputs=[{"x": octets(values, 2, 3, 2)}],
        constants={
            "s": number(0.03),
            "z": octet(120),
            "sy": number(0.025),
            "zy": octet(90),
            "sn": number(1 / 256),
            "zn": octet(0),
        },
        expected=lambda x, s, z, sy, zy, sn, zn: expected(x, s, z, sy, zy, sn),
    )


def pools(values: Values, name: str) -> Case:
    def expected(x: Array, s, z, sy, zy) -> list[Array]:
        w = torch.tensor(real(x, s, z))
        inside = torch.nn.functional.avg_pool2d(w, 3, 2, 1, count_include_pad=False).numpy()
        all_of = torch.nn.functional.avg_pool2d(w, 3, 2, 1).numpy()
        last = [quantized(inside, sy, zy).transpose(0, 2, 3, 1), quantized(all_of, sy, zy)]
        mean = quantized(w.numpy().mean((2, 3), keepdims=True), sy, zy)
        most = torch.nn.functional.max_pool2d(torch.tensor(x.astype(float)), 2, 1).numpy().transpose(0, 2, 3, 1)
        return [*last, mean, mean.transpose(0, 2, 3, 1), most]

    window = "kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]"
    return contrib(
        name,
        "QLinearAveragePool and QLinearGlobalAveragePool with channels second and last, NhwcMaxPool",
        f"""(uint8[1, 2, 3, 4] x) => (uint8[1, 2, 2, 2] p, uint8[1, 2, 2, 2] q, uint8[1, 2, 1, 1] r,
            uint8[1, 1, 1, 2] t, uint8[1, 2, 3, 2] u) {{
            l = Transpose <perm = [0, 2, 3, 1]> (x)
            p = com.microsoft.QLinearAveragePool <channels_last = 1, {window}> (l, s, z, sy, zy)
            q = com.microsoft.QLinearAveragePool <count_include_pad = 1, {window}> (x, s, z, sy, zy)
            r = com.microsoft.QLinearGlobalAveragePool (x, s, z, sy, zy)
            t = com.microsoft.QLinearGlobalAveragePool <channels_last = 1> (l, s, z, sy, zy)
            u = com.microsoft.NhwcMaxPool <kernel_shape = [2, 2]> (l)
        }}""",
        inputs=[{"x": octets(values, 1, 2, 3, 4)}],
        constants={"s": number(0.031), "z": octet(17), "sy": number(0.0273), "zy": octet(9)},
        expected=expected,
    )


def joined(values: Values, name: str) -> Case:
    def expected(c: Array, a: Array, b: Array, sa, za, sb, zb, sy, zy) -> list[Array]:
        x, w = real(a, sa, za), real(b, sb, zb)
        return [quantized(np.concatenate([x, w], 1), sy, zy), quantized(np.where(c, x, w[:, :1]), sy, zy)]

    return contrib(
        name,
        "QLinearConcat and QLinearWhere: every part has a scale of its own",
        """(bool[2, 3] c, uint8[2, 3] a, uint8[2, 2] b) => (uint8[2, 5] y, uint8[2, 3] z) {
            y = com.microsoft.QLinearConcat <axis = 1> (sy, zy, a, sa, za, b, sb, zb)
            starts = Constant <value_ints = [0]> ()
            ends = Constant <value_ints = [1]> ()
            f = Slice (b, starts, ends, ends)
            z = com.microsoft.QLinearWhere (c, a, sa, za, f, sb, zb, sy, zy)
        }""",
        inputs=[
            {"c": np.array([[1, 0, 1], [0, 0, 1]], bool), "a": octets(values, 2, 3), "b": octets(values, 2, 2)}
        ],
        constants={
            "sa": number(0.03),
            "za": octet(20),
            "sb": number(0.017),
            "zb": octet(200),
            "sy": number(0.033),
            "zy": octet(90),
        },
        expected=expected,
    )


def convolution(values: Values, name: str) -> Case:
    def expected(x: Array, w: Array, b: Array, sx, zx, sw, zw, sy, zy) -> list[Array]:
        image, kernel, bias = (torch.tensor(array.astype(float)) for array in (x, w, b))
        sums = torch.nn.functional.conv2d((image - float(zx)).permute(0, 3, 1, 2), kernel, bias)
        return [quantized(sums.permute(0, 2, 3, 1).numpy() * sx * sw, sy, zy)]

    return contrib(
        name,
        "QLinearConv of com.microsoft, whose channels may be last",
        """(uint8[1, 3, 4, 2] x) => (uint8[1, 2, 3, 3] y) {
            y = com.microsoft.QLinearConv <channels_last = 1> (x, sx, zx, w, sw, zw, sy, zy, b)
        }""",
        inputs=[{"x": octets(values, 1, 3, 4, 2)}],
        constants={
            "w": signed(values, 3, 2, 2, 2),
            "b": values.integers(3, least=-1000, most=1000, dtype=np.int32),
            "sx": number(0.03),
            "zx": octet(120),
            "sw": number(0.01),
            "zw": np.array(0, np.int8),
            "sy": number(0.21),
            "zy": octet(110),
        },
        expected=expected,
    )


def gemm(values: Values, name: str) -> Case:
    def expected(a: Array, b: Array, c: Array, sa, za, sb, zb, sy, zy) -> list[Array]:
        x, w = real(a, sa, za), (b.astype(int) - zb[:, None]) * sb[:, None]
        product = x.T @ w.T + c * sa * sb
        return [quantized(product, sy, zy), product, 0.5 * product]

    return contrib(
        name,
        "QGemm of transposed operands, with scales of columns and a bias of sums; without a scale of Y it is a float",
        """(uint8[5, 2] a) => (uint8[2, 3] y, float[2, 3] z, float[2, 3] h) {
            y = com.microsoft.QGemm <transA = 1, transB = 1> (a, sa, za, b, sb, zb, c, sy, zy)
            z = com.microsoft.QGemm <transA = 1, transB = 1> (a, sa, za, b, sb, zb, c)
            h = com.microsoft.QGemm <transA = 1, transB = 1, alpha = 0.5> (a, sa, za, b, sb, zb, c)
        }""",
        inputs=[{"a": octets(values, 5, 2)}],
        constants={
            "b": signed(values, 3, 5),
            "c": values.integers(3, least=-4000, most=4000, dtype=np.int32),
            "sa": number(0.02),
            "za": octet(131),
            "sb": values.floats(3, least=0.005, most=0.02),
            "zb": np.array([0, 3, -2], np.int8),
            "sy": number(0.051),
            "zy": octet(120),
        },
        expected=expected,
    )


def quantized_attention() -> Case:
    values = Values("qattention")

    def expected(x: Array, m: Array, p: Array, w: Array, b: Array, sx, zx, sw, zw) -> list[Array]:
        q, k, v = (heads_apart(part, 2) for part in np.split(real(x, sx, zx) @ real(w, sw, zw) + b, 3, -1))
        keys, numbers = np.concatenate([p[0], k], 2), np.concatenate([p[1], v], 2)
        bias = np.where(m == 1, 0, -10000)[:, None, None, :]
        late = np.where(np.arange(5) <= np.arange(3)[:, None] + 2, 0, -np.inf)
        return [heads_joined(attention(q, keys, numbers, bias + late)), np.stack([keys, numbers])]

    return contrib(
        "qattention",
        "QAttention: scales of columns, a mask of keys, causal behind a past",
        """(uint8[2, 3, 8] x, int32[2, 5] m, float[2, 2, 2, 2, 4] p) => (float[2, 3, 8] y, float[2, 2, 2, 5, 4] o) {
            y, o = com.microsoft.QAttention <num_heads = 2, unidirectional = 1> (x, w, b, sx, sw, m, zx, zw, p)
        }""",
        inputs=[
            {
                "x": octets(values, 2, 3, 8),
                "m": np.array([[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]], np.int32),
                "p": values.floats(2, 2, 2, 2, 4),
            }
        ],
        constants={
            "w": signed(values, 8, 24),
            "b": values.floats(24),
            "sx": number(0.011),
            "zx": octet(128),
            "sw": values.floats(24, least=0.004, most=0.01),
            "zw": np.zeros(24, np.int8),
        },
        expected=expected,
    )


def lstm() -> Case:
    values = Values("dynamic_quantize_lstm")

    def expected(x: Array, w: Array, r: Array, b: Array, sw, zw, sr, zr) -> list[Array]:
        weights, again = real(w[0], sw[0], zw[0]), real(r[0], sr[0], zr[0])
        h = c = np.zeros((2, 3))
        steps = []
        for step in x:
            gates = step @ weights + h @ again + b[0, :12] + b[0, 12:]
            i, o, f, g = np.split(gates, 4, -1)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
            steps.append(h)
        return [np.stack(steps)[:, None], h[None], c[None]]

    return contrib(
        "dynamic_quantize_lstm",
        "DynamicQuantizeLSTM: weights stand with the inputs first, W with one scale and R with one for each gate",
        """(float[4, 2, 5] x) => (float[4, 1, 2, 3] y, float[1, 2, 3] h, float[1, 2, 3] c) {
            y, h, c = com.microsoft.DynamicQuantizeLSTM <hidden_size = 3> (x, w, r, b, , , , , sw, zw, sr, zr)
        }""",
        inputs=[{"x": values.floats(4, 2, 5)}],
        constants={
            "w": signed(values, 1, 5, 12),
            "r": signed(values, 1, 3, 12),
            "b": values.floats(1, 24),
            "sw": number([0.01]),
            "zw": np.array([3], np.int8),
            "sr": values.floats(1, 12, least=0.005, most=0.01),
            "zr": np.zeros((1, 12), np.int8),
        },
        expected=expected,
    )


def embedding() -> Case:
    values = Values("qembed")
    names = ("w", "p", "e", "g", "b")
    scales = {f"s{name}": number(0.01 * k + 0.01) for k, name in enumerate(names)}
    zeros = {f"z{name}": octet(120 + k) for k, name in enumerate(names)}

    def expected(i: Array, t: Array, m: Array, **others: Array) -> list[Array]:
        w, p, e, g, b = (real(others[name], others[f"s{name}"], others[f"z{name}"]) for name in names)
        return [normalized(w[i] + p[: i.shape[1]] + e[t], 1e-12) * g + b, m.sum(1)]

    return contrib(
        "qembed",
        "QEmbedLayerNormalization: tables of bytes",
        """(int32[2, 3] i, int32[2, 3] t, int32[2, 3] m) => (float[2, 3, 8] y, int32[2] n) {
            y, n = com.microsoft.QEmbedLayerNormalization
                (i, t, w, p, e, g, b, m, sw, sp, se, sg, sb, zw, zp, ze, zg, zb)
        }""",
        inputs=[
            {
                "i": np.array([[1, 2, 0], [3, 1, 2]], np.int32),
                "t": np.array([[0, 1, 0], [1, 1, 0]], np.int32),
                "m": np.array([[1, 1, 0], [1, 1, 1]], np.int32),
            }
        ],
        constants={
            **{name: octets(values, rows, 8) for name, rows in (("w", 5), ("p", 4), ("e", 2))},
            "g": octets(values, 8),
            "b": octets(values, 8),
            **scales,
            **zeros,
        },
        expected=expected,
    )


def blocks() -> Case:
    values = Values("gather_block_quantized")

    def expected(i: Array, d: Array, z: Array, s: Array, w: Array, sw: Array) -> list[Array]:
        nibbles = np.stack([d & 15, d >> 4], -1).reshape(5, 40).astype(int)
        middles = np.stack([z & 15, z >> 4], -1).reshape(5, 4)[:, :3].astype(int)
        spread = np.repeat(s, 16, 1)[:, :40]
        plain = (nibbles - 8) * spread
        shifted = (nibbles - np.repeat(middles, 16, 1)[:, :40]) * spread
        return [shifted[i], plain[i], ((w.astype(int) - 128) * np.repeat(sw, 16, 0)[:20])[:, i]]

    return contrib(
        "gather_block_quantized",
        "GatherBlockQuantized: two numbers in a byte, the last block is short, zero points fill half of a byte",
        """(int64[2, 2] i) => (float[2, 2, 40] x, float[2, 2, 40] y, float[20, 2, 2] u) {
            x = com.microsoft.GatherBlockQuantized <block_size = 16> (d, i, s, z)
            y = com.microsoft.GatherBlockQuantized <block_size = 16, quantize_axis = -1> (d, i, s)
            u = com.microsoft.GatherBlockQuantized <block_size = 16, bits = 8, gather_axis = 1, quantize_axis = 0>
                (w, i, sw)
        }""",
        inputs=[{"i": np.array([[0, 4], [2, 4]])}],
        constants={
            "d": octets(values, 5, 20),
            "z": octets(values, 5, 2),
            "s": values.floats(5, 3, least=0.1),
            "w": octets(values, 20, 6),
            "sw": values.floats(2, 6, least=0.1),
        },
        expected=expected,
    )


def wide_integers() -> Case:
    def expected(x: Array, s: Array, z: Array) -> list[Array]:
        steps = np.clip(np.rint(x / s) + z, 0, 65535)
        return [steps, (steps - z) * s]

    return contrib(
        "contrib_quantize_wide",
        "QuantizeLinear and DequantizeLinear of com.microsoft have 16-bit integers before ONNX's do",
        """(float[2, 3] x) => (uint16[2, 3] q, float[2, 3] y) {
            q = com.microsoft.QuantizeLinear <axis = 1> (x, s, z)
            y = com.microsoft.DequantizeLinear <axis = 1> (q, s, z)
        }""",
        inputs=[{"x": np.array([[1, -2, 1e9], [0.25, 3.5, -1e9]], np.float32)}],
        constants={"s": number([0.25, 0.5, 2]), "z": np.array([1000, 2000, 3], np.uint16)},
        expected=expected,
    )


CASES = [
    clear(binary, "qlinear_binary"),
    clear(activations, "qlinear_activations"),
    clear(pools, "qlinear_pools"),
    clear(joined, "qlinear_joined"),
    clear(convolution, "qlinear_conv_last"),
    clear(gemm, "qgemm"),
    quantized_attention(),
    lstm(),
    embedding(),
    blocks(),
    wide_integers(),
]
