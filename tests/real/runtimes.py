"""Runs a model once, with ONNX Runtime in this process and with the linnet command in one of its own."""

from __future__ import annotations

import collections
import json
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SECONDS = 600  # a run that takes longer has failed

Array = np.ndarray


class PeerError(Exception):
    """ONNX Runtime cannot run this; the text is what it said."""


class Refused(Exception):
    """Linnet says that it cannot run this; the text is why."""


class Broken(Exception):
    """Linnet crashed, hung or printed what nobody can read."""


def run_onnxruntime(model: Path, inputs: dict[str, Array]) -> dict[str, Array]:
    """The outputs by name, in the model's order. Errors: PeerError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs)))
    except Exception as error:  # its exceptions have no base of their own
        raise PeerError(str(error).strip().splitlines()[0]) from None


def run_linnet(command: Path, model: Path, inputs: dict[str, Array], options: Sequence[str] = ()) -> dict[str, Array]:
    """The outputs by name, in the model's order. Errors: Refused, Broken."""
    with tempfile.TemporaryDirectory() as work:
        words = [str(command), "run", str(model), "--json", "--output-dir", f"{work}/outputs", *options]
        for index, (name, array) in enumerate(inputs.items()):
            np.save(f"{work}/{index}.npy", array)
            words += ["--input", f"{name}={work}/{index}.npy"]
        try:
            result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken(f"no answer after {SECONDS} seconds") from None
        if result.returncode != 0:
            raise _failure(command, model, result)
        try:
            told = json.loads(result.stdout)
            files = zip(told["outputs"], told["written"], strict=True)
            return {output["name"]: _array_in(path) for output, path in files}
        except (ValueError, KeyError, OSError) as error:
            raise Broken(f"its results cannot be read: {error}") from None


def _array_in(path: str) -> Array:
    """What `linnet run` wrote: a TensorProto for types that NumPy lacks."""
    if not path.endswith(".pb"):
        return np.load(path)
    import onnx

    return onnx.numpy_helper.to_array(onnx.load_tensor(path))


def _failure(command: Path, model: Path, result: subprocess.CompletedProcess[str]) -> Exception:
    said = result.stderr.strip().splitlines()
    if result.returncode < 0:
        return Broken(f"ended by {signal.Signals(-result.returncode).name}")
    if result.returncode != 1 or not said:
        return Broken(f"exit status {result.returncode}: {said[-1] if said else 'it said nothing'}")
    errors = [line.removeprefix("linnet: ") for line in said if line.startswith("linnet: ")]
    return Refused(unsupported_parts(command, model) or (errors or said)[0])


def unsupported_parts(command: Path, model: Path) -> str:
    """The parts of a model that Linnet does not support, counted by operator; empty where there are none."""
    result = subprocess.run([str(command), "check", str(model), "--json"], capture_output=True, text=True, check=False)
    try:
        return count_parts(json.loads(result.stdout)[0].get("unsupported", []))
    except (ValueError, LookupError):
        return ""


def count_parts(parts: list[dict[str, str]]) -> str:
    """What `linnet check --json` lists, with the reason of each operator's first node."""
    counts = collections.Counter(part["what"].split(" ", 1)[0] for part in parts)
    reasons = {part["what"].split(" ", 1)[0]: part["reason"] for part in reversed(parts)}
    return "; ".join(f"{operator} ({count}): {reasons[operator]}" for operator, count in counts.items())
