#!/usr/bin/env python3
"""Writes small models that runtimes easily get wrong, with their right values, in ONNX's test layout.

  python tests/conformance/write_cases.py DIR

DIR/<case>/model.onnx, DIR/<case>/test_data_set_<n>/input_<k>.pb and output_<k>.pb. DIR/index.tsv is written last: a
line per case with its name, relative and absolute tolerance, "function" or nothing, and what goes wrong easily.

The cases are in cases/: one file per kind of operator, each with a list CASES.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper

    from cases.case import Array, Case

    FOLDER = Path(__file__).parent / "cases"
    FAMILIES = [
        importlib.import_module(f"cases.{file.stem}") for file in sorted(FOLDER.glob("*.py")) if file.stem != "case"
    ]
except ImportError as error:
    sys.exit(f"{Path(__file__).name} needs what tools/setup.sh installs ({error})")


def write_side(folder: Path, side: str, values: Sequence[Array], infos: Sequence[onnx.ValueInfoProto]) -> None:
    """Writes `<side>_<k>.pb` for each value; `side` is "input" or "output"."""
    for k, (value, info) in enumerate(zip(values, infos, strict=True)):
        tensor = numpy_helper.from_array(value, info.name)
        (folder / f"{side}_{k}.pb").write_bytes(tensor.SerializeToString())


def write_case(case: Case, root: Path) -> None:
    model = case.model()
    folder = root / case.name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for n, inputs in enumerate(case.inputs):
        data_set = folder / f"test_data_set_{n}"
        data_set.mkdir()
        write_side(data_set, "input", [inputs[info.name] for info in model.graph.input], model.graph.input)
        with np.errstate(all="ignore"):  # NaN and infinities are there on purpose
            outputs = case.outputs(model, inputs)
        write_side(data_set, "output", outputs, model.graph.output)


def index_line(case: Case) -> str:
    function = "function" if case.function else ""
    return f"{case.name}\t{case.relative:g}\t{case.absolute:g}\t{function}\t{case.what}\n"


def all_cases() -> list[Case]:
    """In the order of their names. Errors: ValueError where two have the same."""
    cases = sorted((case for family in FAMILIES for case in family.CASES), key=lambda case: case.name)
    for one, next_one in zip(cases, cases[1:]):
        if one.name == next_one.name:
            raise ValueError(f"two cases are named {one.name}")
    return cases


def write_all(root: Path) -> int:
    """Fills `root`, replacing what an earlier call wrote there; returns the number of cases."""
    if root.exists() and any(root.iterdir()) and not (root / "README.txt").exists():
        sys.exit(f"{root} is not empty and was not written by this script; name another folder")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "README.txt").write_text("Models written by tests/conformance/write_cases.py\n")
    cases = all_cases()
    for case in cases:
        write_case(case, root)
    (root / "index.tsv").write_text("".join(index_line(case) for case in cases))
    return len(cases)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the cases go; made if missing")
    root = parser.parse_args().folder
    print(f"{root}: {write_all(root)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
