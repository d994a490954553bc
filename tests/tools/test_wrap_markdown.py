"""tools/wrap_markdown.py: running text is wrapped, everything else stays."""

import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tools"))

from wrap_markdown import MOST, long_lines, wrap  # noqa: E402


class Wrap(unittest.TestCase):
    def test_paragraphs_and_items_are_wrapped(self):
        page = "word " * 60 + "\n\n- " + "item " * 40 + "\n  more of it\n- next\n\n1. " + "one " * 50 + "\n"
        lines = wrap(page).split("\n")
        self.assertTrue(all(len(line) <= MOST for line in lines))
        self.assertEqual(" ".join(wrap(page).split()), " ".join(page.split()))
        self.assertIn("- next", lines)
        self.assertTrue(any(line.startswith("  ") and line.endswith("more of it") for line in lines))

    def test_what_is_no_running_text_stays(self):
        long = "x " * 100
        for part in (f"# {long}", f"| {long} |", f"    {long}", f"```cpp\n{long}\n\n- {long}\n```", f"<!-- {long} -->"):
            self.assertEqual(wrap(part + "\n"), part + "\n")

    def test_code_spans_are_not_broken(self):
        page = "word " * 22 + "`a b c d e f g h i j` and more"
        self.assertIn("`a b c d e f g h i j`", wrap(page))

    def test_twice_is_once(self):
        for path in sorted((REPOSITORY / "docs").glob("*.md")):
            page = path.read_text(encoding="utf-8")
            self.assertEqual(wrap(wrap(page)), wrap(page), path.name)
            self.assertEqual(wrap(page).split(), page.split(), path.name)

    def test_long_lines(self):
        self.assertEqual(long_lines("a" * 120 + "\n" + "b" * 121 + "\n| " + "c" * 200 + "\n"), [2])


if __name__ == "__main__":
    unittest.main()
