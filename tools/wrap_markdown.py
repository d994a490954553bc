#!/usr/bin/env python3
"""tools/wrap_markdown.py [--check] FILE...: wraps the running text of Markdown pages at 118 characters.

Paragraphs and list items are wrapped; headings, tables, code and comments stay as they are. With --check nothing is
written: lines of more than 120 characters that are no rows of tables are printed, and the exit status is 1 if there are
any.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from pathlib import Path

WIDTH = 118  # what is wrapped
MOST = 120  # what is allowed

ITEM = re.compile(r"^(\s*)([-*]|\d+\.) +(.*)$")
AS_IT_IS = ("|", "#", "<", "![")
BLANK = "\0"  # stands for a blank in a code span, which is not broken


def _wrapped(lines: list[str], first: str, rest: str) -> str:
    text = " ".join(line.strip() for line in lines)
    text = re.sub(r"`[^`]*`", lambda span: span.group(0).replace(" ", BLANK), text)
    options = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, **options).replace(BLANK, " ")


def wrap(page: str) -> str:
    """The page with its running text wrapped; its words and their order stay."""
    out: list[str] = []
    paragraph: list[str] = []
    first = rest = ""
    code = False

    def flush() -> None:
        if paragraph:
            out.append(_wrapped(paragraph, first, rest))
            paragraph.clear()

    for line in page.split("\n"):
        fence = line.lstrip().startswith("```")
        indented = line.startswith("    ") and not paragraph
        item = ITEM.match(line)
        if fence or code or indented or not line.strip() or line.startswith(AS_IT_IS):
            flush()
            out.append(line)
            code = code != fence
        elif item:
            flush()
            first = f"{item.group(1)}{item.group(2)} "
            rest = " " * len(first)
            paragraph.append(item.group(3))
        else:
            if not paragraph:
                first = rest = ""
            paragraph.append(line)
    flush()
    return "\n".join(out)


def long_lines(page: str) -> list[int]:
    """Numbers of the lines that are too long, from 1 on. A row of a table is one line, however long."""
    lines = enumerate(page.split("\n"), 1)
    return [number for number, line in lines if len(line) > MOST and not line.startswith("|")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--check", action="store_true", help="only say which lines are too long")
    options = parser.parse_args()
    failed = False
    for path in options.pages:
        page = path.read_text(encoding="utf-8")
        if options.check:
            for number in long_lines(page):
                print(f"{path}:{number}: more than {MOST} characters")
                failed = True
        elif wrap(page) != page:
            path.write_text(wrap(page), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
