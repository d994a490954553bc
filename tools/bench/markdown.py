"""Pieces of the pages that tools/bench writes."""

from __future__ import annotations

import math
import re
import statistics
import textwrap

from pictures import time_text

LINE = 118  # characters of the page's lines; rows of tables are as long as they must be


def paragraph(text: str) -> str:
    """One paragraph of running text, wrapped; ends with a newline."""
    return textwrap.fill(" ".join(text.split()), LINE, break_long_words=False, break_on_hyphens=False) + "\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; ends with a newline. A "|" in a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def share_text(share: float | None, goal: float | None = None, bold_below: float = 1.0) -> str:
    """"**0.31** (goal 0.90)"; bold where Linnet is ahead."""
    if share is None:
        return "-"
    text = f"**{share:.2f}**" if share < bold_below else f"{share:.2f}"
    return text if goal is None else f"{text} (goal {goal:.2f})"


def megabytes(count: float) -> str:
    """"12.3 MB"."""
    return f"{count / 2**20:.1f} MB"


def milliseconds(value: float) -> str:
    """Of a time in milliseconds."""
    return time_text(value * 1e3)


def span(values: list[float | None]) -> str:
    """"0.08 to 0.94"."""
    known = [value for value in values if value is not None]
    return f"{min(known):.2f} to {max(known):.2f}" if known else "-"


def geometric_mean(values: list[float | None]) -> float | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return math.exp(statistics.fmean(map(math.log, known))) if known else None


def cpu_label(name: str, results: dict) -> str:
    """"AMD EPYC (Zen 4), 2 CPUs, AVX-512, AVX512_BF16"."""
    machine = results["machine"]
    return f"{name}, {machine['cpus']} CPUs, {machine['instructions']}"


def picture_name(kind: str, name: str) -> str:
    """Of the picture of one CPU: "latency-amd-epyc-zen-4.svg"."""
    return f"{kind}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.svg"
