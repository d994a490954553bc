"""Two results of bench.py side by side, so that a regression shows."""

from __future__ import annotations

from figures import latency, memory, ratio, ready
from markdown import table
from report import Machines

METRICS = {"latency, ratio": latency, "first result, ratio": ready, "memory, ratio": memory}


def _change(old: float | None, new: float | None) -> list[str]:
    if old is None or new is None:
        return ["-" if value is None else f"{value:.3g}" for value in (old, new)] + ["-"]
    return [f"{old:.3g}", f"{new:.3g}", f"{new / old:.2f}"]


def _rows(name: str, old: dict, new: dict) -> list[list[str]]:
    cases = {case["name"]: case for case in old["cases"]}
    rows = []
    for case in new["cases"]:
        if case["name"] not in cases:
            continue
        for what, metric in METRICS.items():
            rows.append([name, case["title"], what, *_change(ratio(cases[case["name"]], metric), ratio(case, metric))])
    times = {kernel["name"]: kernel["us"] for kernel in old.get("kernels", [])}
    for kernel in new.get("kernels", []):
        if kernel["name"] in times:
            rows.append([name, kernel["name"], "microseconds", *_change(times[kernel["name"]], kernel["us"])])
    return rows


def compare(old: Machines, new: Machines) -> str:
    """Ratios to the best peer of every case and times of every kernel that both have, CPU by CPU, with NEW / OLD behind
    them: below 1 is better. Ratios bear a change of the machine between the two, times do not."""
    rows = [row for name in new if name in old for row in _rows(name, old[name], new[name])]
    return table(["CPU", "", "figure", "old", "new", "new / old"], rows)
