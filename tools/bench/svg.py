"""Pieces of SVG: text that fits its place, and colours for light and for dark backgrounds."""

from __future__ import annotations

from xml.sax.saxutils import escape

FONT = 12.0

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
