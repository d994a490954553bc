"""What follows from the measured figures: best thread counts, ratios, goals reached and missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from cases import (
    BUSY_GOAL,
    COPY_GOAL,
    IDLE_GOAL_MS,
    MEMORY_GOAL,
    ONEDNN_GOAL,
    OVERHEAD_GOAL,
    TAIL_GOAL,
    WEIGHTS_MEMORY_GOAL,
    WEIGHTS_READY_GOAL,
    memory_bound,
)
from weights import BESIDE

Metric = Callable[[dict], float]


def latency(figures: dict) -> float:
    """Median microseconds of a run."""
    return figures["p50_us"]


def ready(figures: dict) -> float:
    """Milliseconds from the model's file to the first result."""
    return figures["load_ms"] + figures["first_run_ms"]


def memory(figures: dict) -> float:
    """Peak bytes of the process."""
    return figures["peak_rss_bytes"]


COMPARED = {"latency": latency, "time to the first result": ready, "peak memory": memory}


def best(case: dict, engine: str) -> tuple[int, dict] | None:
    """(threads, figures) of the thread count with the least latency; None if the engine cannot run the case."""
    by_threads = case["engines"].get(engine)
    if not by_threads:
        return None
    threads = min(by_threads, key=lambda key: by_threads[key]["p50_us"])
    return int(threads), by_threads[threads]


def best_peer(case: dict, metric: Metric) -> tuple[str, float] | None:
    """(engine, value) of the peer with the least value, each at the thread count of its least latency."""
    values = {engine: metric(best(case, engine)[1]) for engine in case["engines"] if engine != "linnet"}
    return min(values.items(), key=lambda item: item[1]) if values else None


def ratio(case: dict, metric: Metric) -> float | None:
    """Linnet's value by the best peer's; None where one of the two is missing."""
    own, peer = best(case, "linnet"), best_peer(case, metric)
    return metric(own[1]) / peer[1] if own and peer else None


def _most_threads(case: dict) -> str:
    """Tiny models count with one: handing work to a second takes longer than they."""
    return "1" if case.get("tiny") else max(case["peaks"], key=int)


def products_us(case: dict) -> float | None:
    """The machine's limit: microseconds of a run's multiply-adds on registers, or of reading its weights, whichever takes
    longer, shared by all threads."""
    if not case.get("peaks"):
        return None
    peak = case["peaks"][_most_threads(case)]
    return 1e6 * max(case["flops"] / peak["multiply_add"], case["stream_bytes"] / peak["read"])


def activations_us(case: dict, kernels: list[dict]) -> float:
    """Microseconds of the model's activations, shared likewise, at the speed that the faster of our kernels and oneDNN's
    reaches on long arrays in the first-level cache."""
    fastest = {kernel["name"]: kernel["us"] / max(1.0, kernel.get("by_onednn") or 1.0) for kernel in kernels}
    return sum(fastest.get(name, 0.0) * share for name, share in case["activations"]) / int(_most_threads(case))


def latency_limits(case: dict, kernels: list[dict]) -> tuple[Limit, ...]:
    """What `ratio` of the latencies would be at the machine's limit, and with the activations beside it."""
    peer, products = best_peer(case, latency), products_us(case)
    if peer is None or products is None:
        return ()
    limits = [Limit("its products alone, at the machine's peak, take", products / peer[1])]
    activations = activations_us(case, kernels)
    if activations > 0.0:
        limits.append(Limit("with activations at the speed of the fastest kernel known", (products + activations) / peer[1]))
    return tuple(limits)


def ready_limits(case: dict) -> tuple[Limit, ...]:
    """What `ratio` of the times to the first result would be if loading took none."""
    peer, products = best_peer(case, ready), products_us(case)
    if peer is None or products is None:
        return ()
    return (Limit("the products of the run alone, at the machine's peak, take", products * 1e-3 / peer[1]),)


def roofline(case: dict) -> tuple[float, float] | None:
    """Shares of the machine's limits that Linnet reaches at its best thread count: operations per second by those of
    multiply-adds on registers, bytes of weights per second by those of reading as many bytes again and again."""
    own = best(case, "linnet")
    if own is None or str(own[0]) not in case["peaks"]:
        return None
    seconds = latency(own[1]) * 1e-6
    peak = case["peaks"][str(own[0])]
    return case["flops"] / seconds / peak["multiply_add"], case["stream_bytes"] / seconds / peak["read"]


@dataclass(frozen=True)
class Limit:
    """What a figure would be if something took its least time and all else none."""

    what: str
    value: float


@dataclass(frozen=True)
class Check:
    """One goal: what, how much, and the most (or, where `least`, the least) that it may be. No value: not measured."""

    what: str
    value: float | None
    goal: float
    least: bool = False
    limits: tuple[Limit, ...] = ()  # the machine's own first, where it is known

    def holds(self, value: float) -> bool:
        """Whether a figure would reach the goal."""
        return value >= self.goal if self.least else value <= self.goal

    @property
    def reached(self) -> bool:
        """Whether the goal is reached; a figure that is missing has not reached it."""
        return self.value is not None and self.holds(self.value)


def case_checks(case: dict, kernels: list[dict]) -> list[Check]:
    """The goals of one case."""
    title = case["title"]
    limits = latency_limits(case, kernels)
    checks = [Check(f"latency of {title}, ratio to the best peer", ratio(case, latency), case["latency_goal"], limits=limits)]
    if case["ready_goal"] is not None:
        what = f"time to first result of {title}, ratio to the best peer"
        checks.append(Check(what, ratio(case, ready), case["ready_goal"], limits=ready_limits(case)))
    checks.append(Check(f"peak memory of {title}, ratio to the best peer", ratio(case, memory), MEMORY_GOAL))
    own = best(case, "linnet")
    if own is not None:
        bound = memory_bound(case) / 2**20
        checks.append(Check(f"peak memory of {title}, MB", memory(own[1]) / 2**20, bound))
    if case["tiny"] and own is not None:
        one_thread = case["engines"]["linnet"].get("1")
        value = one_thread["p99_us"] / one_thread["p50_us"] if one_thread else None
        checks.append(Check(f"p99 / p50 of {title} with one thread", value, TAIL_GOAL))
    return checks


def shared_checks(results: dict) -> list[Check]:
    """The goals that are no single model's."""
    if "overhead_us" not in results:
        return []
    overhead = results["overhead_us"]
    share = overhead["linnet"] / overhead["onnxruntime"] if {"linnet", "onnxruntime"} <= overhead.keys() else None
    checks = [Check("overhead of a run, by ONNX Runtime's", share, OVERHEAD_GOAL)]
    idle = results["idle_cpu_ms"].get("linnet", {})
    checks.append(Check("CPU time in a second of idling after a run, ms", max(idle.values(), default=None), IDLE_GOAL_MS))
    busy = results["busy_us"].get("linnet", {})
    growth = busy["2"] / busy["1"] if {"1", "2"} <= busy.keys() else None
    checks.append(Check("latency with 2 threads by that with 1 while every CPU is busy", growth, BUSY_GOAL))
    return checks


# Functions that oneDNN has too and that are held to its time.
BESIDE_ONEDNN = ("sigmoid", "tanh", "softmax")


def kernel_checks(kernels: list[dict]) -> list[Check]:
    """Elementwise operators on large arrays against a copy; kernels in L1 and L2 against oneDNN's."""
    checks = []
    for kernel in kernels:
        function = kernel["name"].split("/")[0]
        if kernel["of_in_l1"] is not None:
            limit = Limit("its arithmetic alone, on arrays in L1, reaches", kernel["of_copy"] / kernel["of_in_l1"])
            what = f"{kernel['name']}, speed by a copy's"
            checks.append(Check(what, kernel["of_copy"], COPY_GOAL, least=True, limits=(limit,)))
        elif function in BESIDE_ONEDNN and not kernel["large"] and kernel["by_onednn"] is not None:
            checks.append(Check(f"{kernel['name']}, by oneDNN's time", kernel["by_onednn"], ONEDNN_GOAL))
    return checks


def weights_checks(weights: dict[str, dict]) -> list[Check]:
    """What weights in another place cost, by the same beside the model."""
    if not weights:
        return []
    beside = weights[BESIDE]
    checks = []
    for place, figures in weights.items():
        if place == BESIDE:
            continue
        for what, metric, goal in (
            ("time to first result", ready, WEIGHTS_READY_GOAL),
            ("peak memory", memory, WEIGHTS_MEMORY_GOAL),
        ):
            checks.append(Check(f"{what} with weights {place}, by {BESIDE}", metric(figures) / metric(beside), goal))
    return checks


def all_checks(results: dict) -> list[Check]:
    """Every goal."""
    kernels = results.get("kernels", [])
    checks = [check for case in results["cases"] for check in case_checks(case, kernels)]
    return checks + weights_checks(results.get("weights", {})) + shared_checks(results) + kernel_checks(kernels)
