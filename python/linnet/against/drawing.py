"""Bar charts as SVG, with nothing but the standard library: text that fits its place, and colours for light and for dark
backgrounds."""

from __future__ import annotations

from xml.sax.saxutils import escape

FONT = 12.0
WIDTH, MARGIN = 980, 20
TOP = 132  # title, two lines that explain, the legend, the label of the mark
BAR, GAP = 13, 12
MOST_TITLE = 300  # pixels for the name of a group
COLUMN = 70  # of numbers beside the bars

# A viewer with a dark background gets the second set; either is drawn on its own ground.
_LIGHT = {
    "text": "fill: #1f2328",
    ".soft": "fill: #57606a",
    ".ground": "fill: #ffffff",
    ".grid": "stroke: #d0d7de",
    ".mark": "stroke: #1f2328",
    ".cut": "stroke: #ffffff",
    ".linnet": "fill: #c2410c",
    ".onnxruntime": "fill: #2563eb",
    ".openvino": "fill: #7c3aed",
    ".torch": "fill: #64748b",
    ".reading": "fill: #0f766e",
    ".other": "fill: #64748b",
}
_DARK = {
    "text": "fill: #e6edf3",
    ".soft": "fill: #9da7b3",
    ".ground": "fill: #0d1117",
    ".grid": "stroke: #30363d",
    ".mark": "stroke: #e6edf3",
    ".cut": "stroke: #0d1117",
    ".linnet": "fill: #f97316",
    ".onnxruntime": "fill: #60a5fa",
    ".openvino": "fill: #a78bfa",
    ".torch": "fill: #94a3b8",
    ".reading": "fill: #2dd4bf",
    ".other": "fill: #94a3b8",
}


def _rules(colours: dict[str, str]) -> str:
    return "\n".join(f"{selector} {{ {rule}; }}" for selector, rule in colours.items())


def _width_of(character: str) -> float:
    """In parts of the font's size: for DejaVu Sans, the widest of the usual sans-serif fonts, or a little more."""
    if character in "ijl|.,:;'!()[] /\\-Itfr":
        return 0.42
    if character in "mwMW%@&":
        return 1.0
    if character.isupper() or character in "+=<>#~÷":
        return 0.84
    return 0.65 if ord(character) < 0x1100 else 1.05


def text_width(text: str, size: float = FONT, bold: bool = False) -> float:
    """Pixels that the text takes at most."""
    return size * sum(map(_width_of, text)) * (1.15 if bold else 1.0)


def fitted(text: str, width: float, size: float = FONT, bold: bool = False) -> str:
    """The text, or as much of its beginning and end as fits `width` pixels around an ellipsis."""
    if text_width(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        shorter = text[: (kept + 1) // 2] + "…" + text[len(text) - kept // 2 :]
        if text_width(shorter, size, bold) <= width:
            return shorter
    return ""


def text(x: float, y: float, content: str, anchor: str = "start", style: str = "", bold: bool = False, size: float = FONT) -> str:
    """One line of text. style: classes of the style sheet, separated by blanks."""
    more = f' class="{style}"' if style else ""
    more += ' font-weight="bold"' if bold else ""
    more += f' font-size="{size:g}"' if size != FONT else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str, width: float = 1.0) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}" stroke-width="{width:g}"/>'


def box(x: float, y: float, width: float, height: float, style: str, tip: str = "") -> str:
    """A filled rectangle, with what a viewer shows while the pointer is on it."""
    title = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{style}">{title}</rect>'


def document(width: float, height: float, parts: list[str]) -> str:
    """The whole drawing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="{FONT:g}">\n'
        f"<style>\n{_rules(_LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{_rules(_DARK)}\n}}\n</style>\n"
        '<rect width="100%" height="100%" class="ground"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


class Bars:
    """A chart of horizontal bars in groups, with a mark across it at 1 and the numbers of each bar in columns beside it.

    A bar of more than `full` is cut there: its numbers tell."""

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
        """Where a bar of this value ends."""
        return self.left + (self.right - self.left) * min(value, self.full) / self.full

    def heading(self, title: str, lines: list[str], legend: list[tuple[str, str]]) -> None:
        """What stands above the bars. legend: (style, text)."""
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
        """The axis below them. ticks: (value, text). mark: what the line at 1 means."""
        for value, label in ticks:
            if value != 1.0:
                self.parts.append(line(self.place(value), TOP, self.place(value), self.bottom, "grid"))
            self.parts.append(text(self.place(value), self.bottom + 17, label, "middle", "soft"))
        self.parts.append(text(self.place(1.0), TOP - 8, mark, "middle", bold=True))
        self.parts.append(text((self.left + self.right) / 2, self.bottom + 38, title, "middle"))

    def name(self, group: int, title: str) -> None:
        """What a group is of."""
        y = TOP + self.group * group + GAP / 2
        if group > 0:
            self.parts.append(line(MARGIN, y - GAP / 2, WIDTH - MARGIN, y - GAP / 2, "grid", 0.5))
        middle = y + (self.group - GAP) / 2 + 4
        self.parts.append(text(self.left - 12, middle, fitted(title, MOST_TITLE), "end"))

    def bar(self, group: int, number: int, value: float, style: str, cells: list[str], tip: str, bold: bool = False) -> None:
        """Bar `number` of a group. cells: its numbers, one for each column. tip: shown while the pointer is on it."""
        top = TOP + self.group * group + GAP / 2 + BAR * number
        end = max(self.place(value), self.left + 0.5)
        self.parts.append(box(self.left, top, end - self.left, BAR - 1, style, tip))
        if value > self.full:  # two strokes across it say that it goes on
            for gap in (10, 16):
                self.parts.append(line(end - gap - 3, top + BAR, end - gap + 3, top - 1, "cut", 2))
        for x, cell in self._columns(cells):
            self.parts.append(text(x, top + BAR - 2.5, cell, "end", "" if bold else "soft", bold, 11))

    def drawing(self) -> str:
        """The document."""
        mark = line(self.place(1.0), TOP - 2, self.place(1.0), self.bottom, "mark", 1.5)
        return document(WIDTH, self.bottom + 52, [*self.parts, mark])
