"""Conv and ConvTranspose: pads that differ, automatic pads, output_padding, groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .case import Array, Case, Values


def conv(x: Array, w: Array, b: Array | None, strides, dilations, pads: Sequence[int], group: int) -> Array:
    """PyTorch's convolution of an input that is padded before; `pads` as ONNX has them, begins and then ends."""
    rank = x.ndim - 2
    around = [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:])]
    function = (torch.nn.functional.conv1d, torch.nn.functional.conv2d)[rank - 1]
    bias = None if b is None else torch.tensor(b)
    padded = torch.tensor(np.pad(x, around))
    return function(padded, torch.tensor(w), bias, tuple(strides), 0, tuple(dilations), group).numpy()


def conv_transpose(x: Array, w: Array, b: Array | None, strides, dilations, pads, group: int, padding) -> Array:
    """By ONNX's formula: every input adds its multiple of the kernel; `pads` are cut off, `padding` is added behind."""
    rank = x.ndim - 2
    kernel = w.shape[2:]
    inputs, outputs = w.shape[0] // group, w.shape[1]
    reach = [stride * (size - 1) + (k - 1) * dilation + 1 + more
             for size, k, stride, dilation, more in zip(x.shape[2:], kernel, strides, dilations, padding)]
    full = np.zeros((x.shape[0], outputs * group, *reach))
    for position in np.ndindex(*x.shape[2:]):
        for tap in np.ndindex(*kernel):
            at = tuple(p * stride + t * dilation for p, t, stride, dilation in zip(position, tap, strides, dilations))
            for g in range(group):
                part = x[(slice(None), slice(g * inputs, (g + 1) * inputs), *position)]
                weights = w[(slice(g * inputs, (g + 1) * inputs), slice(None), *tap)]
                full[(slice(None), slice(g * outputs, (g + 1) * outputs), *at)] += part @ weights
    inside = tuple(slice(begin, size - end) for begin, end, size in zip(pads[:rank], pads[rank:], reach))
    cut = full[(slice(None), slice(None), *inside)]
    return cut if b is None else cut + b.reshape(-1, *[1] * rank)


def halves(total: Sequence[int], upper: bool) -> list[int]:
    """Pads that add up to `total` per axis; the odd one at the end where `upper`, else at the beginning."""
    less = [max(size, 0) // 2 for size in total]
    more = [max(size, 0) - half for size, half in zip(total, less)]
    return [*less, *more] if upper else [*more, *less]


def conv_1d_asymmetric_pads() -> Case:
    values = Values("conv_1d_asymmetric_pads")
    return Case(
        name="conv_1d_asymmetric_pads",
        what="pads differ at begin and end, with stride, dilation and groups, in one dimension",
        opset=17,
        graph="""(float[n, 4, l] x) => (float[n, 6, m] y) {
            y = Conv <dilations = [2], group = 2, pads = [3, 0], strides = [2]> (x, w, b)
        }""",
        inputs=[{"x": values.floats(2, 4, 11)}, {"x": values.floats(1, 4, 6)}],
        constants={"w": values.floats(6, 2, 3), "b": values.floats(6)},
        expected=lambda x, w, b: [conv(x, w, b, [2], [2], [3, 0], 2)],
    )


def conv_same(where: str) -> Case:
    values = Values("conv_same_" + where)

    def expected(x: Array, w: Array) -> list[Array]:
        strides, dilations = [2, 2], [2, 1]
        total = [(-(-size // stride) - 1) * stride + (k - 1) * dilation + 1 - size
                 for size, k, stride, dilation in zip(x.shape[2:], w.shape[2:], strides, dilations)]
        return [conv(x, w, None, strides, dilations, halves(total, where == "upper"), 1)]

    return Case(
        name=f"conv_same_{where}_strided",
        what="the side of an odd automatic pad, with stride and dilation",
        opset=17,
        graph=f"""(float[n, 2, h, w_] x) => (float[n, 3, i, j] y) {{
            y = Conv <auto_pad = "SAME_{where.upper()}", dilations = [2, 1], kernel_shape = [3, 2], strides = [2, 2]>
                (x, w)
        }}""",
        inputs=[{"x": values.floats(1, 2, 8, 7)}, {"x": values.floats(2, 2, 5, 6)}],
        constants={"w": values.floats(3, 2, 3, 2)},
        expected=expected,
    )


def conv_grouped_add_constant() -> Case:
    values = Values("conv_grouped_add_constant")
    return Case(
        name="conv_grouped_add_constant",
        what="a grouped 1x1 Conv and the Add of a constant as large as its result become one",
        opset=17,
        graph="""(float[1, 6, 4, 5] x) => (float[1, 6, 4, 5] y) {
            t = Conv <group = 2> (x, w, b)
            y = Add (t, c)
        }""",
        inputs=[{"x": values.floats(1, 6, 4, 5)}],
        constants={"w": values.floats(6, 3, 1, 1), "b": values.floats(6), "c": values.floats(1, 6, 4, 5, most=4)},
        expected=lambda x, w, b, c: [conv(x, w, b, [1, 1], [1, 1], [0, 0, 0, 0], 2) + c],
    )


def deconv_same(where: str, padding: list[int], suffix: str) -> Case:
    name = f"deconv_same_{where}_{suffix}"
    values = Values(name)

    def expected(x: Array, w: Array) -> list[Array]:
        """The output is the input's size times the stride: of the kernel's reach, kernel + padding - stride goes."""
        total = [k + more - 2 for k, more in zip(w.shape[2:], padding)]
        return [conv_transpose(x, w, None, [2, 2], [1, 1], halves(total, where == "upper"), 1, padding)]

    return Case(
        name=name,
        what="automatic pads of a transposed convolution count output_padding",
        opset=17,
        graph=f"""(float[n, 2, h, w_] x) => (float[n, 2, i, j] y) {{
            y = ConvTranspose <auto_pad = "SAME_{where.upper()}", output_padding = {padding}, strides = [2, 2]> (x, w)
        }}""",
        inputs=[{"x": values.floats(1, 2, 4, 3)}],
        constants={"w": values.floats(2, 2, 3, 3)},
        expected=expected,
    )


def deconv_1d_grouped_dilated() -> Case:
    values = Values("deconv_1d_grouped_dilated")
    return Case(
        name="deconv_1d_grouped_dilated",
        what="stride and dilation both above 1, with groups: the output's size and what overlaps",
        opset=17,
        graph="""(float[n, 4, l] x) => (float[n, 6, m] y) {
            y = ConvTranspose <dilations = [2], group = 2, output_padding = [1], pads = [2, 2], strides = [3]> (x, w, b)
        }""",
        inputs=[{"x": values.floats(1, 4, 6)}, {"x": values.floats(3, 4, 1)}],
        constants={"w": values.floats(4, 3, 4), "b": values.floats(6)},
        expected=lambda x, w, b: [conv_transpose(x, w, b, [3], [2], [2, 2], 2, [1])],
    )


def deconv_output_padding_one_axis() -> Case:
    values = Values("deconv_output_padding_one_axis")
    return Case(
        name="deconv_output_padding_one_axis",
        what="output_padding on one axis only, pads that differ per side",
        opset=17,
        graph="""(float[1, 2, 3, 4] x) => (float[1, 2, 5, 8] y) {
            y = ConvTranspose <output_padding = [0, 1], pads = [1, 0, 1, 2], strides = [2, 2]> (x, w)
        }""",
        inputs=[{"x": values.floats(1, 2, 3, 4)}],
        constants={"w": values.floats(2, 2, 3, 3)},
        expected=lambda x, w: [conv_transpose(x, w, None, [2, 2], [1, 1], [1, 0, 1, 2], 1, [0, 1])],
    )


CASES = [
    conv_1d_asymmetric_pads(),
    conv_same("upper"),
    conv_same("lower"),
    conv_grouped_add_constant(),
    deconv_same("upper", [1, 1], "output_padding"),
    deconv_same("upper", [0, 1], "odd"),
    deconv_same("lower", [0, 1], "odd"),
    deconv_1d_grouped_dilated(),
    deconv_output_padding_one_axis(),
]
