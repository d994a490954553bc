"""Two results of bench.py side by side, so that a regression shows."""

from __future__ import annotations

from figures import latency, memory, ratio, ready
from report import table

METRICS = {"latency / best peer": latency, "first result / best peer": ready, "memory / best peer": memory}


def _change(old: float | None, new: float | None) -> list[str]:
    if old is None or new is None:
        return ["-" if value is None else f"{value:.3g}" for value in (old, new)] + ["-"]
    return [f"{old:.3g}", f"{new:.3g}", f"{new / old:.2f}"]


def compare(old: dict, new: dict) -> str:
    """Ratios to the best peer of every case and times of every kernel that both have, with NEW / OLD behind them: below 1
    is better. Ratios bear a change of the machine between the two, times do not."""
    cases = {case["name"]: case for case in old["cases"]}
    rows = []
    for case in new["cases"]:
        if case["name"] not in cases:
            continue
        for what, metric in METRICS.items():
            rows.append([case["title"], what, *_change(ratio(cases[case["name"]], metric), ratio(case, metric))])
    times = {kernel["name"]: kernel["us"] for kernel in old.get("kernels", [])}
    for kernel in new.get("kernels", []):
        if kernel["name"] in times:
            rows.append([kernel["name"], "microseconds", *_change(times[kernel["name"]], kernel["us"])])
    return table(["", "figure", "old", "new", "new / old"], rows)
