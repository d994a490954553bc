"""Pooling and transposed convolution."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from formulas.table import Array, formula


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
