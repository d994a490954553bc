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


def is_resize_of_one(case: Case, finding: Finding) -> bool:
    if finding.kind != "differs":
        return False
    for node in case.nodes:
        values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        mode = values.get("coordinate_transformation_mode")
        if node.op_type == "Resize" and mode == b"pytorch_half_pixel" and values.get("antialias"):
            if 1 in run(case, None)[node.output[0]].shape:
                return True
    return False


KNOWN = (Known("Resize: antialias and one element", is_resize_of_one),)


def explanation(case: Case, finding: Finding) -> str:
    """The title of what explains a finding; "" where nothing does."""
    return next((known.title for known in KNOWN if known.fits(case, finding)), "")
