"""tools/bench/report.py and compare.py: the page that is written from results, of one CPU and of several."""

import json
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from samples import REPOSITORY, figures, of_cpu, results, two_cpus

import report
from bench import add, read, write
from compare import compare
from markdown import table

NAME = "A CPU (Zen 4)"


def page_of(sample: dict) -> str:
    return report.report({NAME: sample})


class Report(unittest.TestCase):
    def test_table_escapes_bars(self):
        self.assertEqual(table(["a", "b"], [["1|2", "3"]]), "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |\n")

    def test_says_when_linnet_is_ahead_everywhere(self):
        page = page_of(results())
        self.assertIn("Linnet has the least latency, the shortest time to the first result and the least memory", page)
        self.assertIn("Every goal is reached.", page)
        self.assertNotIn("behind", page)
        self.assertIn("| 16-32-32-1, batch 1 | 0.200 µs | 2.00 µs | 5.00 µs | 20.0 µs | **0.10** (goal 0.15) |", page)

    def test_whole_networks_have_a_table_with_their_means(self):
        sample = results()
        self.assertNotIn("Whole networks", page_of(sample))
        fast = {"linnet": {"1": figures(2.0)}, "onnxruntime": {"1": figures(8.0)}, "openvino": {"1": figures(4.0)}}
        slow = {"linnet": {"2": figures(8.0)}, "onnxruntime": {"1": figures(4.0)}}
        cases = [
            {"name": "b", "title": "B", "engines": slow, "errors": {"openvino": "no"}},
            {"name": "a", "title": "A", "engines": fast, "errors": {}, "flops": 2e5, "stream_bytes": 0},
        ]
        cases[1]["peaks"] = {"1": {"multiply_add": 1e11, "read": 1e11}, "2": {"multiply_add": 2e11, "read": 1e11}}
        sample["networks"] = {"date": "2026-01-02", "rounds": 3, "seconds": 0.2, "cases": cases}
        page = page_of(sample)
        self.assertIn("2026-01-02; 3 rounds", page)
        self.assertIn("Linnet is the fastest in 1 of 2.", page)
        self.assertIn(f"behind** at:\n\n- {NAME}, 1 of 2 whole networks: up to 2.00 times the latency\n", page)
        first = page.index("| A | 2.00 µs | 8.00 µs | 4.00 µs | **0.50** | 0.25 |")
        self.assertLess(first, page.index("| B | 8.00 µs | 4.00 µs | refused | 2.00 | - |"))
        self.assertIn("| geometric mean |  |  |  | 1.00 |  |", page)
        self.assertNotIn("layers-", page)
        self.assertNotIn("network, one sample", report.readme_table({NAME: sample}))
        cases[1]["name"] = "resnet50"
        readme = report.readme_table({NAME: sample, "Other": results()})
        self.assertIn(f"| network, one sample | {NAME} |\n| --- | --- |\n| A | **0.50** (2.00 µs; OpenVINO) |\n", readme)
        cases[1]["name"] = "a"
        cases[1]["layers"] = [{"title": "Conv [1,64]", "us": 1.0, "flops": 1000}]
        self.assertIn("(benchmarks/layers-a-a-cpu-zen-4.svg)", page_of(sample))

    def test_a_cpu_may_have_nothing_but_networks(self):
        sample = results()
        engines = {"linnet": {"1": figures(2.0)}, "openvino": {"1": figures(4.0)}}
        networks = {"date": "2026-01-02", "rounds": 3, "seconds": 0.2}
        networks["cases"] = [{"name": "a", "title": "A", "engines": engines, "errors": {}}]
        alone = {"cases": [], "machine": sample["machine"], "versions": sample["versions"], "quick": False}
        page = report.report({"First": sample, "Second": {**alone, "networks": networks}})
        second = page[page.index("## Second") :]
        self.assertIn("### Whole networks on Second", second)
        self.assertIn("| Second, 2 CPUs, AVX-512, AVX512_BF16 | 1 of 1 | **0.50** |", page)
        self.assertNotIn("### Latency on Second", second)
        self.assertNotIn("latency-second.svg", page)
        self.assertIn("| model | First |\n", page)

    def test_networks_stay_when_the_rest_is_measured_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            docs = Path(folder)
            sample = results()
            add(sample, docs)
            name = next(iter(read(docs)))
            machines = read(docs)
            machines[name]["networks"] = {"date": "2026-01-02", "rounds": 3, "seconds": 0.2, "cases": []}
            write(machines, docs)
            add(sample, docs)
            self.assertEqual(read(docs)[name]["networks"]["date"], "2026-01-02")

    def test_weights_in_other_places_stand_beside_each_other(self):
        page = page_of(results())
        self.assertIn("Linnet on 1024-4096-4096-1000, batch 1 with one thread.", page)
        self.assertIn("| weights | load | first result | peak memory |", page)
        self.assertIn("| inside the model | ", page)
        sample = results()
        del sample["weights"]  # results of before
        self.assertNotIn("Weights in other places", page_of(sample))

    def test_opens_with_who_is_fastest_on_which_cpu(self):
        page = page_of(results())
        row = f"| {NAME}, 2 CPUs, AVX-512, AVX512_BF16 | 1 of 1 | 0.10 to 0.10 | 0.05 to 0.05 | 0.17 to 0.17 |"
        self.assertIn(row, page)
        self.assertLess(page.index(row), page.index("![Time of one run on"))
        self.assertLess(page.index("ratio to the best peer"), page.index("![Time of one run on"))
        self.assertLess(page.index("beside ONNX Runtime 1.32.0, OpenVINO 2026.4.1 and PyTorch 2.13.0"), page.index(row))

    def test_says_first_where_linnet_is_behind_and_last_which_goals_it_misses(self):
        sample = results()
        sample["cases"][0]["engines"]["linnet"] = {"1": figures(3.0, 5.0, 0.1)}
        page = page_of(sample)
        line = f"Linnet is **behind** at:\n\n- {NAME}, 16-32-32-1, batch 1: 1.50 times the latency of ONNX Runtime"
        missed = f"| {NAME} | latency of 16-32-32-1, batch 1, ratio to the best peer | 1.50 | at most 0.15 |"
        self.assertLess(page.index(line), page.index("![Time of one run on"))
        self.assertGreater(page.index(missed), page.index("## How it is measured"))
        self.assertIn("| 1.50 (goal 0.15) |", page)

    def test_every_metric_in_which_linnet_is_behind_is_told(self):
        sample = results()
        sample["cases"][0]["engines"]["linnet"] = {"1": figures(0.2, rss=60.0, load=4.0)}
        page = page_of(sample)
        self.assertIn(f"- {NAME}, 16-32-32-1, batch 1: 2.00 times the time to the first result of PyTorch", page)
        self.assertIn(f"- {NAME}, 16-32-32-1, batch 1: 2.00 times the peak memory of ONNX Runtime", page)
        self.assertNotIn("times the latency of", page)

    def test_a_missed_goal_is_told_with_its_limits(self):
        sample = results()
        case = sample["cases"][0]
        case["engines"]["linnet"] = {"1": figures(1.0, 5.0, 0.1)}
        case["peaks"]["1"]["multiply_add"] = 3136 / 0.2e-6
        case["activations"] = [["sigmoid/2048", 0.2]]
        row = (
            "16-32-32-1, batch 1, ratio to the best peer | 0.50 | at most 0.15 | its products alone, at the machine's peak, "
            "take 0.10; with activations at the speed of the fastest kernel known 0.20 (past the goal) |\n"
        )
        self.assertIn(row, page_of(sample))

    def test_a_case_that_linnet_refuses_is_told_with_its_reason(self):
        sample = results()
        del sample["cases"][0]["engines"]["linnet"]
        sample["cases"][0]["errors"]["linnet"] = "not available"
        page = page_of(sample)
        self.assertIn(f"- {NAME}, 16-32-32-1, batch 1: no comparison (not available)", page)
        self.assertIn("| 16-32-32-1, batch 1 | - | 2.00 µs |", page)

    def test_names_machine_versions_and_date(self):
        page = page_of(results())
        for part in ("2026-01-02", "A CPU, Zen 4 cores, 2 CPUs; AVX-512", "ONNX Runtime 1.32.0", "200 GFLOP/s with 2"):
            self.assertIn(part, page)

    def test_a_quick_run_says_so_before_its_figures(self):
        sample = results()
        self.assertNotIn("quick run", page_of(sample))
        sample["quick"] = True
        page = page_of(sample)
        self.assertLess(page.index("quick run"), page.index("### Latency"))

    def test_lines_are_short_but_for_tables(self):
        for line in report.report(two_cpus()).splitlines():
            if not line.startswith("|"):
                self.assertLessEqual(len(line), 120, line)

    def test_two_results_side_by_side(self):
        new = results()
        new["cases"][0]["engines"]["linnet"] = {"1": figures(0.4, 5.0, 0.1)}
        new["kernels"][0]["us"] = 1.5
        text = compare({NAME: results()}, {NAME: new})
        self.assertIn(f"| {NAME} | 16-32-32-1, batch 1 | latency, ratio | 0.1 | 0.2 | 2.00 |", text)
        self.assertIn(f"| {NAME} | sigmoid/2048 | microseconds | 1 | 1.5 | 1.50 |", text)
        new["cases"] = new["kernels"] = []
        self.assertEqual(len(compare({NAME: results()}, {NAME: new}).splitlines()), 2)

    def test_results_of_different_cpus_are_not_compared(self):
        self.assertEqual(len(compare({NAME: results()}, {"B": results()}).splitlines()), 2)


class SeveralCpus(unittest.TestCase):
    def test_their_ratios_stand_beside_each_other(self):
        page = report.report(two_cpus())
        self.assertIn("| model | A CPU (Zen 4) | B Xeon (Sapphire Rapids) |", page)
        row = "| 16-32-32-1, batch 1 | **0.10** (0.200 µs; ONNX Runtime) | 1.50 (3.00 µs; ONNX Runtime) |"
        self.assertIn(row, page)
        self.assertIn(row, report.readme_table(two_cpus()))

    def test_a_case_that_one_of_them_lacks_leaves_its_cell_empty(self):
        machines = two_cpus()
        machines["B Xeon (Sapphire Rapids)"]["cases"][0]["title"] = "another"
        page = report.report(machines)
        self.assertIn("| 16-32-32-1, batch 1 | **0.10** (0.200 µs; ONNX Runtime) | - |", page)
        self.assertIn("| another | - | 1.50 (3.00 µs; ONNX Runtime) |", page)

    def test_every_table_of_figures_names_its_cpu(self):
        page = report.report(two_cpus())
        for what in ("Latency", "Time to first result", "Peak memory", "Tail", "Overhead and manners"):
            for name in two_cpus():
                self.assertIn(f"### {what} on {name}\n", page)

    def test_only_the_cpu_that_is_behind_is_called_so(self):
        page = report.report(two_cpus())
        self.assertIn("- B Xeon (Sapphire Rapids), 16-32-32-1, batch 1: 1.50 times the latency of ONNX Runtime", page)
        self.assertNotIn("- A CPU (Zen 4), 16-32-32-1", page)
        self.assertIn("| A CPU (Zen 4), 2 CPUs, AVX-512, AVX512_BF16 | 1 of 1 |", page)
        self.assertIn("| B Xeon (Sapphire Rapids), 2 CPUs, AVX-512, AMX | 0 of 1 |", page)

    def test_measuring_adds_a_cpu_and_keeps_the_others(self):
        with tempfile.TemporaryDirectory() as folder:
            docs = Path(folder)
            add(results(), docs)
            add(of_cpu("B Xeon", "Sapphire Rapids", 3.0), docs)
            self.assertEqual(read(docs), two_cpus())
            page = (docs / "benchmarks.md").read_text()
            for name in ("a-cpu-zen-4", "b-xeon-sapphire-rapids"):
                for kind in ("latency", "roofline"):
                    self.assertIn(f"](benchmarks/{kind}-{name}.svg)", page)
                    ElementTree.parse(docs / "benchmarks" / f"{kind}-{name}.svg")

    def test_measuring_the_same_cpu_again_takes_the_place_of_the_old(self):
        with tempfile.TemporaryDirectory() as folder:
            docs = Path(folder)
            for microseconds in (3.0, 1.0):
                add(of_cpu("B Xeon", "Sapphire Rapids", microseconds), docs)
            add(results(), docs)
            machines = read(docs)
            self.assertEqual(list(machines), ["B Xeon (Sapphire Rapids)", NAME])
            case = machines["B Xeon (Sapphire Rapids)"]["cases"][0]
            self.assertEqual(case["engines"]["linnet"]["1"]["p50_us"], 1.0)


class Readme(unittest.TestCase):
    def test_it_gets_its_tables_and_keeps_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            readme = Path(folder) / "README.md"
            readme.write_text("before\n<!-- make bench writes this table -->\n\nold\n\n<!-- end -->\nafter\n")
            write({NAME: results()}, Path(folder) / "docs")
            text = readme.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("<!-- end -->\nafter\n"), text)
        self.assertIn("| 16-32-32-1, batch 1 | **0.10** (0.200 µs; ONNX Runtime) |\n\n<!-- end -->", text)
        self.assertNotIn("old", text)

    def test_what_is_committed_is_made_from_the_results(self):
        docs = REPOSITORY / "docs"
        self.assertIn(report.readme_table(read(docs)), (REPOSITORY / "README.md").read_text())
        with tempfile.TemporaryDirectory() as folder:
            write(read(docs), Path(folder))
            for made in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
                name = made.relative_to(folder)
                self.assertEqual(made.read_text(), (docs / name).read_text(), f"{name}: bench.py --rewrite")


if __name__ == "__main__":
    unittest.main()
