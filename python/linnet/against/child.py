"""Times one engine in a process of its own: ``python -m linnet.against.child REQUEST`` prints JSON.

REQUEST is a JSON object: engine, model, inputs (a .npz file), threads, options (Linnet's), seconds, outputs (a .npz
file to write, or "").
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np

from linnet.against import engines


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Times in microseconds, memory in bytes. The first result counts from before the engine is imported."""
    with np.load(request["inputs"]) as file:
        feed = {name: file[name] for name in file.files}
    start = time.perf_counter_ns()
    run, outputs = engines.make(request["engine"], request["model"], feed, request["threads"], request["options"])
    run()
    first_result = (time.perf_counter_ns() - start) / 1e3
    clock = time.perf_counter_ns
    warm_end = clock() + int(0.1 * request["seconds"] * 1e9)
    for _ in range(3):
        run()
    while clock() < warm_end:
        run()
    times: list[int] = []
    end = clock() + int(request["seconds"] * 1e9)
    before = clock()
    while before < end or len(times) < 10:
        run()
        after = clock()
        times.append(after - before)
        before = after
    if request["outputs"]:
        arrays: dict[str, Any] = {str(i): array for i, array in enumerate(outputs())}
        np.savez(request["outputs"], **arrays)
    return {
        "version": engines.version(request["engine"]),
        "first_result_us": first_result,
        "runs": len(times),
        "p50_us": float(np.percentile(times, 50)) / 1e3,
        "p99_us": float(np.percentile(times, 99)) / 1e3,
        "min_us": min(times) / 1e3,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
