"""Functions of one element, and the mean of several tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from formulas.table import FORMULAS, Array, Formula, by_torch, formula


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


@formula("Mean")
def mean(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    made = inputs[0]
    for other in inputs[1:]:
        made = made + other
    return [np.asarray(made / len(inputs))]
