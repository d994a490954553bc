"""The table of formulas, which the other files of this folder fill.

Inputs come as float64 (floats) or as they are; an input that is not there is None.
"""

from __future__ import annotations

from collections.abc import Callable
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
