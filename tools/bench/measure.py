"""Measures: engines in turn, round by round, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import contextlib
import statistics
from pathlib import Path
from typing import Callable, Iterable

from cases import CASES, ENGINES, ONNX_ENGINES, SHARED_CASE, Case
from engines import EngineError, Machinery, busy_cpus, machine_peaks, time_case, time_model
from weights import measure_weights

# The checksum of an output may differ between engines by this much of itself.
AGREEMENT = {"f32": 1e-3, "bf16": 5e-2}
THREADS = (1, 2)
Tell = Callable[[str], None]


def medians(runs: list[dict]) -> dict:
    """One figure per name: the median over the rounds. What is no number is taken from the first."""
    return {
        name: statistics.median(run[name] for run in runs) if isinstance(value, (int, float)) else value
        for name, value in runs[0].items()
    }


def check_agreement(case: dict) -> None:
    """Engines that do not compute the same are not compared. Errors: ValueError naming both."""
    sums = [(engine, runs["checksum"]) for engine, by_threads in case["engines"].items() for runs in by_threads.values()]
    for engine, checksum in sums[1:]:
        first, expected = sums[0]
        if abs(checksum - expected) > AGREEMENT[case["precision"]] * abs(expected):
            raise ValueError(f"{case['title']}: {engine} gives {checksum}, {first} {expected}")


def measure_engines(
    engines: Iterable[str],
    rounds: int,
    seconds: float,
    time: Callable[[str, int, float], dict],
    after: Callable[[int], None] = lambda threads: None,
) -> dict[str, dict]:
    """Engines in turn: {"engines": {engine: {threads: figures}}, "errors": {engine: text}}.

    time    (engine, threads, seconds) -> figures; raises EngineError
    after   is called with the threads, behind every turn
    """
    runs: dict[str, dict[str, list[dict]]] = {}
    errors: dict[str, str] = {}
    for _ in range(rounds):
        for threads in THREADS:
            for engine in engines:
                if engine in errors:
                    continue
                try:
                    # Not measured: a virtual machine hands free memory back to its host, and the first process to want
                    # it again would pay for it.
                    time(engine, threads, 0.01)
                    figures = time(engine, threads, seconds)
                except EngineError as error:
                    errors[engine] = str(error)
                    continue
                runs.setdefault(engine, {}).setdefault(str(threads), []).append(figures)
            after(threads)
    measured = {
        engine: {threads: medians(list_) for threads, list_ in by_threads.items()} for engine, by_threads in runs.items()
    }
    return {"engines": measured, "errors": errors}


class Peaks:
    """What the machine can do at most, measured in the rounds in which the engines are."""

    def __init__(self, machinery: Machinery, precision: str, stream_bytes: int) -> None:
        self._measure = lambda threads: machine_peaks(machinery, precision, stream_bytes, threads)
        self._runs: dict[str, list[dict]] = {}

    def measure(self, threads: int) -> None:
        with contextlib.suppress(EngineError):  # no such arithmetic on this machine: no limit
            self._runs.setdefault(str(threads), []).append(self._measure(threads))

    def medians(self) -> dict[str, dict]:
        """By threads."""
        return {threads: medians(runs) for threads, runs in self._runs.items()}


def measure_case(machinery: Machinery, case: Case, rounds: int, seconds: float) -> dict:
    """All engines on one case, and in the same rounds what the machine can do at most:
    {"engines": {engine: {threads: figures}}, "peaks": {threads: peaks}, "errors": {engine: text}, ...}."""
    peaks = Peaks(machinery, case.precision, case.stream_bytes)
    measured = measure_engines(
        [engine for engine in ENGINES if machinery.available(engine)],
        rounds,
        seconds,
        lambda engine, threads, length: time_case(machinery, engine, case, threads, length),
        peaks.measure,
    )
    result = {
        "name": case.name,
        "title": case.title,
        "batch": case.batch,
        "precision": case.precision,
        "tiny": case.tiny,
        "flops": case.flops,
        "weights_bytes": case.weights_bytes,
        "stream_bytes": case.stream_bytes,
        "activations": case.activations,
        "latency_goal": case.latency_goal,
        "ready_goal": case.ready_goal,
        "peaks": peaks.medians(),
        **measured,
    }
    check_agreement(result)
    return result


def write_identity(path: Path) -> None:
    """A model of one Identity node on [1, 16]."""
    import onnx
    from onnx import TensorProto, helper

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", ports[:1], ports[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def measure_overhead(machinery: Machinery, rounds: int, seconds: float) -> dict[str, float]:
    """Microseconds of a run of one Identity node with one thread, by engine."""
    model = machinery.work / "identity.onnx"
    write_identity(model)
    runs: dict[str, list[float]] = {}
    for _ in range(rounds):
        for engine in ONNX_ENGINES:
            if not machinery.available(engine):
                continue
            figures = time_model(machinery, engine, model, 1, seconds, ("x", (1, 16)), ("y", (1, 16)))
            runs.setdefault(engine, []).append(figures["back_to_back_us"])
    return {engine: statistics.median(times) for engine, times in runs.items()}


def measure_shared(machinery: Machinery, rounds: int, seconds: float, idle: float) -> dict[str, dict]:
    """On SHARED_CASE, medians over the rounds by engine and threads: CPU milliseconds per second of idling after runs, and
    microseconds of a run while every CPU is kept busy by another process, the mean over a second or more: the system
    gives the CPUs away for milliseconds at a time."""
    case = next(case for case in CASES if case.name == SHARED_CASE)
    idle_ms: dict[str, dict[str, list[float]]] = {}
    busy_us: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for threads in map(str, THREADS):
            for engine in filter(machinery.available, ENGINES):
                figures = time_case(machinery, engine, case, int(threads), seconds, idle=idle)
                idle_ms.setdefault(engine, {}).setdefault(threads, []).append(figures["idle_cpu_ms"] / idle)
                with busy_cpus():
                    figures = time_case(machinery, engine, case, int(threads), max(seconds, 1.0))
                busy_us.setdefault(engine, {}).setdefault(threads, []).append(figures["mean_us"])

    def reduce(table: dict) -> dict:
        return {e: {t: statistics.median(values) for t, values in row.items()} for e, row in table.items()}

    return {"idle_cpu_ms": reduce(idle_ms), "busy_us": reduce(busy_us)}


def measure_all(machinery: Machinery, rounds: int, seconds: float, tell: Tell, idle: float = 1.0) -> dict:
    """Everything that the report shows but for machine and versions."""
    cases = []
    for number, case in enumerate(CASES):
        tell(f"[{number + 1}/{len(CASES)}] {case.title}")
        cases.append(measure_case(machinery, case, rounds, seconds))
    tell("weights in other places")
    weights = measure_weights(machinery, rounds, min(seconds, 0.1), medians)
    tell("overhead of a run")
    overhead = measure_overhead(machinery, rounds, seconds)
    tell("idle and busy CPUs")
    return {"cases": cases, "weights": weights, "overhead_us": overhead, **measure_shared(machinery, rounds, seconds, idle)}
