"""What some operators compute, in NumPy and PyTorch: where ONNX's reference evaluator has no answer, a wrong one, or
one with constants of float32.

Each is written from ONNX's text.
"""

from __future__ import annotations

from formulas import (  # noqa: F401  they fill the table
    elementwise,
    movement,
    normalization,
    quantization,
    recurrence,
    resizing,
    sequences,
    texts,
    windows,
)
from formulas.sequences import Some
from formulas.table import FORMULAS

__all__ = ["FORMULAS", "Some"]
