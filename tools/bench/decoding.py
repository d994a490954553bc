#!/usr/bin/env python3
"""Times a decoder token after token, its caches kept from run to run: Linnet by Binding.carry_caches, ONNX Runtime by
I/O binding of what the run before made. Engines take turns, each run in a process of its own, on one thread.

  PYTHONPATH=build/python tools/bench/decoding.py MODEL [--past 128 1024 4096] [--tokens 60] [--rounds 4]

MODEL has caches as inputs, named with "past", whose third dimension is open, and other inputs that take one token (no
mask). Prints milliseconds a token: the median of the rounds' medians, and the least. --engine runs one of them once,
here. The interpreter needs linnet, numpy and, to be measured beside it, onnxruntime.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SKIPPED = 3  # first tokens, which make programs and memory


def filled(shape: list[Any], past: int) -> list[int]:
    """Open dimensions: the batch is 1, what stands third the past, anything else 1."""
    return [size if isinstance(size, int) and size > 0 else past if axis == 2 else 1 for axis, size in enumerate(shape)]


def feed(name: str, shape: list[Any], is_float: bool, past: int, random: np.random.Generator) -> np.ndarray:
    if "past" in name:
        return random.standard_normal(filled(shape, past)).astype(np.float32)
    return np.ones(filled(shape, 1), np.float32 if is_float else np.int64)


def linnet_step(model_path: str, past: int) -> Callable[[], None]:
    import linnet

    model = linnet.load(model_path, threads=1)
    session = model.binding()
    session.carry_caches()
    random = np.random.default_rng(0)
    for info in model.inputs:
        session.bind_input(info.name, feed(info.name, list(info.shape), "float" in str(info.dtype), past, random))
    for info in model.outputs:
        if "present" not in info.name:
            session.bind_output(info.name)
    return lambda: session.run()


def onnxruntime_step(model_path: str, past: int) -> Callable[[], None]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    values = {
        info.name: onnxruntime.OrtValue.ortvalue_from_numpy(
            feed(info.name, list(info.shape), "float" in info.type, past, random)
        )
        for info in session.get_inputs()
    }
    outputs = [info.name for info in session.get_outputs()]

    def step() -> None:
        binding = session.io_binding()
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)
        for name, value in zip(outputs, binding.get_outputs(), strict=True):
            if "present" in name:
                values[name.replace("present", "past")] = value

    return step


ENGINES = {"linnet": linnet_step, "onnxruntime": onnxruntime_step}


def times_of(engine: str, model: str, past: int, tokens: int) -> list[float]:
    """Milliseconds of each token."""
    step = ENGINES[engine](model, past)
    times = []
    for _ in range(tokens + SKIPPED):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times[SKIPPED:]


def measure(engine: str, arguments: argparse.Namespace, past: int) -> list[float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, arguments.model, "--engine", engine, "--past", str(past)]
    command += ["--tokens", str(arguments.tokens)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--past", type=int, nargs="+", default=[128, 1024, 4096])
    parser.add_argument("--tokens", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--engine", choices=ENGINES)
    arguments = parser.parse_args()
    if arguments.engine:
        for past in arguments.past:
            print(*times_of(arguments.engine, arguments.model, past, arguments.tokens))
        return
    engines = [engine for engine in ENGINES if importlib.util.find_spec(engine)]
    for past in arguments.past:
        rounds = [{engine: measure(engine, arguments, past) for engine in engines} for _ in range(arguments.rounds)]
        for engine in engines:
            median = statistics.median(statistics.median(times[engine]) for times in rounds)
            least = min(min(times[engine]) for times in rounds)
            print(f"past {past:6}  {engine:12}  median {median:8.3f} ms  least {least:8.3f} ms")


if __name__ == "__main__":
    main()
