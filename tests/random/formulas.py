"""What some operators compute, in NumPy and PyTorch: where ONNX's reference evaluator has no answer, a wrong one, or
one with constants of float32.

Each is written from ONNX's text. Inputs come as float64 (floats) or as they are; an input that is not there is None.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Array = np.ndarray
Formula = Callable[[dict[str, Any], list[Any], int], list[Any]]
FORMULAS: dict[str, Formula] = {}


def single(number: float) -> float:
    """As an attribute of float32 holds it."""
    return float(np.float32(number))


def formula(*operators: str) -> Callable[[Formula], Formula]:
    def add(function: Formula) -> Formula:
        FORMULAS.update(dict.fromkeys(operators, function))
        return function

    return add


def by_torch(function: Callable[..., torch.Tensor], *arrays: Array, **options: Any) -> Array:
    return function(*(torch.from_numpy(np.array(array, order="C")) for array in arrays), **options).numpy()


def one_element(function: Callable[[Array, dict[str, Any]], Array]) -> Formula:
    return lambda attributes, inputs, opset: [function(inputs[0], attributes)]


functional = torch.nn.functional
FORMULAS["Mish"] = one_element(lambda x, a: by_torch(functional.mish, x))
FORMULAS["Softplus"] = one_element(lambda x, a: np.logaddexp(x, 0.0))
FORMULAS["Swish"] = one_element(lambda x, a: x * by_torch(torch.sigmoid, a.get("alpha", 1.0) * x))
FORMULAS["HardSwish"] = one_element(lambda x, a: x * np.clip(x / 6 + 0.5, 0, 1))
FORMULAS["Softsign"] = one_element(lambda x, a: x / (1 + np.abs(x)))
FORMULAS["ThresholdedRelu"] = one_element(lambda x, a: np.where(x > a.get("alpha", 1.0), x, 0.0))
FORMULAS["Erf"] = one_element(lambda x, a: by_torch(torch.erf, x))
FORMULAS["Sigmoid"] = one_element(lambda x, a: by_torch(torch.sigmoid, x))


@formula("Gelu")
def gelu(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """By erfc, as 1 + erf has no digits left where x is far below 0."""
    x = inputs[0]
    if attributes.get("approximate", b"none") == b"tanh":
        return [x * by_torch(torch.sigmoid, 2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))]
    return [0.5 * x * by_torch(torch.special.erfc, -x / np.sqrt(2))]


@formula("Celu")
def celu(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    alpha = attributes.get("alpha", 1.0)
    return [np.maximum(inputs[0], 0) + np.minimum(0, alpha * np.expm1(inputs[0] / alpha))]


@formula("Elu")
def elu(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    return [np.where(inputs[0] < 0, attributes.get("alpha", 1.0) * np.expm1(inputs[0]), inputs[0])]


@formula("Softmax", "LogSoftmax", "Hardmax")
def softmax(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Before opset 13 over all axes from `axis` on together."""
    return [over_axis(attributes, inputs[0], opset, FORMS[attributes["operator"]])]


def over_axis(attributes: dict[str, Any], x: Array, opset: int, form: Callable[[Array], Array]) -> Array:
    axis = attributes.get("axis", -1 if opset >= 13 else 1)
    if opset >= 13:
        return np.moveaxis(form(np.moveaxis(x, axis, -1)), -1, axis)
    axis = axis % x.ndim if axis < 0 else axis
    return form(x.reshape(int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:])))).reshape(x.shape)


def hardmax(rows: Array) -> Array:
    made = np.zeros_like(rows)
    if rows.size:
        np.put_along_axis(made, np.argmax(rows, -1)[..., None], 1.0, -1)
    return made


def log_softmax(rows: Array) -> Array:
    """By the sum of all but the largest, which may be too small to change 1."""
    if rows.shape[-1] == 0:
        return rows
    shifted = rows - rows.max(-1, keepdims=True)
    others = np.exp(shifted)
    np.put_along_axis(others, np.argmax(rows, -1)[..., None], 0.0, -1)
    made = shifted - np.log1p(others.sum(-1, keepdims=True))
    return np.where(np.isnan(shifted).any(-1, keepdims=True), np.nan, made)


FORMS: dict[str, Callable[[Array], Array]] = {
    "Softmax": lambda rows: by_torch(torch.softmax, rows, dim=-1),
    "LogSoftmax": log_softmax,
    "Hardmax": hardmax,
}


@formula("LpNormalization")
def lp_normalization(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    p, axis = attributes.get("p", 2), attributes.get("axis", -1)
    norm = np.sum(np.abs(inputs[0]) ** p, axis=axis, keepdims=True) ** (1 / p)
    return [np.where(norm == 0, 0.0, inputs[0] / np.where(norm == 0, 1.0, norm))]


@formula("LRN")
def lrn(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, size = inputs[0], attributes["size"]
    alpha, beta, bias = attributes.get("alpha", single(1e-4)), attributes.get("beta", 0.75), attributes.get("bias", 1.0)
    channels = x.shape[1]
    sums = np.stack(
        [
            np.sum(x[:, max(0, c - (size - 1) // 2) : min(channels, c + size // 2 + 1)] ** 2, axis=1)
            for c in range(channels)
        ],
        axis=1,
    )
    return [x / (bias + alpha / size * sums) ** beta]


@formula("BatchNormalization")
def batch_normalization(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, scale, bias, mean, variance = inputs
    along = (-1,) + (1,) * (x.ndim - 2)
    scale, bias, mean, variance = (array.reshape(along) for array in (scale, bias, mean, variance))
    return [(x - mean) / np.sqrt(variance + attributes.get("epsilon", single(1e-5))) * scale + bias]


@formula("GroupNormalization")
def group_normalization(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, scale, bias = inputs
    groups = attributes["num_groups"]
    grouped = x.reshape(x.shape[0], groups, -1)
    centred = grouped - grouped.mean(-1, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + attributes.get("epsilon", single(1e-5)))
    if opset < 21:
        return [(normal * scale[:, None] + bias[:, None]).reshape(x.shape)]
    along = (-1,) + (1,) * (x.ndim - 2)
    return [normal.reshape(x.shape) * scale.reshape(along) + bias.reshape(along)]


@formula("MeanVarianceNormalization")
def mean_variance(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    axes = tuple(attributes.get("axes", [0, 2, 3]))
    centred = inputs[0] - inputs[0].mean(axes, keepdims=True)
    return [centred / (np.sqrt((centred**2).mean(axes, keepdims=True)) + 1e-9)]


@formula("ReduceLogSum", "ReduceLogSumExp")
def reduce_log(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x = inputs[0].astype(np.float64)
    axes = attributes.get("axes", inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else [])
    if len(axes) == 0:
        if attributes.get("noop_with_empty_axes", 0):
            return [np.log(x) if attributes["operator"] == "ReduceLogSum" else x]
        axes = range(x.ndim)
    keep = bool(attributes.get("keepdims", 1))
    along = tuple(axes)
    if attributes["operator"] == "ReduceLogSum":
        return [np.log(np.sum(x, axis=along, keepdims=keep))]
    return [np.logaddexp.reduce(x, axis=along, keepdims=keep) if len(along) == 1 else log_sum_exp(x, along, keep)]


def log_sum_exp(x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if x.size == 0:
        return np.log(np.sum(np.exp(x), axis=axes, keepdims=keep))
    most = np.max(x, axis=axes, keepdims=True)
    shift = np.where(np.isfinite(most), most, 0.0)
    made = np.log(np.sum(np.exp(x - shift), axis=axes, keepdims=True)) + shift
    return made if keep else np.squeeze(made, axes)


@formula("Mean")
def mean(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    made = inputs[0]
    for other in inputs[1:]:
        made = made + other
    return [np.asarray(made / len(inputs))]


@formula("GatherElements")
def gather_elements(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, picked = inputs
    axis = attributes.get("axis", 0) % x.ndim
    places = list(np.indices(picked.shape, sparse=True))
    places[axis] = np.where(picked < 0, picked + x.shape[axis], picked)
    return [x[tuple(places)]]


@formula("Scatter", "ScatterElements")
def scatter_elements(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, picked, updates = inputs
    axis = attributes.get("axis", 0) % x.ndim
    places = [np.broadcast_to(place, picked.shape) for place in np.indices(picked.shape, sparse=True)]
    places[axis] = np.where(picked < 0, picked + x.shape[axis], picked)
    made = x.copy()
    mode = attributes.get("reduction", b"none").decode()
    step = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}.get(mode)
    if step is None:
        made[tuple(places)] = updates
    else:
        step.at(made, tuple(places), updates)
    return [made]


def windows_of(attributes: dict[str, Any], sizes: Sequence[int]) -> list[tuple[list[list[int]], int, int]]:
    """For each spatial axis: the places that each window reads, padding included, and the pads before and behind."""
    rank = len(sizes)
    kernel = attributes["kernel_shape"]
    strides = attributes.get("strides") or [1] * rank
    dilations = attributes.get("dilations") or [1] * rank
    pads = attributes.get("pads") or [0] * (2 * rank)
    auto = attributes.get("auto_pad", b"NOTSET").decode()
    found = []
    for axis, size in enumerate(sizes):
        span = (kernel[axis] - 1) * dilations[axis] + 1
        before, behind, stride = pads[axis], pads[rank + axis], strides[axis]
        if auto.startswith("SAME"):
            count = -(-size // stride)
            total = max(0, (count - 1) * stride + span - size)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            behind = total - before
        elif auto == "VALID":
            before = behind = 0
            count = -(-(size - span + 1) // stride)
        else:
            room = size + before + behind - span
            count = room // stride + 1
            if attributes.get("ceil_mode", 0):
                count = -(-room // stride) + 1
                if (count - 1) * stride >= size + before:  # a window that begins in the padding behind
                    count -= 1
        taps = [[i * stride - before + k * dilations[axis] for k in range(kernel[axis])] for i in range(count)]
        found.append((taps, before, behind))
    return found


def pooled(
    attributes: dict[str, Any], x: Array, of_window: Callable[[Array, int], Any], make: type = np.float64
) -> Array:
    """What `of_window` makes of the elements within the image, and of how many places lie within image and padding."""
    sizes = x.shape[2:]
    axes = windows_of(attributes, sizes)
    made = np.zeros(x.shape[:2] + tuple(len(taps) for taps, _, _ in axes), make)
    for place in itertools.product(*(range(n) for n in made.shape[2:])):
        taps = [axis[0][index] for axis, index in zip(axes, place)]
        inside = [[tap for tap in along if 0 <= tap < size] for along, size in zip(taps, sizes)]
        padded = math.prod(
            sum(-before <= tap < size + behind for tap in along)
            for along, size, (_, before, behind) in zip(taps, sizes, axes)
        )
        for plane in itertools.product(range(x.shape[0]), range(x.shape[1])):
            made[plane + place] = of_window(x[plane][np.ix_(*inside)], padded)
    return made


@formula("AveragePool")
def average_pool(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    count_pads = attributes.get("count_include_pad", 0)

    def average(elements: Array, padded: int) -> float:
        return elements.sum() / max(1, padded if count_pads else elements.size)

    return [pooled(attributes, inputs[0], average)]


@formula("LpPool")
def lp_pool(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    p = attributes.get("p", 2)
    return [pooled(attributes, inputs[0], lambda elements, padded: np.sum(np.abs(elements) ** p) ** (1 / p))]


@formula("MaxPool")
def max_pool(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x = inputs[0]
    made = pooled(attributes, x, lambda elements, padded: elements.max(), x.dtype)
    places = np.arange(math.prod(x.shape[2:])).reshape(x.shape[2:])
    if attributes.get("storage_order", 0):
        places = np.arange(places.size).reshape(x.shape[:1:-1]).T
    axes = windows_of(attributes, x.shape[2:])
    indices = np.zeros(made.shape, np.int64)
    for place in itertools.product(*(range(n) for n in made.shape[2:])):
        inside = [[t for t in axis[0][i] if 0 <= t < n] for axis, i, n in zip(axes, place, x.shape[2:])]
        for plane in itertools.product(range(x.shape[0]), range(x.shape[1])):
            elements = x[plane][np.ix_(*inside)].reshape(-1)
            where = places[np.ix_(*inside)].reshape(-1)
            offset = (plane[0] * x.shape[1] + plane[1]) * places.size
            indices[plane + place] = where[int(np.argmax(elements))] + offset
    return [made, indices]


@formula("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool")
def global_pool(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x = inputs[0]
    axes = tuple(range(2, x.ndim))
    operator = attributes["operator"]
    if operator == "GlobalMaxPool":
        return [x.max(axes, keepdims=True)]
    if operator == "GlobalAveragePool":
        return [x.mean(axes, keepdims=True)]
    p = attributes.get("p", 2)
    return [np.sum(np.abs(x) ** p, axis=axes, keepdims=True) ** (1 / p)]


@formula("ConvTranspose")
def conv_transpose(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Every input element adds its kernel to the output; what lies in the pads is cut off."""
    x, w = inputs[:2]
    rank = x.ndim - 2
    strides = attributes.get("strides") or [1] * rank
    dilations = attributes.get("dilations") or [1] * rank
    more = attributes.get("output_padding") or [0] * rank
    groups = attributes.get("group", 1)
    kernel = w.shape[2:]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    full = [s * (n - 1) + span for s, n, span in zip(strides, x.shape[2:], spans)]
    pads = list(attributes.get("pads") or [0] * (2 * rank))
    auto = attributes.get("auto_pad", b"NOTSET").decode()
    out = [n + o - pads[i] - pads[rank + i] for i, (n, o) in enumerate(zip(full, more))]
    if auto.startswith("SAME"):
        out = [n * s for n, s in zip(x.shape[2:], strides)]
        for i in range(rank):
            total = max(0, full[i] + more[i] - out[i])
            pads[i] = total // 2 if auto == "SAME_UPPER" else total - total // 2
    width = w.shape[1]
    whole = np.zeros((x.shape[0], groups * width, *(n + o + 2 * max(strides) for n, o in zip(full, more))))
    for group in range(groups):
        part = slice(group * x.shape[1] // groups, (group + 1) * x.shape[1] // groups)
        for tap in itertools.product(*(range(k) for k in kernel)):
            sides = zip(tap, dilations, strides, x.shape[2:])
            at = tuple(slice(t * d, t * d + s * (n - 1) + 1, s) for t, d, s, n in sides)
            product = np.einsum("nc...,cm->nm...", x[:, part], w[(part, slice(None)) + tap])
            whole[(slice(None), slice(group * width, (group + 1) * width)) + at] += product
    made = np.zeros((x.shape[0], groups * width, *out))
    before = [max(0, pads[i]) for i in range(rank)]
    shift = [max(0, -pads[i]) for i in range(rank)]
    taken = whole[(slice(None), slice(None)) + tuple(slice(b, b + n - s) for b, n, s in zip(before, out, shift))]
    made[(slice(None), slice(None)) + tuple(slice(s, s + n) for s, n in zip(shift, taken.shape[2:]))] = taken
    if len(inputs) > 2 and inputs[2] is not None:
        made += inputs[2].reshape((-1,) + (1,) * rank)
    return [made]


ACTIVATIONS = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh}


@formula("LSTM", "GRU", "RNN")
def recurrent(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Default activations only. Rows behind the end of their sequence are zeros, states those of its last step."""
    operator = attributes["operator"]
    x, w, r, bias, lengths, h0, c0, p = (list(inputs) + [None] * 8)[:8]
    layout = attributes.get("layout", 0)
    x = x.swapaxes(0, 1) if layout else x
    length, batch, _ = x.shape
    ways, _, hidden = r.shape
    lengths = np.full(batch, length) if lengths is None else lengths
    starts = [None if h is None else (h.swapaxes(0, 1) if layout else h) for h in (h0, c0)]
    y = np.zeros((length, ways, batch, hidden))
    last = [np.zeros((ways, batch, hidden)) for _ in range(2)]
    for way in range(ways):
        backwards = attributes.get("direction", b"forward") == b"reverse" or way == 1
        more = [None if array is None else array[way] for array in (bias, p)]
        cell = Cell(operator, attributes, w[way], r[way], *more)
        for row in range(batch):
            h, c = (np.zeros(hidden) if start is None else start[way, row] for start in starts)
            steps = range(int(lengths[row]))
            for step in reversed(steps) if backwards else steps:
                h, c = cell(x[step, row], h, c)
                y[step, way, row] = h
            last[0][way, row], last[1][way, row] = h, c
    made = [y.transpose(2, 0, 1, 3) if layout else y] + [s.swapaxes(0, 1) if layout else s for s in last]
    return made if operator == "LSTM" else made[:2]


class Cell:
    """One step of a recurrent network, in one direction."""

    def __init__(
        self, operator: str, attributes: dict[str, Any], w: Array, r: Array, bias: Array | None, p: Array | None
    ) -> None:
        self.operator, self.attributes, self.w, self.r = operator, attributes, w, r
        gates = w.shape[0]
        self.wb, self.rb = (np.zeros(gates), np.zeros(gates)) if bias is None else (bias[:gates], bias[gates:])
        self.p = p
        self.most = attributes.get("clip")

    def clipped(self, x: Array) -> Array:
        return x if self.most is None else np.clip(x, -self.most, self.most)

    def __call__(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
        hidden = h.size
        from_x, from_h = self.w @ x + self.wb, self.r @ h + self.rb
        if self.operator == "RNN":
            return tanh(self.clipped(from_x + from_h)), c
        if self.operator == "GRU":
            gates = (slice(0, hidden), slice(hidden, 2 * hidden))
            z, gate = (sigmoid(self.clipped(from_x[part] + from_h[part])) for part in gates)
            last = slice(2 * hidden, None)
            if self.attributes.get("linear_before_reset", 0):
                kept = gate * from_h[last]
            else:
                kept = self.r[last] @ (gate * h) + self.rb[last]
            return (1 - z) * tanh(self.clipped(from_x[last] + kept)) + z * h, c
        i, o, f, new = np.split(from_x + from_h, 4)
        pi, po, pf = np.zeros((3, hidden)) if self.p is None else np.split(self.p, 3)
        i, f = sigmoid(self.clipped(i + pi * c)), sigmoid(self.clipped(f + pf * c))
        cell = f * c + i * tanh(self.clipped(new))
        return sigmoid(self.clipped(o + po * cell)) * tanh(self.clipped(cell)), cell


WINDOWS = {"HannWindow": (0.5, 0.5, 0), "HammingWindow": (25 / 46, 21 / 46, 0), "BlackmanWindow": (0.42, 0.5, 0.08)}


@formula("HannWindow", "HammingWindow", "BlackmanWindow")
def window(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    size = int(inputs[0])
    turn = 2 * np.pi * np.arange(size) / (size if attributes.get("periodic", 1) else max(size - 1, 1))
    a, b, c = WINDOWS[attributes["operator"]]
    return [a - b * np.cos(turn) + c * np.cos(2 * turn)]


@formula("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial")
def random_numbers(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Zeros: of random numbers only the type and the shape are compared."""
    if attributes["operator"] == "Multinomial":
        return [np.zeros((inputs[0].shape[0], attributes.get("sample_size", 1)))]
    return [np.zeros(inputs[0].shape if inputs else attributes["shape"])]


@formula("Shape")
def shape_of(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    rank = np.ndim(inputs[0])
    ends = [attributes.get("start", 0), attributes.get("end", rank)]
    first, last = (min(max(end + rank if end < 0 else end, 0), rank) for end in ends)
    return [np.array(np.shape(inputs[0])[first:last], np.int64)]


@formula("Unique")
def unique(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, axis = inputs[0], attributes.get("axis")
    made, first, back, counts = np.unique(x, True, True, True, axis=axis)
    back = back.reshape(-1)
    if not attributes.get("sorted", 1):
        order = np.argsort(first)
        made = np.take(made, order, axis=0 if axis is None else axis)
        first, counts = first[order], counts[order]
        back = np.argsort(order)[back]
    return [made, first, back, counts]


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


@formula("OneHot")
def one_hot(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    picked, depth, values = inputs
    count = int(np.asarray(depth).reshape(-1)[0])
    picked = picked.astype(np.int64)
    picked = np.where(picked < 0, picked + count, picked)
    hot = picked[..., None] == np.arange(count)
    return [np.moveaxis(np.where(hot, values[1], values[0]), -1, attributes.get("axis", -1))]


@formula("Upsample")
def upsample(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Also Resize of opset 10: output element i is the input's at i / scale."""
    x = inputs[0]
    scales = attributes["scales"] if opset < 9 else inputs[1]
    for axis, scale in enumerate(scales):
        size = x.shape[axis]
        places = np.arange(int(np.floor(size * float(np.float32(scale))))) / float(np.float32(scale))
        low = np.clip(np.floor(places).astype(int), 0, size - 1)
        if attributes.get("mode", b"nearest") == b"nearest":
            # Of Resize where it makes less: not in ONNX's text, but what runtimes agreed on.
            x = np.take(x, np.clip(np.ceil(places).astype(int), 0, size - 1) if scale < 1 else low, axis)
        else:
            high = np.minimum(low + 1, size - 1)
            share = (places - low).reshape((-1,) + (1,) * (x.ndim - axis - 1))
            x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return [x if inputs[0].dtype.kind == "f" else np.round(x)]


@formula("Resize")
def resize(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    if opset >= 11:
        raise NotImplementedError
    return upsample(attributes, inputs, opset)


@formula("SequenceInsert")
def sequence_insert(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    items = list(inputs[0])
    place = int(inputs[2]) if len(inputs) > 2 and inputs[2] is not None else len(items)
    items.insert(place, inputs[1])
    return [items]


@dataclass(frozen=True)
class Some:
    """An optional that holds something."""

    value: Any


@formula("Optional")
def optional(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    return [Some(inputs[0])]


@formula("OptionalGetElement")
def optional_element(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    return [inputs[0].value if isinstance(inputs[0], Some) else inputs[0]]


@formula("OptionalHasElement")
def optional_has(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    return [np.array(True)]


@formula("RoiAlign")
def roi_align(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, rois, batches = inputs
    height, width = attributes.get("output_height", 1), attributes.get("output_width", 1)
    ratio, scale = attributes.get("sampling_ratio", 0), attributes.get("spatial_scale", 1.0)
    half_pixel = opset >= 16 and attributes.get("coordinate_transformation_mode", b"half_pixel") == b"half_pixel"
    largest = attributes.get("mode", b"avg") == b"max"
    made = np.zeros((len(rois), x.shape[1], height, width))
    for index, roi in enumerate(rois):
        left, top, right, bottom = roi * scale - (0.5 if half_pixel else 0.0)
        sizes = [bottom - top, right - left]
        if not half_pixel:
            sizes = [max(size, 1.0) for size in sizes]
        steps = [sizes[0] / height, sizes[1] / width]
        counts = [ratio if ratio > 0 else int(np.ceil(size / n)) for size, n in zip(sizes, (height, width))]
        image = x[int(batches[index])]
        for row, column in itertools.product(range(height), range(width)):
            taps = []
            for i, j in itertools.product(range(counts[0]), range(counts[1])):
                y_at = top + steps[0] * (row + (i + 0.5) / counts[0])
                x_at = left + steps[1] * (column + (j + 0.5) / counts[1])
                taps.append(bilinear_parts(image, y_at, x_at))
            parts = np.array(taps)  # [taps, corners, channels]
            if parts.size:
                made[index, :, row, column] = parts.max((0, 1)) if largest else parts.sum(1).mean(0)
    return [made]


def bilinear_parts(image: Array, y: float, x: float) -> Array:
    """The weighted elements of the four corners around a place, each [channels]; zeros outside the image."""
    height, width = image.shape[1:]
    if y < -1 or y > height or x < -1 or x > width:
        return np.zeros((4, image.shape[0]))
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    ly, lx = y - top, x - left
    return np.stack(
        [
            (1 - ly) * (1 - lx) * image[:, top, left],
            (1 - ly) * lx * image[:, top, right],
            ly * (1 - lx) * image[:, bottom, left],
            ly * lx * image[:, bottom, right],
        ]
    )


@formula("StringNormalizer")
def string_normalizer(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Letters that become several, as a sharp s does, stay as they are."""
    change = {"LOWER": str.lower, "UPPER": str.upper}.get(attributes.get("case_change_action", b"NONE").decode(), str)
    stops = {text.decode() for text in attributes.get("stopwords", [])}
    if not attributes.get("is_case_sensitive", 0):
        stops = {text.lower() for text in stops}
    rows = inputs[0].reshape(-1)
    kept = [text for text in rows if (text if attributes.get("is_case_sensitive", 0) else text.lower()) not in stops]
    made = ["".join(c if len(change(c)) != 1 else change(c) for c in text) for text in kept]
    return [np.array(made or [""], object)]


@formula("StringSplit")
def string_split(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    delimiter = attributes.get("delimiter", b"").decode() or None
    most = attributes.get("maxsplit", -1)
    split = [(text.strip() if delimiter is None else text).split(delimiter, most) for text in inputs[0].reshape(-1)]
    width = max((len(parts) for parts in split), default=0)
    made = np.array([parts + [""] * (width - len(parts)) for parts in split], object)
    return [made.reshape(*inputs[0].shape, width), np.array([len(p) for p in split], np.int64).reshape(inputs[0].shape)]


@formula("GridSample")
def grid_sample(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    modes = {"linear": "bilinear", "cubic": "bicubic"}
    mode = attributes.get("mode", b"bilinear" if opset < 20 else b"linear").decode()
    return [
        by_torch(
            functional.grid_sample,
            inputs[0],
            inputs[1],
            mode=modes.get(mode, mode),
            padding_mode=attributes.get("padding_mode", b"zeros").decode(),
            align_corners=bool(attributes.get("align_corners", 0)),
        )
    ]


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


@formula("Unsqueeze")
def unsqueeze(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    axes = attributes["axes"] if opset < 13 else inputs[1].tolist()
    return [np.expand_dims(inputs[0], tuple(axes))]
