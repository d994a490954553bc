"""Runs the timing program of one engine once, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cases import Case

HERE = Path(__file__).resolve().parent


class EngineError(Exception):
    """The engine cannot do this; the text is what its program said."""


@dataclass(frozen=True)
class Machinery:
    """Where the programs and models are.

    build   the build folder, with the timing programs
    peers   virtual environment of ONNX Runtime and OpenVINO
    models  the repository's folder of models
    large   the models made by the build
    work    folder for files of this run
    """

    build: Path
    peers: Path
    models: Path
    large: Path
    work: Path

    def available(self, engine: str) -> bool:
        """Whether this engine is there to be measured."""
        return engine == "torch" or (self.build / f"{engine}_timing").exists()

    def environment(self) -> dict[str, str]:
        """For the programs: where ONNX Runtime's library is; its telemetry off."""
        found = sorted(self.peers.glob("lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*"))
        library = {"ONNXRUNTIME_LIBRARY": str(found[0])} if found else {}
        return {**os.environ, "ORT_DISABLE_TELEMETRY": "1", **library}

    def torch_module(self, case: Case) -> Path:
        """The case's network as a file of PyTorch's, written at the first call."""
        path = self.work / f"{case.network}.pt"
        if not path.exists():
            _output([sys.executable, str(HERE / "torch_timing.py"), "--save", case.network, str(path)], {**os.environ})
        return path


@dataclass(frozen=True)
class Network:
    """A model with any inputs.

    ports   for the timing programs: the name and the shape of every input, then those of the output
    """

    name: str
    title: str
    path: Path
    ports: tuple[str, ...]


def _output(command: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise EngineError(lines[-1] if lines else f"exit status {result.returncode}")
    return result.stdout


def _time(
    machinery: Machinery,
    engine: str,
    model: Path,
    threads: int,
    seconds: float,
    ports: tuple[str, ...],
    precision: str = "f32",
    idle: float = 0.0,
) -> dict:
    command = [sys.executable, str(HERE / "torch_timing.py")]
    if engine != "torch":
        command = [str(machinery.build / f"{engine}_timing")]
    command += [str(model), str(threads), precision, str(seconds), str(idle), *ports]
    return json.loads(_output(command, machinery.environment()))


def _shape(sizes: tuple[int, ...]) -> str:
    return ",".join(map(str, sizes))


def time_model(
    machinery: Machinery,
    engine: str,
    model: Path,
    threads: int,
    seconds: float,
    input_port: tuple[str, tuple[int, ...]],
    output_port: tuple[str, tuple[int, ...]],
    precision: str = "f32",
    idle: float = 0.0,
) -> dict:
    """The figures of tests/benchmark/peers/timing.hpp for a model file. Errors: EngineError."""
    ports = (input_port[0], _shape(input_port[1]), output_port[0], _shape(output_port[1]))
    return _time(machinery, engine, model, threads, seconds, ports, precision, idle)


def time_network(machinery: Machinery, engine: str, network: Network, threads: int, seconds: float) -> dict:
    """The same for a network, in f32. Errors: EngineError."""
    return _time(machinery, engine, network.path, threads, seconds, network.ports)


def time_case(
    machinery: Machinery, engine: str, case: Case, threads: int, seconds: float, idle: float = 0.0
) -> dict:
    """The same for a case."""
    model = machinery.torch_module(case) if engine == "torch" else case.path(machinery.models, machinery.large)
    input_port = (case.input_name, (case.batch, case.sizes[0]))
    output_port = (case.output_name, (case.batch, case.sizes[-1]))
    return time_model(machinery, engine, model, threads, seconds, input_port, output_port, case.precision, idle)


def machine_peaks(machinery: Machinery, precision: str, stream_bytes: int, threads: int) -> dict:
    """What so many threads reach at most in arithmetic of this precision and in reading as many bytes again and again:
    {"multiply_add": operations per second, "read": bytes per second}. Errors: EngineError."""
    command = [str(machinery.build / "machine_peaks"), str(threads), precision, str(max(stream_bytes, 4096))]
    return json.loads(_output(command, {**os.environ}))


def time_layers(machinery: Machinery, model: Path, seconds: float) -> list[dict]:
    """The steps of Linnet's run with one thread: {"name", "op", "output", "us", ...} each. Errors: EngineError."""
    command = [str(machinery.build / "linnet"), "bench", str(model), "--threads", "1", "--seconds", str(seconds), "--json", "-"]
    return json.loads(_output(command, {**os.environ}))["nodes"]


@contextlib.contextmanager
def busy_cpus():
    """Keeps every CPU busy with a process that does nothing else."""
    workers = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
