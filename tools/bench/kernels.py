"""Takes from google-benchmark's JSON what the report shows of the kernels."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

# What has a goal: kernels in L1 and L2, operators on what no cache holds; and the products. `make bench-kernels` prints
# all.
SHOWN = "^(operator|gemm_layer|((sigmoid|tanh|relu|leaky_relu|add|mul)/(2048|65536)|(softmax|log_softmax)/.*)$)"
TO_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}


def read_kernels(benchmarks: dict) -> list[dict]:
    """One entry per benchmark of linnet_benchmark's JSON: name, us, gb_s, and where they were measured, of_copy (our
    bandwidth by a copy's), of_in_l1 (our speed by that of the arithmetic in L1), of_peak (our multiply-adds by the
    machine's), by_onednn (our time by oneDNN's); large: beyond every cache."""
    kernels = []
    for entry in benchmarks["benchmarks"]:
        if entry.get("run_type", "iteration") != "iteration" or entry.get("error_occurred", False):
            continue
        kernels.append(
            {
                "name": re.sub("(rows|depth|columns):", "", entry["name"].removesuffix("/real_time")),
                "us": entry["real_time"] * TO_MICROSECONDS[entry["time_unit"]],
                "gb_s": entry.get("GB/s", 0.0),
                "of_copy": entry.get("of_copy"),
                "of_in_l1": entry.get("of_in_l1"),
                "of_peak": entry.get("of_peak"),
                "by_onednn": entry.get("by_onednn"),
                "large": bool(entry.get("large", 0.0)),
            }
        )
    return kernels


def measure_kernels(program: Path, seconds: float) -> list[dict]:
    """Runs the micro-benchmarks in SHOWN."""
    command = [str(program), f"--benchmark_filter={SHOWN}", f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return read_kernels(json.loads(result.stdout))
