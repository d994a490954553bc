#!/usr/bin/env python3
"""Measures how exact sums and matrix products are, beside ONNX Runtime and PyTorch, and prints a Markdown table.

`make accuracy-sums` builds what this needs and calls it; --write puts the table into a page, between the lines
"<!-- make accuracy-sums writes this table -->" and "<!-- end -->".
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import describe_machine, machine_name
from onnx import TensorProto, helper, numpy_helper

NAMES = {"linnet": "Linnet", "onnxruntime": "ONNX Runtime", "torch": "PyTorch"}
UNIT = 2.0**-24  # the relative error of rounding to float32

Array = np.ndarray


@dataclass(frozen=True)
class Case:
    """One operator on given numbers.

    title    what it computes
    unit     in what its error is counted
    x        the input, float32
    model    an ONNX model from x to y
    torch    the same for PyTorch: y from x, as tensors
    errors   of a result, one number per element
    """

    title: str
    unit: str
    x: Array
    model: bytes
    torch: Callable
    errors: Callable[[Array], Array]


def model_of(op: str, x: Array, y_shape: tuple[int, ...], constants: dict[str, Array], **attributes: float) -> bytes:
    """A model of one node, from "x" to "y"; the constants are its further inputs, in order."""
    node = helper.make_node(op, ["x", *constants], ["y"], **attributes)
    graph = helper.make_graph(
        [node],
        "sums",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y_shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return model.SerializeToString()


def ulps(true: Array) -> Callable[[Array], Array]:
    """Errors in units in the last place of float32 at the true value."""
    exponent = np.maximum(np.frexp(np.abs(true).astype(np.float64))[1] - 1, -126)
    return lambda y: np.abs(y.astype(np.longdouble) - true).astype(np.float64) / 2.0 ** (exponent - 23)


def product_case(depth: int, signed: bool, rows: int = 32, columns: int = 128) -> Case:
    """Errors count |A| |B| u, the bound of a product's conditioning."""
    generator = np.random.default_rng(depth)

    def numbers(*shape: int) -> Array:
        drawn = generator.standard_normal(shape) if signed else generator.random(shape)
        return drawn.astype(np.float32)

    a, b = numbers(rows, depth), numbers(depth, columns)
    true = a.astype(np.float64) @ b.astype(np.float64)
    scale = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64) * UNIT
    return Case(
        title=f"MatMul, K = {depth:,}, {'signed' if signed else 'positive'}",
        unit="of abs(A) abs(B) u",
        x=a,
        model=model_of("MatMul", a, (rows, columns), {"b": b}),
        torch=lambda torch, x: x @ torch.from_numpy(b),
        errors=lambda y: np.abs(y.astype(np.float64) - true) / scale,
    )


def reduce_sum_case(rows: int = 16, columns: int = 1 << 20) -> Case:
    """Of uniformly distributed numbers."""
    x = np.random.default_rng(1).random((rows, columns), dtype=np.float32)
    true = np.array([[math.fsum(row.astype(np.float64))] for row in x])
    return Case(
        title="ReduceSum of 2^20 in [0, 1)",
        unit="ULP",
        x=x,
        model=model_of("ReduceSum", x, (rows, 1), {"axes": np.array([1])}),
        torch=lambda torch, x: x.sum(1, keepdim=True),
        errors=ulps(true.astype(np.longdouble)),
    )


def layer_norm_case(rows: int = 64, columns: int = 1024, mean: float = 1e4) -> Case:
    """Rows far from zero, of standard deviation 1."""
    x = (np.random.default_rng(2).standard_normal((rows, columns)) + mean).astype(np.float32)
    wide = x.astype(np.longdouble)
    centred = wide - wide.mean(1, keepdims=True)
    true = centred / np.sqrt((centred**2).mean(1, keepdims=True) + np.longdouble(np.float32(1e-5)))
    return Case(
        title="LayerNormalization, mean 10,000, deviation 1",
        unit="ULP",
        x=x,
        model=model_of("LayerNormalization", x, x.shape, {"scale": np.ones(columns, np.float32)}, epsilon=1e-5),
        torch=lambda torch, x: torch.nn.functional.layer_norm(x, [columns]),
        errors=ulps(true),
    )


def softmax_case(rows: int = 256, columns: int = 1000) -> Case:
    """Of normally distributed numbers, standard deviation 5."""
    x = (5 * np.random.default_rng(3).standard_normal((rows, columns))).astype(np.float32)
    wide = x.astype(np.longdouble)
    powers = np.exp(wide - wide.max(1, keepdims=True))
    return Case(
        title="Softmax of 1,000, deviation 5",
        unit="ULP",
        x=x,
        model=model_of("Softmax", x, x.shape, {}, axis=-1),
        torch=lambda torch, x: torch.softmax(x, -1),
        errors=ulps(powers / powers.sum(1, keepdims=True)),
    )


def all_cases() -> list[Case]:
    products = [product_case(depth, signed) for signed in (False, True) for depth in (1024, 4096, 16384)]
    return [*products, reduce_sum_case(), layer_norm_case(), softmax_case()]


def run_linnet(case: Case) -> Array:
    import linnet

    return np.asarray(linnet.load(case.model)(case.x))


def run_onnxruntime(case: Case) -> Array:
    import onnxruntime

    session = onnxruntime.InferenceSession(case.model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": case.x})[0]


def run_torch(case: Case) -> Array:
    import torch

    with torch.inference_mode():
        return case.torch(torch, torch.from_numpy(case.x)).numpy()


RUNNERS = {"linnet": run_linnet, "onnxruntime": run_onnxruntime, "torch": run_torch}


def available(names: list[str]) -> list[str]:
    """The engines that can be imported."""
    import importlib

    found = []
    for name in names:
        try:
            importlib.import_module(name)
            found.append(name)
        except ImportError as error:
            print(f"{NAMES[name]} is left out: {error}", file=sys.stderr)
    return found


def table(cases: list[Case], engines: list[str]) -> str:
    """Root of the mean square and largest of the errors."""
    lines = [
        "| | error in | " + " | ".join(f"{NAMES[engine]}: rms | largest" for engine in engines) + " |",
        "|---|---" + "|--:|--:" * len(engines) + "|",
    ]
    for case in cases:
        figures = []
        for engine in engines:
            errors = case.errors(RUNNERS[engine](case))
            figures.append(f"{math.sqrt(float(np.mean(errors**2))):.2f} | {float(errors.max()):.2f}")
        lines.append(f"| {case.title} | {case.unit} | " + " | ".join(figures) + " |")
    return "\n".join(lines) + "\n"


PLACE = re.compile(r"(?<=<!-- make accuracy-sums writes this table -->\n\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="virtual environment that holds ONNX Runtime")
    parser.add_argument("--only", default="", help="regular expression for the titles of cases")
    parser.add_argument("--write", type=Path, help="page to put the table into")
    options = parser.parse_args()
    if options.peers:
        sys.path.extend(str(path) for path in sorted(options.peers.glob("lib/python3*/site-packages")))
    cases = [case for case in all_cases() if re.search(options.only, case.title)]
    engines = available(list(NAMES))
    text = table(cases, engines) + f"\nMeasured on {machine_name(describe_machine())}.\n"
    print(text)
    if options.write:
        page = options.write.read_text()
        if not PLACE.search(page):
            sys.exit(f"{options.write} has no place for the table")
        options.write.write_text(PLACE.sub(lambda _: text + "\n", page))


if __name__ == "__main__":
    main()
