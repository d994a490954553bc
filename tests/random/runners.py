"""Runs a case on Linnet in one of several ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import linnet
from case import Case, Writing, to_model


class Refused(Exception):
    """Linnet does not load or run the case; the text is why."""


class WrongType(Exception):
    """A declared output is not what came out; the text is how."""


@dataclass(frozen=True)
class Way:
    """How a case is written and run."""

    writing: Writing
    backend: str = "auto"
    passes: bool = True
    threads: int = 1

    def __str__(self) -> str:
        passes = "" if self.passes else ", passes off"
        return f"{self.backend}{passes}, constants {self.writing.constants}, sizes {self.writing.sizes}"


WAYS = (
    Way(Writing("none", "static")),
    Way(Writing("none", "open")),
    Way(Writing("rest", "static")),
    Way(Writing("rest", "open"), threads=2),
    Way(Writing("all", "static")),
    Way(Writing("none", "static"), backend="reference"),
    Way(Writing("rest", "open"), backend="reference", passes=False),
    Way(Writing("rest", "static"), backend="onednn"),
)


def run_linnet(case: Case, way: Way) -> dict[str, Any]:
    """The outputs by name. Errors: Refused, WrongType."""
    try:
        model = linnet.load(
            to_model(case, way.writing),
            backend=way.backend,
            threads=way.threads,
            disabled_passes=[] if way.passes else ["all"],
        )
        outputs = model.run({info.name: case.arrays[info.name] for info in model.inputs})
    except Exception as error:  # linnet's own, and whatever else must not come out
        raise Refused(f"{type(error).__name__}: {error}") from None
    for info in model.outputs:
        problem = contradiction(info, outputs[info.name])
        if problem:
            raise WrongType(f"{info.name}: {problem}")
    return outputs


def contradiction(info: linnet.TensorInfo, value: Any) -> str:
    """How an output differs from what the model said of it before it ran."""
    if info.kind != "tensor" or info.shape is None or not isinstance(value, np.ndarray):
        return ""
    if len(info.shape) != value.ndim:
        return f"declared of rank {len(info.shape)}, came out as {list(value.shape)}"
    for declared, size in zip(info.shape, value.shape):
        if isinstance(declared, int) and declared >= 0 and declared != size:
            return f"declared {list(info.shape)}, came out as {list(value.shape)}"
    return ""
