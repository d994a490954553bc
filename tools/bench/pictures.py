"""Draws the results as SVG."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from cases import ENGINES, NAMES
from figures import best, latency, ratio, roofline

COLOURS = {"linnet": "#c2410c", "onnxruntime": "#2563eb", "openvino": "#7c3aed", "torch": "#64748b"}
AHEAD, BEHIND = "#15803d", "#b91c1c"
LEFT, RIGHT, TOP, ROW, WIDTH = 240, 170, 70, 34, 980


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = "#111", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _document(height: float, title: str, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
    )
    heading = f'<text x="20" y="24" font-size="15" font-weight="bold">{escape(title)}</text>'
    return head + "\n".join([heading, *parts]) + "\n</svg>\n"


def time_text(microseconds: float) -> str:
    """Three digits with the unit that suits them: "0.231 µs", "84.2 ms"."""
    for unit, scale in (("µs", 1.0), ("ms", 1e3)):
        if microseconds < 1e3 * scale or unit == "ms":
            value = microseconds / scale
            digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 2
            return f"{value:.{digits}f} {unit}"
    raise AssertionError("unreachable")


def latency_svg(results: dict) -> str:
    """A row per case, a dot per engine on a logarithmic scale of microseconds, and Linnet's ratio to the best peer."""
    cases = [case for case in results["cases"] if case["engines"]]
    values = [latency(best(case, engine)[1]) for case in cases for engine in case["engines"]]
    low = math.floor(math.log10(min(values, default=1.0)))
    high = max(math.ceil(math.log10(max(values, default=10.0))), low + 1)
    bottom = TOP + ROW * len(cases)

    def place(microseconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(microseconds) - low) / (high - low)

    parts = []
    for number, engine in enumerate(ENGINES):
        parts.append(f'<circle cx="{26 + number * 130}" cy="44" r="6" fill="{COLOURS[engine]}"/>')
        parts.append(_text(38 + number * 130, 48, NAMES[engine]))
    parts.append(_text(WIDTH - 20, 48, "Linnet / best peer", "end", weight="bold"))
    for power in range(low, high + 1):
        parts.append(_line(place(10**power), TOP - 6, place(10**power), bottom, "#ddd"))
        label = f"{10.0**power:g} µs" if power < 3 else f"{10.0 ** (power - 3):g} ms"
        parts.append(_text(place(10**power), bottom + 16, label, "middle", "#555"))
    for number, case in enumerate(cases):
        y = TOP + ROW * (number + 0.5)
        parts.append(_text(LEFT - 12, y + 4, case["title"], "end"))
        ends = [place(latency(best(case, engine)[1])) for engine in case["engines"]]
        parts.append(_line(min(ends), y, max(ends), y, "#bbb", 2))
        for engine in reversed(ENGINES):  # Linnet last, on top
            if engine not in case["engines"]:
                continue
            threads, figures = best(case, engine)
            note = f"{NAMES[engine]}: {time_text(latency(figures))}, threads: {threads}"
            parts.append(
                f'<circle cx="{place(latency(figures)):.1f}" cy="{y:.1f}" r="{7 if engine == "linnet" else 5.5}" '
                f'fill="{COLOURS[engine]}"><title>{escape(note)}</title></circle>'
            )
        share = ratio(case, latency)
        colour = AHEAD if share is not None and share < 1 else BEHIND
        parts.append(_text(WIDTH - 20, y + 4, "-" if share is None else f"{share:.2f}", "end", colour, "bold"))
    return _document(bottom + 30, "Latency of one run, median (left is faster)", parts)


def roofline_svg(results: dict) -> str:
    """Two bars per case: the share of the machine's operations per second and of its bytes per second that Linnet
    reaches. A model is as fast as the machine allows where one of the two is near 100 %."""
    rows = [(case, roofline(case)) for case in results["cases"]]
    rows = [(case, shares) for case, shares in rows if shares is not None]
    bottom = TOP + ROW * len(rows)
    full = 1.25  # a bar that would be longer ends there; its number tells

    def place(share: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(share, full) / full

    bars = (("arithmetic", "#c2410c"), ("reading the weights", "#0f766e"))
    parts = []
    for number, (label, colour) in enumerate(bars):
        parts.append(f'<rect x="{20 + number * 130}" y="37" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(38 + number * 130, 48, label))
    for tick in range(6):
        parts.append(_line(place(tick / 4), TOP - 6, place(tick / 4), bottom, "#999" if tick == 4 else "#ddd"))
        parts.append(_text(place(tick / 4), bottom + 16, f"{25 * tick} %", "middle", "#555"))
    for number, (case, shares) in enumerate(rows):
        y = TOP + ROW * number
        parts.append(_text(LEFT - 12, y + ROW / 2 + 4, case["title"], "end"))
        for bar, share in enumerate(shares):
            top = y + 5 + bar * 12
            parts.append(
                f'<rect x="{LEFT}" y="{top:.1f}" width="{max(place(share) - LEFT, 0.5):.1f}" height="11" '
                f'fill="{bars[bar][1]}"/>'
            )
            parts.append(_text(place(share) + 5, top + 10, f"{100 * share:.0f} %", fill="#555"))
    return _document(bottom + 30, "Linnet's share of the roofline, measured in the same run", parts)
