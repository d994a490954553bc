"""One case, run in every way and compared with what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from case import Case, checked
from comparison import difference, form_difference
from expected import NoAnswer, samples
from runners import WAYS, Refused, Way, WrongType, run_linnet

SAMPLES = 3
CONFIRMING_SAMPLES = 24  # before a difference is believed
# No two runtimes make the same random numbers: types and shapes are all that can be compared.
RANDOM = frozenset("Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike".split())


class Invalid(Exception):
    """ONNX's own checker does not take the model."""


@dataclass(frozen=True)
class Finding:
    """The first difference of a case."""

    kind: str  # "refused", "type" or "differs"
    operator: str  # that makes the output, or all of the case where it was refused
    way: Way
    text: str
    output: str = ""  # that differs

    def __str__(self) -> str:
        return f"{self.kind} ({self.operator}; {self.way}): {self.text}"


def examine(case: Case, ways: Sequence[Way] = WAYS) -> Finding | None:
    """The first finding. Errors: Invalid, NoAnswer."""
    try:
        checked(case)
    except Exception as error:
        raise Invalid(str(error)) from None
    finding = compare(case, ways, samples(case, SAMPLES, len(case.arrays)))
    if finding is not None and finding.kind == "differs":
        finding = compare(case, ways, samples(case, CONFIRMING_SAMPLES, len(case.arrays)))
    return finding


def compare(case: Case, ways: Sequence[Way], found: list[dict[str, Any]]) -> Finding | None:
    """The first finding beside these samples."""
    makers = {name: node.op_type for node in case.nodes for name in node.output}
    by_chance = bool(RANDOM & set(case.operators()))
    for way in ways:
        if way.backend == "onednn" and not suits_onednn(case):
            continue
        try:
            outputs = run_linnet(case, way)
        except Refused as error:
            return Finding("refused", "+".join(case.operators()), way, str(error))
        except WrongType as error:
            return Finding("type", "+".join(case.operators()), way, str(error))
        for name in case.outputs:
            expected = [sample[name] for sample in found]
            if by_chance:
                text = form_difference(expected[0], outputs[name])
            else:
                loose, alone = way.backend == "onednn", len(case.nodes) == 1
                text = difference(expected, outputs[name], makers[name], loose, alone)
            if text:
                return Finding("differs", makers[name], way, f"{name}: {text}", name)
    return None


def suits_onednn(case: Case) -> bool:
    """One node, of finite numbers: its functions are loose, and its Exp of NaN is infinite."""
    floats = [array for array in case.arrays.values() if array.dtype.kind == "f"]
    return len(case.nodes) == 1 and all(np.isfinite(array).all() for array in floats)


__all__ = ["Finding", "Invalid", "NoAnswer", "examine"]
