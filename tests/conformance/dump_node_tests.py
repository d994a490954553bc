#!/usr/bin/env python3
"""Writes ONNX's official node tests to a folder, in ONNX's test layout.

  python tests/conformance/dump_node_tests.py DIR

DIR/<test>/model.onnx, DIR/<test>/test_data_set_<n>/input_<k>.pb and output_<k>.pb; DIR/version.txt names the version
of the `onnx` package once all are written, and a second call with the same version returns at once.

An input or output is a TensorProto, SequenceProto or OptionalProto, as its type in the model says.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import warnings
from pathlib import Path

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
except ImportError as error:
    sys.exit(f"{Path(__file__).name} needs the ONNX package ({error}): python -m pip install onnx")


def to_proto(value, info: onnx.ValueInfoProto):
    """One input or output of a test as the message that its type in the model asks for."""
    if isinstance(value, onnx.TensorProto):
        return value
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    if kind == "tensor_type":
        return numpy_helper.from_array(np.asarray(value), info.name)
    raise ValueError(f"{info.name}: a {kind} cannot be written to a test folder")


def write_side(folder: Path, side: str, values, infos) -> None:
    """Writes `<side>_<k>.pb` for each value; `side` is "input" or "output"."""
    if len(values) != len(infos):
        raise ValueError(f"{folder}: {len(values)} {side} values, but the model has {len(infos)}")
    for k, (value, info) in enumerate(zip(values, infos)):
        (folder / f"{side}_{k}.pb").write_bytes(to_proto(value, info).SerializeToString())


def write_case(case, root: Path) -> None:
    folder = root / case.name
    folder.mkdir()
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for n, (inputs, outputs) in enumerate(case.data_sets):
        data_set = folder / f"test_data_set_{n}"
        data_set.mkdir()
        write_side(data_set, "input", inputs, case.model.graph.input)
        write_side(data_set, "output", outputs, case.model.graph.output)


def load_cases():
    """All node tests of the installed package; their Python code runs here and computes the expected outputs."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows and divisions by zero that the tests make on purpose
        return load_model_tests(kind="node")


def dump(root: Path) -> int:
    """Fills `root`, replacing what an older version wrote there; returns the number of tests."""
    stamp = root / "version.txt"
    if root.exists() and any(root.iterdir()) and not (root / "README.txt").exists():
        sys.exit(f"{root} is not empty and was not written by this script; name another folder")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "README.txt").write_text("ONNX node tests written by tests/conformance/dump_node_tests.py\n")
    cases = load_cases()
    show = sys.stderr.isatty()
    for k, case in enumerate(cases):
        write_case(case, root)
        if show and ((k + 1) % 100 == 0 or k + 1 == len(cases)):
            print(f"\r{k + 1}/{len(cases)} node tests", end="", file=sys.stderr, flush=True)
    if show:
        print(file=sys.stderr)
    stamp.write_text(onnx.__version__ + "\n")
    return len(cases)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the tests go; made if missing")
    root = parser.parse_args().folder
    stamp = root / "version.txt"
    if stamp.exists() and stamp.read_text().strip() == onnx.__version__:
        print(f"{root}: node tests of onnx {onnx.__version__} are there")
        return 0
    print(f"{root}: {dump(root)} node tests of onnx {onnx.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
