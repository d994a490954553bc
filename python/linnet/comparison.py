"""How far an array is from the one expected, in absolute terms and in ULP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Largest relative and absolute difference that passes where none is given, by dtype: rounding that adds up over the
# layers of a network, not more.
_TOLERANCES = {"float64": (1e-7, 1e-10), "float32": (1e-4, 1e-5), "float16": (1e-2, 1e-3), "bfloat16": (4e-2, 1e-2)}


def default_tolerance(dtype: np.dtype[Any]) -> tuple[float, float]:
    """(rtol, atol); zero for integers and booleans."""
    return _TOLERANCES.get(dtype.name, (0.0, 0.0))


def _ordered_bits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bits of floats as int64 that count the floats of their type from zero: neighbours differ by 1."""
    integers = array.view(f"i{array.dtype.itemsize}").astype(np.int64)
    least = np.int64(-(2 ** (8 * array.dtype.itemsize - 1)))
    return np.where(integers < 0, least - integers, integers)


def ulp_distance(actual: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Steps between neighbouring floats of the dtype, per element, as float64. NaN to NaN is 0, NaN to
    a number infinite. Arrays of other types give 0 where equal, else infinity. Both have the same dtype and shape."""
    if actual.dtype.name not in _TOLERANCES:
        return np.where(actual == expected, 0.0, np.inf)
    actual, expected = np.ascontiguousarray(actual), np.ascontiguousarray(expected)
    a, e = _ordered_bits(actual), _ordered_bits(expected)
    steps = np.maximum(a, e).view(np.uint64) - np.minimum(a, e).view(np.uint64)  # up to 2**64 - 1
    distance = steps.astype(np.float64)
    nan_actual, nan_expected = np.isnan(actual), np.isnan(expected)
    distance = np.where(nan_actual | nan_expected, np.inf, distance)
    return np.where(nan_actual & nan_expected, 0.0, distance)


@dataclass(frozen=True)
class Comparison:
    """One array beside the one expected."""

    passed: bool
    reason: str
    """Why the two cannot be compared (another dtype or shape); "" when they can."""
    max_abs: float = 0.0
    max_ulp: float = 0.0
    outside: int = 0
    """Elements with |actual - expected| > atol + rtol * |expected|."""
    size: int = 0
    worst: tuple[int, ...] = ()
    """Where the largest absolute difference is."""
    actual: float = 0.0
    expected: float = 0.0

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        text = f"max abs {self.max_abs:.3g}, max {self.max_ulp:.0f} ULP"
        if self.outside:
            text += f", {self.outside} of {self.size} outside the tolerance"
            text += f"; worst at {list(self.worst)}: {self.actual:.9g}, expected {self.expected:.9g}"
        return text


def compare(
    actual: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    rtol: float | None = None,
    atol: float | None = None,
) -> Comparison:
    """NaN equals NaN, an infinity only itself. Tolerances that are None depend on the dtype."""
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        reason = f"is {actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
        return Comparison(False, reason)
    if actual.size == 0:
        return Comparison(True, "")
    if actual.dtype.kind in "OU":  # strings
        outside = int(np.count_nonzero(actual != expected))
        return Comparison(outside == 0, f"{outside} of {actual.size} strings differ" if outside else "")
    default_rtol, default_atol = default_tolerance(expected.dtype)
    rtol = default_rtol if rtol is None else rtol
    atol = default_atol if atol is None else atol
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    a, e = actual.astype(wide), expected.astype(wide)
    with np.errstate(invalid="ignore", over="ignore"):
        same = (a == e) | (np.isnan(a) & np.isnan(e))
        difference = np.where(same, 0.0, np.abs(a - e))
        difference = np.where(np.isnan(difference), np.inf, difference)
        limit = np.where(np.isfinite(e), atol + rtol * np.abs(e), 0.0)
    outside = int(np.count_nonzero(difference > limit))
    worst = np.unravel_index(int(np.argmax(difference)), difference.shape)
    return Comparison(
        passed=outside == 0,
        reason="",
        max_abs=float(difference.max()),
        max_ulp=float(ulp_distance(actual, expected).max()),
        outside=outside,
        size=int(actual.size),
        worst=tuple(int(i) for i in worst),
        actual=actual[worst].item() if actual.dtype.name != "bfloat16" else float(actual[worst]),
        expected=expected[worst].item() if expected.dtype.name != "bfloat16" else float(expected[worst]),
    )
