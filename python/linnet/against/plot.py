"""A bar chart of latencies as SVG, with nothing but the standard library."""

from __future__ import annotations

import math
from html import escape

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 150, 130, 34, 70
_COLOURS = {"linnet": "#1b7f4d"}
_OTHER = "#8a94a6"


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the range."""
    ticks = []
    for exponent in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        ticks += [factor * 10.0**exponent for factor in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def time_text(microseconds: float) -> str:
    """Three digits with a unit."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= size:
            return f"{microseconds / size:.3g} {unit}"
    return f"{microseconds * 1e3:.3g} ns"


def latency_svg(title: str, rows: list[tuple[str, float]]) -> str:
    """One bar per (engine, median latency in microseconds > 0), on a log scale; the shortest first."""
    rows = sorted(rows, key=lambda row: row[1])
    low = min(value for _, value in rows) / 2
    high = max(value for _, value in rows) * 1.2
    plot_width = _WIDTH - _LEFT - _RIGHT
    height = _TOP + _ROW * len(rows) + 40

    def x_of(value: float) -> float:
        return _LEFT + plot_width * math.log(value / low) / math.log(high / low)

    bottom = _TOP + _ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="16" y="26" font-size="16">{escape(title)}</text>',
        '<text x="16" y="46" fill="#555">median latency of one run, log scale; shorter is better</text>',
    ]
    for tick in _ticks(low, high):
        x = x_of(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{time_text(tick)}</text>')
    best = rows[0][1]
    for index, (engine, value) in enumerate(rows):
        y = _TOP + _ROW * index
        colour = _COLOURS.get(engine, _OTHER)
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(engine)}</text>')
        parts.append(
            f'<rect x="{_LEFT}" y="{y + 2}" width="{x_of(value) - _LEFT:.1f}" height="{_ROW - 12}" fill="{colour}"/>'
        )
        ratio = "" if index == 0 else f" ({value / best:.2f}×)"
        parts.append(f'<text x="{x_of(value) + 8:.1f}" y="{y + 17}">{time_text(value)}{ratio}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
