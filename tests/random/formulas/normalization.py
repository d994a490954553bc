"""Softmax and its like, normalizations, and reductions by logarithms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from formulas.table import Array, by_torch, formula, single


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
