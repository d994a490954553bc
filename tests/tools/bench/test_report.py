"""tools/bench/report.py and pictures.py: the page and the pictures that are written from results."""

import json
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from samples import REPOSITORY, figures, results

import pictures
import report
from bench import write
from compare import compare

SVG = "{http://www.w3.org/2000/svg}"


def circles_and_titles(svg: str) -> tuple[dict[str, float], ElementTree.Element]:
    """x of every dot by the text that it shows, and the drawing."""
    root = ElementTree.fromstring(svg)
    dots = {dot.findtext(f"{SVG}title"): float(dot.get("cx")) for dot in root.iter(f"{SVG}circle")}
    return {note: x for note, x in dots.items() if note}, root


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text for text in root.iter(f"{SVG}text")]


class Report(unittest.TestCase):
    def test_table_escapes_bars(self):
        self.assertEqual(report.table(["a", "b"], [["1|2", "3"]]), "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |\n")

    def test_says_when_linnet_is_ahead_everywhere(self):
        page = report.report(results())
        self.assertIn("Linnet has the least latency, the shortest time to the first result and the least memory", page)
        self.assertIn("Every goal is reached.", page)
        self.assertNotIn("behind", page)
        self.assertIn("| 16-32-32-1, batch 1 | 0.200 µs | 2.00 µs | 5.00 µs | 20.0 µs | **0.10** (goal 0.15) |", page)

    def test_says_first_where_linnet_is_behind(self):
        sample = results()
        sample["cases"][0]["engines"]["linnet"] = {"1": figures(3.0, 5.0, 0.1)}
        page = report.report(sample)
        behind = page.index("Linnet is **behind** at:\n\n- 16-32-32-1, batch 1: 1.50 times the latency of ONNX Runtime")
        missed = page.index("- latency of 16-32-32-1, batch 1, by the best peer's: 1.50, goal at most 0.15")
        self.assertLess(behind, missed)
        self.assertLess(missed, page.index("![Latency"))
        self.assertIn("| 1.50 (goal 0.15) |", page)

    def test_every_metric_in_which_linnet_is_behind_is_told(self):
        sample = results()
        sample["cases"][0]["engines"]["linnet"] = {"1": figures(0.2, rss=60.0, load=4.0)}
        page = report.report(sample)
        self.assertIn("- 16-32-32-1, batch 1: 2.00 times the time to the first result of PyTorch", page)
        self.assertIn("- 16-32-32-1, batch 1: 2.00 times the peak memory of ONNX Runtime", page)
        self.assertNotIn("times the latency of", page)

    def test_a_missed_goal_is_told_with_its_limits(self):
        sample = results()
        case = sample["cases"][0]
        case["engines"]["linnet"] = {"1": figures(1.0, 5.0, 0.1)}
        case["peaks"]["1"]["multiply_add"] = 3136 / 0.2e-6
        case["activations"] = [["sigmoid/2048", 0.2]]
        line = (
            "16-32-32-1, batch 1, by the best peer's: 0.50, goal at most 0.15; its products alone, at the machine's peak, "
            "take 0.10; with activations at the speed of the fastest kernel known 0.20 (past the goal already)\n"
        )
        self.assertIn(line, report.report(sample))

    def test_the_readme_gets_its_table_and_keeps_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            readme = Path(folder) / "README.md"
            readme.write_text("before\n<!-- make bench writes this table -->\n\nold\n\n<!-- end -->\nafter\n")
            write(results(), Path(folder) / "docs")
            text = readme.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("<!-- end -->\nafter\n"), text)
        self.assertIn("| 16-32-32-1, batch 1 | 0.200 µs | 2.00 µs | **0.10** | **0.17** |\n\n<!-- end -->", text)
        self.assertNotIn("old", text)

    def test_the_table_in_our_readme_is_that_of_the_results(self):
        measured = json.loads((REPOSITORY / "docs" / "benchmarks" / "results.json").read_text())
        self.assertIn(report.readme_table(measured), (REPOSITORY / "README.md").read_text())

    def test_two_results_side_by_side(self):
        new = results()
        new["cases"][0]["engines"]["linnet"] = {"1": figures(0.4, 5.0, 0.1)}
        new["kernels"][0]["us"] = 1.5
        text = compare(results(), new)
        self.assertIn("| 16-32-32-1, batch 1 | latency / best peer | 0.1 | 0.2 | 2.00 |", text)
        self.assertIn("| sigmoid/2048 | microseconds | 1 | 1.5 | 1.50 |", text)
        new["cases"] = new["kernels"] = []
        self.assertEqual(len(compare(results(), new).splitlines()), 2)

    def test_a_case_that_linnet_refuses_is_told_with_its_reason(self):
        sample = results()
        del sample["cases"][0]["engines"]["linnet"]
        sample["cases"][0]["errors"]["linnet"] = "not available"
        page = report.report(sample)
        self.assertIn("- 16-32-32-1, batch 1: no comparison (not available)", page)
        self.assertIn("| 16-32-32-1, batch 1 | - | 2.00 µs |", page)

    def test_names_machine_versions_and_date(self):
        page = report.report(results())
        for part in ("2026-01-02", "A CPU, 2 CPUs", "ONNX Runtime 1.32.0", "200 GFLOP/s with 2"):
            self.assertIn(part, page)

    def test_a_quick_run_says_so_at_the_top(self):
        sample = results()
        self.assertNotIn("quick run", report.report(sample))
        sample["quick"] = True
        self.assertLess(report.report(sample).index("quick run"), report.report(sample).index("## Latency"))

    def test_every_file_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            write(results(), Path(folder))
            page = (Path(folder) / "benchmarks.md").read_text()
            for name in ("latency.svg", "roofline.svg"):
                self.assertIn(f"](benchmarks/{name})", page)
                ElementTree.parse(Path(folder) / "benchmarks" / name)
            self.assertEqual(json.loads((Path(folder) / "benchmarks" / "results.json").read_text()), results())


class Pictures(unittest.TestCase):
    def test_times_have_three_digits(self):
        expected = {0.0135: "0.0135 µs", 0.2: "0.200 µs", 2.0: "2.00 µs", 242.4: "242 µs", 1120: "1.12 ms"}
        self.assertEqual({time: pictures.time_text(time) for time in expected}, expected)
        self.assertEqual(pictures.time_text(1234567), "1235 ms")

    def test_dots_stand_on_a_logarithmic_scale(self):
        dots, root = circles_and_titles(pictures.latency_svg(results()))
        x = {note.split(":")[0]: place for note, place in dots.items()}
        self.assertEqual(set(x), {"Linnet", "ONNX Runtime", "OpenVINO", "PyTorch"})
        # 0.2, 2 and 20 microseconds: equal distances.
        self.assertAlmostEqual(x["ONNX Runtime"] - x["Linnet"], x["PyTorch"] - x["ONNX Runtime"], delta=0.11)
        self.assertGreater(x["ONNX Runtime"], x["Linnet"])
        for label in ("0.10", "0.1 µs", "1 µs", "10 µs", "100 µs"):
            self.assertIn(label, texts(root))

    def test_an_engine_that_is_missing_has_no_dot(self):
        sample = results()
        del sample["cases"][0]["engines"]["linnet"]
        dots, root = circles_and_titles(pictures.latency_svg(sample))
        self.assertEqual(len(dots), 3)
        self.assertIn("-", texts(root))

    def test_ratios_behind_are_red_and_ahead_green(self):
        sample = results()
        self.assertIn(pictures.AHEAD, pictures.latency_svg(sample))
        self.assertNotIn(pictures.BEHIND, pictures.latency_svg(sample))
        sample["cases"][0]["engines"]["linnet"] = {"1": figures(3.0)}
        self.assertIn(pictures.BEHIND, pictures.latency_svg(sample))

    def test_bars_are_as_long_as_their_shares(self):
        root = ElementTree.fromstring(pictures.roofline_svg(results()))
        widths = [float(bar.get("width")) for bar in root.iter(f"{SVG}rect") if bar.get("height") == "11"]
        self.assertEqual(len(widths), 2)
        self.assertAlmostEqual(widths[0] / widths[1], 0.1568 / 0.3266, places=2)
        self.assertIn("16 %", texts(root))

    def test_bars_end_at_the_edge(self):
        sample = results()
        sample["cases"][0]["flops"] *= 100
        root = ElementTree.fromstring(pictures.roofline_svg(sample))
        widths = [float(bar.get("width")) for bar in root.iter(f"{SVG}rect") if bar.get("height") == "11"]
        self.assertAlmostEqual(max(widths), pictures.WIDTH - pictures.LEFT - pictures.RIGHT, places=1)
        self.assertIn("1568 %", texts(root))

    def test_no_cases_give_a_valid_drawing(self):
        sample = results()
        sample["cases"] = []
        for draw in (pictures.latency_svg, pictures.roofline_svg):
            self.assertIn("Linnet", " ".join(texts(ElementTree.fromstring(draw(sample)))))


if __name__ == "__main__":
    unittest.main()
