"""Differences that are meant, each explained under its title in docs/deviations.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx

from case import Case
from expected import run
from trial import Finding


@dataclass(frozen=True)
class Known:
    title: str  # the heading in docs/deviations.md
    fits: Callable[[Case, Finding], bool]


def is_resize_to_one(case: Case, finding: Finding) -> bool:
    """Of the output of the node itself: what reads it may be wrong for another reason."""
    node = next((node for node in case.nodes if finding.output in node.output), None)
    if finding.kind != "differs" or node is None or node.op_type != "Resize":
        return False
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if values.get("coordinate_transformation_mode") != b"pytorch_half_pixel":
        return False
    made = run(case, None)
    sizes = zip(made[node.input[0]].shape, made[node.output[0]].shape)
    return any(before != 1 and after == 1 for before, after in sizes)


KNOWN = (Known("Resize: pytorch_half_pixel and one element", is_resize_to_one),)


def explanation(case: Case, finding: Finding) -> str:
    """The title of what explains a finding; "" where nothing does."""
    return next((known.title for known in KNOWN if known.fits(case, finding)), "")
