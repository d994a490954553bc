"""Draws the results of one CPU as SVG."""

from __future__ import annotations

import math

from cases import ENGINES, NAMES
from figures import best, best_peer, latency, roofline
from machine import machine_name
from svg import box, document, fitted, line, text, text_width

WIDTH, MARGIN = 980, 20
TOP = 132  # title, two lines that explain, the legend, the label of the mark
BAR, GAP = 13, 12
MOST_TITLE = 300  # pixels for the name of a model
COLUMN = 70  # of numbers beside the bars
FULL_RATIO = 2.5  # a bar that would be longer is cut there
FULL_SHARE = 1.25


def time_text(microseconds: float) -> str:
    """Three digits with the unit that suits them: "0.231 µs", "84.2 ms"."""
    for unit, scale in (("µs", 1.0), ("ms", 1e3)):
        if microseconds < 1e3 * scale or unit == "ms":
            value = microseconds / scale
            digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 2
            return f"{value:.{digits}f} {unit}"
    raise AssertionError("unreachable")


def ratio_text(ratio: float) -> str:
    """"0.08", "123", "> 9999"."""
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}" if ratio < 9999.5 else "> 9999"


class _Bars:
    """A chart of horizontal bars in groups, one group for each model, with a mark across it at 1 and the numbers of each
    bar in columns beside it."""

    def __init__(self, titles: list[str], bars_of_group: int, full: float, columns: list[str]) -> None:
        widest = max((text_width(title) for title in titles), default=0.0)
        self.left = MARGIN + min(max(widest, 120.0), MOST_TITLE) + 12
        self.right = WIDTH - MARGIN - COLUMN * len(columns) - 12
        self.full = full
        self.group = BAR * bars_of_group + GAP
        self.bottom = TOP + self.group * len(titles) + GAP / 2
        self.parts = [text(x, TOP - 8, column, "end", "soft") for x, column in self._columns(columns)]

    @staticmethod
    def _columns(cells: list[str]) -> list[tuple[float, str]]:
        """Where each cell ends."""
        return [(WIDTH - MARGIN - COLUMN * (len(cells) - 1 - number), cell) for number, cell in enumerate(cells)]

    def place(self, value: float) -> float:
        return self.left + (self.right - self.left) * min(value, self.full) / self.full

    def heading(self, title: str, lines: list[str], legend: list[tuple[str, str]]) -> None:
        """legend: (style, text)."""
        room = WIDTH - 2 * MARGIN
        self.parts.append(text(MARGIN, 26, fitted(title, room, 16, bold=True), bold=True, size=16))
        for number, explanation in enumerate(lines):
            self.parts.append(text(MARGIN, 48 + 17 * number, fitted(explanation, room), style="soft"))
        x = float(MARGIN)
        for style, name in legend:
            self.parts.append(box(x, 82, 12, 12, style))
            self.parts.append(text(x + 18, 92, name))
            x += 18 + text_width(name) + 22

    def axis(self, ticks: list[tuple[float, str]], mark: str, title: str) -> None:
        """ticks: (value, text). mark: what the line at 1 means."""
        for value, label in ticks:
            if value != 1.0:
                self.parts.append(line(self.place(value), TOP, self.place(value), self.bottom, "grid"))
            self.parts.append(text(self.place(value), self.bottom + 17, label, "middle", "soft"))
        self.parts.append(text(self.place(1.0), TOP - 8, mark, "middle", bold=True))
        self.parts.append(text((self.left + self.right) / 2, self.bottom + 38, title, "middle"))

    def name(self, group: int, title: str) -> None:
        y = TOP + self.group * group + GAP / 2
        if group > 0:
            self.parts.append(line(MARGIN, y - GAP / 2, WIDTH - MARGIN, y - GAP / 2, "grid", 0.5))
        middle = y + (self.group - GAP) / 2 + 4
        self.parts.append(text(self.left - 12, middle, fitted(title, MOST_TITLE), "end"))

    def bar(self, group: int, number: int, value: float, style: str, cells: list[str], tip: str, bold: bool = False) -> None:
        top = TOP + self.group * group + GAP / 2 + BAR * number
        end = max(self.place(value), self.left + 0.5)
        self.parts.append(box(self.left, top, end - self.left, BAR - 1, style, tip))
        if value > self.full:  # two strokes across it say that it goes on
            for gap in (10, 16):
                self.parts.append(line(end - gap - 3, top + BAR, end - gap + 3, top - 1, "cut", 2))
        for x, cell in self._columns(cells):
            self.parts.append(text(x, top + BAR - 2.5, cell, "end", "" if bold else "soft", bold, 11))

    def drawing(self) -> str:
        mark = line(self.place(1.0), TOP - 2, self.place(1.0), self.bottom, "mark", 1.5)
        return document(WIDTH, self.bottom + 52, [*self.parts, mark])


def latency_svg(results: dict) -> str:
    """A group of bars for each model, one for each engine: its time of a run by that of the fastest engine other than
    Linnet."""
    cases = [case for case in results["cases"] if best_peer(case, latency) is not None]
    chart = _Bars([case["title"] for case in cases], len(ENGINES), FULL_RATIO, ["ratio", "time"])
    chart.heading(
        f"Time of one run on {machine_name(results['machine'])}",
        [
            "Shorter is faster. Each model's fastest engine other than Linnet is 1: where Linnet's bar ends below 1, Linnet is faster.",
            "Medians; every engine with the better of 1 and 2 threads. Bars of more than 2.5 are cut: their numbers tell.",
        ],
        [(engine, NAMES[engine]) for engine in ENGINES],
    )
    ticks = [(tick / 2, f"{tick / 2:g}") for tick in range(int(2 * FULL_RATIO) + 1)]
    chart.axis(ticks, "below 1: Linnet is faster", "time of a run ÷ that of the fastest engine other than Linnet")
    for group, case in enumerate(cases):
        chart.name(group, case["title"])
        peer = best_peer(case, latency)[1]
        for number, engine in enumerate(ENGINES):
            found = best(case, engine)
            if found is None:
                continue
            threads, figures = found
            ratio = latency(figures) / peer
            tip = f"{NAMES[engine]}: {time_text(latency(figures))}, threads: {threads}"
            cells = [ratio_text(ratio), time_text(latency(figures))]
            chart.bar(group, number, ratio, engine, cells, tip, bold=engine == "linnet")
    return chart.drawing()


def roofline_svg(results: dict) -> str:
    """Two bars for each model: the share of the machine's operations per second and of its bytes per second that Linnet
    reaches. A model is as fast as the machine allows where one of the two is near 100 %."""
    rows = [(case, roofline(case)) for case in results["cases"]]
    rows = [(case, shares) for case, shares in rows if shares is not None]
    chart = _Bars([case["title"] for case, _ in rows], 2, FULL_SHARE, ["share"])
    bars = (("linnet", "arithmetic"), ("reading", "reading the weights"))
    chart.heading(
        f"How near Linnet comes to the limits of {machine_name(results['machine'])}",
        [
            "100 % is the most that the machine does when it does nothing else, measured in the same rounds.",
            "Where one of a model's two bars is near 100 %, no engine can be much faster on this machine.",
        ],
        [
            ("linnet", "arithmetic: multiply-adds a second"),
            ("reading", "reading the weights: bytes a second"),
        ],
    )
    ticks = [(tick / 4, f"{25 * tick} %") for tick in range(int(4 * FULL_SHARE) + 1)]
    chart.axis(ticks, "100 %: the machine's limit", "share of the machine's limit that Linnet reaches")
    for group, (case, shares) in enumerate(rows):
        chart.name(group, case["title"])
        for number, share in enumerate(shares):
            style, what = bars[number]
            tip = f"{what}: {100 * share:.1f} % of the limit"
            chart.bar(group, number, share, style, [f"{100 * share:.0f} %"], tip)
    return chart.drawing()
