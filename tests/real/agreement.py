"""How far an output is from the expected one."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def difference(expected: Array, actual: Array) -> float:
    """The largest difference of two elements, as a share of the range of the expected numbers, zero included.

    0 for the same; infinity where type, shape, or the place of a NaN or an infinity differs. Integers, truth values and
    strings are the same or infinitely far: they decide something."""
    if expected.dtype != actual.dtype or expected.shape != actual.shape:
        return math.inf
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(expected, actual) else math.inf
    wide, other = expected.astype(np.float64), actual.astype(np.float64)
    finite = np.isfinite(wide)
    if not np.array_equal(wide[~finite], other[~finite], equal_nan=True) or not np.isfinite(other[finite]).all():
        return math.inf
    if not finite.any():
        return 0.0
    largest = float(np.abs(wide[finite] - other[finite]).max())
    span = float(max(wide[finite].max(), 0.0) - min(wide[finite].min(), 0.0))
    if largest == 0:
        return 0.0
    return largest / span if span > 0 else math.inf


def describe(expected: Array, actual: Array) -> str:
    """What is different, in words."""
    if expected.dtype != actual.dtype:
        return f"type {actual.dtype}, expected {expected.dtype}"
    if expected.shape != actual.shape:
        return f"shape {list(actual.shape)}, expected {list(expected.shape)}"
    share = difference(expected, actual)
    if math.isfinite(share):
        return f"{share:.1e} of the range"
    same = (expected == actual) | ((expected != expected) & (actual != actual))
    place = tuple(int(i) for i in np.argwhere(~same)[0])
    count = f"{int((~same).sum())} of {expected.size} elements"
    return f"{count}; at {list(place)} {actual[place]}, expected {expected[place]}"
