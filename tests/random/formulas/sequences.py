"""Sequences and optional values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from formulas.table import formula


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
