"""Whether an output is what the samples allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tolerance import SPREADS, is_plain_float, norm_error, ulp, ulps


LOOSE = 5e-6  # of oneDNN's functions of float32, relative and absolute


def difference(
    samples: Sequence[Any], actual: Any, operator: str, loose: bool = False, alone: bool = False
) -> str:
    """What is wrong with an output, in words; "" where nothing is.

    `operator` is what made it, `alone` in the graph or not; `loose` where oneDNN may have computed it. Where the samples
    themselves differ by more than rounding (other shapes, other integers, NaN in some), rounding decides, and anything
    of the right type goes."""
    expected = samples[0]
    if isinstance(expected, (list, tuple)):
        return list_difference(samples, actual, operator)
    if any(np.shape(sample) != np.shape(expected) for sample in samples):
        return type_difference(expected, actual)
    text = form_difference(expected, actual)
    if text or expected is None:
        return text
    wrong = wrong_elements(samples, actual, ulps(operator, expected.dtype, alone), operator, loose)
    if not wrong.any():
        return ""
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    shown = f"at {list(place)} {actual[place]!s}, expected {expected[place]!s}"
    return f"{int(wrong.sum())} of {expected.size} elements; {shown}"


def form_difference(expected: Any, actual: Any) -> str:
    """Of type and shape."""
    if expected is None or actual is None:
        return "" if expected is None and actual is None else f"{actual} instead of {expected}"
    text = type_difference(expected, actual)
    if text:
        return text
    if expected.shape != actual.shape:
        return f"shape {list(actual.shape)}, expected {list(expected.shape)}"
    return ""


def type_difference(expected: np.ndarray, actual: Any) -> str:
    if not hasattr(actual, "dtype"):
        return f"{type(actual).__name__}, expected type {expected.dtype}"
    return "" if actual.dtype == expected.dtype else f"type {actual.dtype}, expected {expected.dtype}"


def list_difference(samples: Sequence[Any], actual: Any, operator: str) -> str:
    if any(len(sample) != len(samples[0]) for sample in samples):
        return ""
    if not isinstance(actual, (list, tuple)) or len(actual) != len(samples[0]):
        return f"{type(actual).__name__} of {np.size(actual)}, expected a list of {len(samples[0])}"
    for index, item in enumerate(actual):
        text = difference([sample[index] for sample in samples], item, operator)
        if text:
            return f"item {index}: {text}"
    return ""


def wrong_elements(
    samples: Sequence[np.ndarray], actual: np.ndarray, count: float, operator: str, loose: bool
) -> np.ndarray:
    expected = samples[0]
    if not is_plain_float(expected.dtype):
        same = equal(expected, actual)
        undecided = np.zeros(expected.shape, bool)
        for sample in samples[1:]:
            undecided |= ~equal(expected, sample)
        return ~same & ~undecided
    wide, other = expected.astype(np.float64), actual.astype(np.float64)
    spread = np.zeros(expected.shape)
    undecided = np.zeros(expected.shape, bool)
    for sample in samples[1:]:
        moved = sample.astype(np.float64)
        undecided |= np.isfinite(moved) != np.isfinite(wide)
        with np.errstate(invalid="ignore"):
            spread = np.fmax(spread, np.abs(moved - wide))
    allowed = count * ulp(expected, expected.dtype) + SPREADS * spread
    allowed = allowed + norm_error(operator, expected)
    if loose:
        allowed = allowed + LOOSE + LOOSE * np.where(np.isfinite(wide), np.abs(wide), 0.0)
    with np.errstate(invalid="ignore"):
        near = np.isfinite(wide) & np.isfinite(other) & (np.abs(other - wide) <= allowed)
    near |= overflows(wide, other, allowed, expected.dtype)
    return ~(near | equal(expected, actual) | undecided)


def overflows(wide: np.ndarray, other: np.ndarray, allowed: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """One of the two is infinite, and the other so near the end of the type that it might be."""
    most = float(np.finfo(dtype).max) if dtype.kind == "f" else 3.3895313892515355e38
    with np.errstate(invalid="ignore", over="ignore"):
        first = np.isinf(other) & np.isfinite(wide) & (wide * np.sign(other) + allowed >= most) & (allowed > 0)
        second = np.isinf(wide) & np.isfinite(other) & (other * np.sign(wide) * (1 + 2.0**-6) >= most)
    return first | second


def equal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same, NaN being the same as NaN."""
    same = np.asarray(a == b)
    if a.dtype.kind in "fV":
        try:
            same = same | (np.isnan(a) & np.isnan(b))
        except TypeError:  # a type without NaN
            pass
    return same.astype(bool)
