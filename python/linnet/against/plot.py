"""A bar chart of latencies as SVG."""

from __future__ import annotations

from linnet.against.drawing import Bars

_FULL = 2.5  # a bar that would be longer is cut there


def time_text(microseconds: float) -> str:
    """Three digits with a unit."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= size:
            return f"{microseconds / size:.3g} {unit}"
    return f"{microseconds * 1e3:.3g} ns"


def latency_svg(title: str, rows: list[tuple[str, float]]) -> str:
    """One bar per (engine, median latency in microseconds > 0), the shortest first: as a share of the time of the fastest
    engine that is not Linnet, or of Linnet's where there is no other."""
    rows = sorted(rows, key=lambda row: row[1])
    others = [value for name, value in rows if name != "linnet"]
    peer = others[0] if others else rows[0][1]
    chart = Bars([name for name, _ in rows], 1, _FULL, ["ratio", "time"])
    lines = [
        "Shorter is faster. The fastest engine other than Linnet is 1: where Linnet's bar ends below 1, Linnet is faster.",
        f"Median time of one run. Bars of more than {_FULL:g} are cut: their numbers tell.",
    ]
    chart.heading(title, lines, [])
    ticks = [(tick / 2, f"{tick / 2:g}") for tick in range(int(2 * _FULL) + 1)]
    chart.axis(ticks, "below 1: Linnet is faster", "time of a run ÷ that of the fastest engine other than Linnet")
    for number, (name, value) in enumerate(rows):
        ratio = value / peer
        cells = [f"{ratio:.2f}" if ratio < 9999.5 else "> 9999", time_text(value)]
        chart.name(number, name)
        style = "linnet" if name == "linnet" else "other"
        chart.bar(number, 0, ratio, style, cells, f"{name}: {time_text(value)}", bold=name == "linnet")
    return chart.drawing()
