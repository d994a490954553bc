#!/usr/bin/env python3
"""Times eager PyTorch as tests/benchmark/peers/timing.hpp times the others; same arguments, same output.

usage: torch_timing.py MODULE.pt THREADS PRECISION SECONDS IDLE_SECONDS INPUT SHAPE OUTPUT SHAPE
       torch_timing.py --save NETWORK MODULE.pt      writes a network of models/ with its weights

PyTorch is called from Python, as its users call it; a module has no names, so INPUT and OUTPUT say nothing here.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path

MODELS = Path(__file__).resolve().parent.parent.parent / "models"
sys.path.insert(0, str(MODELS))


def save(network_name: str, path: str) -> None:
    """Writes a network that the benchmarks use, as a chain of PyTorch's own modules: loading it imports none of ours."""
    import torch
    from activation_sampler import sampler_network
    from large import large_networks

    for network in [sampler_network(), *large_networks()]:
        if network.name == network_name:
            torch.save(torch.nn.Sequential(*network.build("").children()), path)
            return
    sys.exit(f"there is no network {network_name}")


def peak_resident_bytes() -> int:
    """VmHWM of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def quantile(ordered: list[float], fraction: float) -> float:
    """The smallest value that at least this fraction does not exceed."""
    return ordered[min(len(ordered), max(1, -int(-fraction * len(ordered) // 1))) - 1]


def single_runs(run, seconds: float) -> list[float]:
    """Sorted microseconds."""
    times: list[float] = []
    start = time.perf_counter_ns()
    while len(times) < 10 or time.perf_counter_ns() - start < seconds * 1e9:
        before = time.perf_counter_ns()
        run()
        times.append((time.perf_counter_ns() - before) * 1e-3)
    return sorted(times)


def back_to_back(run, seconds: float, one_run: float) -> float:
    """Median microseconds of a run within groups of 50 us or more."""
    group = max(1, min(10000, int(50.0 / one_run)))
    times: list[float] = []
    start = time.perf_counter_ns()
    while len(times) < 3 or time.perf_counter_ns() - start < seconds * 1e9:
        before = time.perf_counter_ns()
        for _ in range(group):
            run()
        times.append((time.perf_counter_ns() - before) * 1e-3 / group)
    return statistics.median(times)


def main() -> int:
    if len(sys.argv) == 4 and sys.argv[1] == "--save":
        save(sys.argv[2], sys.argv[3])
        return 0
    if len(sys.argv) != 10:
        print(__doc__, file=sys.stderr)
        return 2
    path, threads, precision, seconds, idle, _, shape_text, _, _ = sys.argv[1:]
    if precision != "f32":
        print(f"not supported: precision {precision}", file=sys.stderr)
        return 1
    import torch

    torch.set_num_threads(int(threads))
    shape = [int(size) for size in shape_text.split(",")]
    count = 1
    for size in shape:
        count *= size
    x = ((torch.arange(count) * 7919 % 2003).to(torch.float32) / 1001.0 - 1.0).reshape(shape)

    start = time.perf_counter_ns()
    module = torch.load(path, weights_only=False)
    load = time.perf_counter_ns() - start
    with torch.inference_mode():
        start = time.perf_counter_ns()
        y = module(x)
        first = time.perf_counter_ns() - start
        single_runs(lambda: module(x), 0.1 * float(seconds))
        peak = peak_resident_bytes()
        times = single_runs(lambda: module(x), float(seconds))
        groups = back_to_back(lambda: module(x), 0.3 * float(seconds), quantile(times, 0.5))
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(float(idle))
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
    weights = 1 + torch.arange(y.numel()) % 7
    figures = {
        "load_ms": load * 1e-6,
        "first_run_ms": first * 1e-6,
        "min_us": times[0],
        "p50_us": quantile(times, 0.5),
        "p90_us": quantile(times, 0.9),
        "p99_us": quantile(times, 0.99),
        "mean_us": statistics.fmean(times),
        "back_to_back_us": groups,
        "runs": len(times),
        "peak_rss_bytes": peak,
        "idle_cpu_ms": cpu if float(idle) > 0 else 0.0,
        "checksum": float((y.double().abs().flatten() * weights).sum()),
        "version": torch.__version__,
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
