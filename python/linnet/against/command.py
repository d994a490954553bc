"""``bench --against``: what it takes, the table, the plot."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

import linnet
from linnet._types import element_type, numpy_dtype
from linnet.against import engines
from linnet.against.plot import latency_svg, time_text
from linnet.comparison import compare
from linnet.errors import InvalidArgument, NoSuchFile, RuntimeException
from linnet.model import Model, TensorInfo

_Number = TypeVar("_Number", int, float)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m linnet bench",
        description="Times a model in Linnet and in other engines, in turn, each in processes of its own.",
    )
    parser.add_argument("model", metavar="MODEL", help="ONNX model file")
    parser.add_argument("--against", required=True, help=f"engines, between commas: {', '.join(engines.PEERS)}")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="size of a named dimension (else 1)")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy", help="data; made up where not given")
    parser.add_argument("--range", action="append", default=[], metavar="NAME=LOW:HIGH", help="numbers at random, both included")
    parser.add_argument("--threads", type=int, default=0, help="threads of every engine; 0: its own choice")
    parser.add_argument(
        "--backend", choices=["auto", "onednn", "simd", "reference"], default="auto", help="kernels of Linnet"
    )
    parser.add_argument(
        "--precision", choices=["f32", "bf16"], default="f32",
        help="of Linnet's products; the other engines keep what they choose by themselves",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure each engine, all rounds together")
    parser.add_argument("--rounds", type=int, default=3, help="how often the engines take turns")
    parser.add_argument(
        "--json", nargs="?", const="-", default="", metavar="FILE",
        help="the figures as JSON into this file; alone or with -: to standard output, and nothing else",
    )  # fmt: skip
    parser.add_argument("--plot", default="", metavar="FILE.svg", help="draw the latencies into this file")
    return parser


def _assignments(texts: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not (name and equals and value):
            raise InvalidArgument(f"{option} {text}: expected NAME=VALUE")
        pairs[name] = value
    return pairs


def _shape(info: TensorInfo, dims: dict[str, int]) -> list[int]:
    if info.shape is None:
        raise InvalidArgument(f'input "{info.name}" has no shape in the model: give it with --input')
    return [size if isinstance(size, int) else dims.get(size or "", 1) for size in info.shape]


def _made_up(
    info: TensorInfo, shape: list[int], use: tuple[str, int, int, list[int], str], generator: np.random.Generator
) -> np.ndarray[Any, Any]:
    """Data that suits what the model does with the input, as `linnet bench` makes it."""
    meaning, low, high, elements, _ = use
    dtype = numpy_dtype(element_type(info.dtype))
    if elements and len(elements) == np.prod(shape, dtype=np.int64):
        return np.array(elements).astype(dtype).reshape(shape)
    if dtype.kind not in "iub" and meaning == "numbers":
        return generator.standard_normal(shape).astype(dtype)
    if dtype.kind in "iu":
        low, high = max(low, np.iinfo(dtype).min), min(high, np.iinfo(dtype).max, 2**63 - 2)
    if meaning == "sizes" or (meaning == "truth" and dtype.kind != "b"):
        low = high = min(max(1, low), high)
    elif meaning != "indices" and dtype.itemsize > 1 or dtype.kind == "b":
        low, high = min(max(0, low), high), min(max(1, low), high)
    return generator.integers(low, high + 1, shape).astype(dtype)


def _in_range(info: TensorInfo, shape: list[int], text: str, generator: np.random.Generator) -> np.ndarray[Any, Any]:
    """Errors: InvalidArgument."""
    dtype = numpy_dtype(element_type(info.dtype))
    if dtype.kind in "iub":
        first, last = _ends(info, text, int, "whole numbers")
        return generator.integers(first, last, shape, endpoint=True).astype(dtype)
    low, high = _ends(info, text, float, "numbers")
    return generator.uniform(low, high, shape).astype(dtype)


def _ends(info: TensorInfo, text: str, number: Callable[[str], _Number], kind: str) -> tuple[_Number, _Number]:
    """Errors: InvalidArgument."""
    try:
        low, high = (number(end) for end in text.split(":"))
    except ValueError:
        raise InvalidArgument(f"--range {info.name}={text}: expected LOW:HIGH with two {kind}") from None
    if not low <= high:
        raise InvalidArgument(f"--range {info.name}={text}: LOW is above HIGH")
    return low, high


def _from_file(path: str) -> np.ndarray[Any, Any]:
    try:
        array: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
        return array
    except (OSError, ValueError, EOFError) as error:
        raise NoSuchFile(f"cannot read {path}: {error}") from None


def _size(name: str, text: str) -> int:
    if not text.isdecimal():
        raise InvalidArgument(f"--dim {name}={text}: expected a whole number")
    return int(text)


def make_feed(
    model: Model, files: dict[str, str], dims: dict[str, int], ranges: dict[str, str] | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """An array per input: from its file, its range, or else made up with a fixed seed. Errors: InvalidArgument for
    unknown names; NoSuchFile."""
    ranges = ranges or {}
    infos = model.inputs
    known_dims = {size for info in infos for size in info.shape or () if isinstance(size, str)}
    for name in dims:
        if name not in known_dims:
            raise InvalidArgument(f"no input has a dimension {name}; there are: {', '.join(sorted(known_dims)) or 'none'}")
    for name in (*files, *ranges):
        if name not in [info.name for info in infos]:
            raise InvalidArgument(f"the model has no input {name}")
    generator = np.random.default_rng(1)
    feed = {info.name: _from_file(files[info.name]) for info in infos if info.name in files}
    shapes = [list(feed[info.name].shape) if info.name in feed else _shape(info, dims) for info in infos]
    uses = model._core.input_uses(shapes)
    for info, shape, use in zip(infos, shapes, uses):
        if info.name in ranges:
            feed[info.name] = _in_range(info, shape, ranges[info.name], generator)
        elif info.name not in feed:
            feed[info.name] = _made_up(info, shape, use, generator)
    return feed


def _ask_child(request: dict[str, Any]) -> dict[str, Any]:
    """Errors: RuntimeException with the last line that the engine's process wrote."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(linnet.__file__)))
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "linnet.against.child", json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise RuntimeException(lines[-1] if lines else f"its process ended with status {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _merge(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The median over the rounds; the largest memory."""
    merged = {key: float(np.median([r[key] for r in rounds])) for key in ("first_result_us", "p50_us", "p99_us")}
    return {
        "version": rounds[0]["version"],
        "runs": sum(r["runs"] for r in rounds),
        "min_us": min(r["min_us"] for r in rounds),
        "peak_rss_bytes": max(r["peak_rss_bytes"] for r in rounds),
        **merged,
    }


def table(results: dict[str, dict[str, Any]], problems: dict[str, str]) -> str:
    """One line per engine; ratios are those of the medians to Linnet's."""
    header = f"{'engine':<14}{'version':<14}{'median':>10}{'/ linnet':>10}{'p99':>10}{'first result':>14}{'peak memory':>13}"
    lines = [header + f"{'differs by':>12}"]
    base = results["linnet"]["p50_us"]
    for name, found in sorted(results.items(), key=lambda item: float(item[1]["p50_us"])):
        lines.append(
            f"{name:<14}{found['version'][:13]:<14}{time_text(found['p50_us']):>10}{found['p50_us'] / base:>10.2f}"
            f"{time_text(found['p99_us']):>10}{time_text(found['first_result_us']):>14}"
            f"{found['peak_rss_bytes'] / 2**20:>10.0f} MB{found['largest_difference']:>12.2g}"
        )
    lines += [f"{name:<14}{problem}" for name, problem in problems.items()]
    return "\n".join(lines)


def _largest_difference(folder: str, engine: str) -> float:
    """Of the engine's outputs to Linnet's, absolute."""
    with np.load(os.path.join(folder, "linnet.npz")) as ours, np.load(os.path.join(folder, f"{engine}.npz")) as theirs:
        found = [compare(theirs[key], ours[key]) for key in ours.files]
    return max((float("inf") if c.reason else c.max_abs for c in found), default=0.0)


def _measure(names: list[str], arguments: argparse.Namespace, folder: str) -> tuple[dict[str, Any], dict[str, str]]:
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    problems: dict[str, str] = {}
    for number in range(arguments.rounds):
        for name in names:
            if name in problems:
                continue
            request = {
                "engine": name,
                "model": os.path.abspath(arguments.model),
                "inputs": os.path.join(folder, "inputs.npz"),
                "threads": arguments.threads,
                "options": {"backend": arguments.backend, "precision": arguments.precision},
                "seconds": arguments.seconds / arguments.rounds,
                "outputs": os.path.join(folder, f"{name}.npz") if number == 0 else "",
            }
            try:
                rounds[name].append(_ask_child(request))
            except RuntimeException as error:
                if name == "linnet":
                    raise
                problems[name] = f"failed: {error}"
    results = {name: _merge(found) for name, found in rounds.items() if found and name not in problems}
    for name, result in results.items():
        result["largest_difference"] = _largest_difference(folder, name)
    return results, problems


def run_command(arguments_text: list[str]) -> int:
    """Errors: linnet.Error; SystemExit with status 2 for wrong usage."""
    arguments = _parser().parse_args(arguments_text)
    if arguments.rounds < 1 or arguments.seconds <= 0 or arguments.threads < 0:
        raise InvalidArgument("--rounds, --seconds and --threads must be positive (threads may be 0)")
    asked = [name for name in arguments.against.split(",") if name]
    for name in asked:
        if name not in engines.PEERS:
            raise InvalidArgument(f"--against {name}: there are {', '.join(engines.PEERS)}")
    dims = {name: _size(name, text) for name, text in _assignments(arguments.dim, "--dim").items()}
    files, ranges = _assignments(arguments.input, "--input"), _assignments(arguments.range, "--range")
    feed = make_feed(linnet.load(arguments.model), files, dims, ranges)
    missing = {name: "is not installed" for name in asked if not engines.installed(name)}
    with tempfile.TemporaryDirectory(prefix="linnet-") as folder:
        named: dict[str, Any] = dict(feed)
        np.savez(os.path.join(folder, "inputs.npz"), **named)
        results, problems = _measure(["linnet"] + [n for n in asked if n not in missing], arguments, folder)
    figures = {"model": arguments.model, "threads": arguments.threads, "backend": arguments.backend}
    figures |= {"precision": arguments.precision, "engines": results}
    figures["problems"] = {**missing, **problems}
    written = {}
    if arguments.plot:
        title = os.path.basename(arguments.model) + f", {arguments.threads or 'all'} threads"
        written[arguments.plot] = latency_svg(title, [(name, found["p50_us"]) for name, found in results.items()])
    if arguments.json == "-":
        print(json.dumps(figures, indent=2))
    else:
        print(table(results, {**missing, **problems}))
        if arguments.json:
            written[arguments.json] = json.dumps(figures, indent=2)
    for path, text in written.items():
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise NoSuchFile(f"cannot write {error.filename}: {error.strerror}") from None
        if arguments.json != "-":
            print(f"wrote {path}")
    return 0
