"""Tensors of texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulas.table import formula


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
