"""The element types that docs/operators.md says an operator has; it is refused with others that ONNX allows."""

from __future__ import annotations

import functools
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"

ONNX_NAMES = {  # by NumPy's and ml_dtypes' names, where they differ
    "float32": "float",
    "float64": "double",
    "float8_e4m3fn": "float8e4m3fn",
    "float8_e4m3fnuz": "float8e4m3fnuz",
    "float8_e5m2": "float8e5m2",
    "float8_e5m2fnuz": "float8e5m2fnuz",
    "float8_e8m0fnu": "float8e8m0",
    "float4_e2m1fn": "float4e2m1",
}
FLOATS = {"float", "double", "float16", "bfloat16"}
INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOAT8 = {"float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0"}
NUMBERS = FLOATS | INTEGERS
ANY = NUMBERS | {"bool"}
STORED = ANY | FLOAT8 | {"float4e2m1", "int4", "uint4", "int2", "uint2"}
GROUPS = {"floats": FLOATS, "integers": INTEGERS, "numbers": NUMBERS, "any": ANY, "float8": FLOAT8, "stored": STORED}


@functools.cache
def rows() -> dict[str, set[str]]:
    """The types of each operator that has kernels, as ONNX names them."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 8 or "reference" not in cells[4]:
            continue
        types: set[str] = set()
        for word in cells[3].split(", "):
            types |= GROUPS.get(word, {ONNX_NAMES.get(word, word)})
        found[cells[1]] = types
    return found


def documented_types(operator: str) -> set[str]:
    """All for an operator that runs through its definition."""
    return rows().get(operator, STORED)
