"""What moves, picks or counts elements, or makes them of sizes alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulas.table import formula


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


@formula("OneHot")
def one_hot(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    picked, depth, values = inputs
    count = int(np.asarray(depth).reshape(-1)[0])
    picked = picked.astype(np.int64)
    picked = np.where(picked < 0, picked + count, picked)
    hot = picked[..., None] == np.arange(count)
    return [np.moveaxis(np.where(hot, values[1], values[0]), -1, attributes.get("axis", -1))]


@formula("Unsqueeze")
def unsqueeze(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    axes = attributes["axes"] if opset < 13 else inputs[1].tolist()
    return [np.expand_dims(inputs[0], tuple(axes))]
