"""Results as tools/bench/measure.py gives them, made up."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tools" / "bench"))


def figures(p50: float, rss: float = 20.0, load: float = 1.0, checksum: float = 10.0) -> dict:
    """What a timing program prints; microseconds, megabytes, milliseconds."""
    return {
        "load_ms": load,
        "first_run_ms": load / 2,
        "min_us": 0.9 * p50,
        "p50_us": p50,
        "p90_us": 1.1 * p50,
        "p99_us": 1.5 * p50,
        "mean_us": p50,
        "back_to_back_us": p50,
        "runs": 100,
        "peak_rss_bytes": int(rss * 2**20),
        "idle_cpu_ms": 0.1,
        "checksum": checksum,
        "version": "1.0",
    }


_CASE = {
    "name": "a",
    "title": "16-32-32-1, batch 1",
    "batch": 1,
    "precision": "f32",
    "tiny": True,
    "flops": 3136,
    "weights_bytes": 6532,
    "stream_bytes": 6532,
    "activations": [],
    "latency_goal": 0.15,
    "ready_goal": 0.25,
    "engines": {
        "linnet": {"1": figures(0.2, 5.0, 0.1), "2": figures(0.3, 5.0, 0.1)},
        "onnxruntime": {"1": figures(2.0, 30.0, 4.0), "2": figures(2.5, 30.0, 4.0)},
        "openvino": {"1": figures(6.0, 50.0, 90.0), "2": figures(5.0, 50.0, 90.0)},
        "torch": {"1": figures(20.0, 220.0, 2.0), "2": figures(21.0, 220.0, 2.0)},
    },
    "peaks": {threads: {"multiply_add": 1e11 * int(threads), "read": 1e11} for threads in ("1", "2")},
    "errors": {},
}

_RESULTS = {
    "date": "2026-01-02",
    "quick": False,
    "rounds": 5,
    "seconds": 0.5,
    "machine": {
        "cpu": "A CPU",
        "core": "Zen 4",
        "instructions": "AVX-512, AVX512_BF16",
        "cpus": 2,
        "caches": "L1d 32K",
        "system": "Linux 6.1, glibc 2.36",
    },
    "versions": {"linnet": "0.1.0", "onnxruntime": "1.32.0", "openvino": "2026.4.1", "torch": "2.13.0"},
    "cases": [_CASE],
    "overhead_us": {"linnet": 0.02, "onnxruntime": 1.0, "openvino": 2.0},
    "weights": {
        "beside the model, aligned": figures(1.0, rss=100.0, load=8.0),
        "inside the model": figures(1.0, rss=105.0, load=9.0),
    },
    "idle_cpu_ms": {"linnet": {"1": 0.1, "2": 0.4}, "onnxruntime": {"1": 1.0, "2": 30.0}},
    "busy_us": {"linnet": {"1": 100.0, "2": 120.0}, "onnxruntime": {"1": 100.0, "2": 900.0}},
    "kernels": [
        {
            "name": "sigmoid/2048",
            "us": 1.0,
            "gb_s": 17.0,
            "of_copy": 0.1,
            "of_in_l1": None,
            "of_peak": None,
            "by_onednn": 1.0,
            "large": False,
        },
        {
            "name": "operator/Add/16777216/1",
            "us": 8000.0,
            "gb_s": 25.0,
            "of_copy": 1.1,
            "of_in_l1": 0.1,
            "of_peak": None,
            "by_onednn": None,
            "large": True,
        },
    ],
}


def results() -> dict:
    """All goals reached; a copy that may be changed."""
    return copy.deepcopy(_RESULTS)


def of_cpu(cpu: str, core: str, linnet_us: float) -> dict:
    """Results of another CPU, on which Linnet takes so many microseconds for a run."""
    sample = results()
    sample["machine"].update(cpu=cpu, core=core, instructions="AVX-512, AMX")
    sample["cases"][0]["engines"]["linnet"] = {"1": figures(linnet_us, 5.0, 0.1)}
    return sample


def two_cpus() -> dict[str, dict]:
    """By name: Linnet is ahead on one and behind on the other."""
    return {"A CPU (Zen 4)": results(), "B Xeon (Sapphire Rapids)": of_cpu("B Xeon", "Sapphire Rapids", 3.0)}
