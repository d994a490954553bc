"""tools/bench/figures.py and measure.py: what is made of the measured figures."""

import unittest

from samples import figures, results

import figures as derived
from measure import check_agreement, medians


class Figures(unittest.TestCase):
    def test_best_thread_count_and_ratio(self):
        case = results()["cases"][0]
        self.assertEqual(derived.best(case, "openvino")[0], 2)
        self.assertEqual(derived.best_peer(case, derived.latency), ("onnxruntime", 2.0))
        self.assertAlmostEqual(derived.ratio(case, derived.latency), 0.1)
        self.assertAlmostEqual(derived.ratio(case, derived.memory), 5 / 30)

    def test_pytorch_is_no_peer_in_time_to_first_result(self):
        case = results()["cases"][0]
        self.assertEqual(derived.best_peer(case, derived.ready)[0], "onnxruntime")
        self.assertAlmostEqual(derived.ratio(case, derived.ready), 0.15 / 6.0)

    def test_a_missing_engine_has_no_ratio(self):
        case = results()["cases"][0]
        del case["engines"]["linnet"]
        self.assertIsNone(derived.best(case, "linnet"))
        self.assertIsNone(derived.ratio(case, derived.latency))
        self.assertIsNone(derived.roofline(case))

    def test_no_peaks_no_limit(self):
        sample = results()
        case = sample["cases"][0]
        self.assertGreater(derived.latency_limit(case, sample["kernels"]), 0)
        case["peaks"] = {}
        self.assertIsNone(derived.latency_limit(case, sample["kernels"]))
        self.assertIsNone(derived.roofline(case))

    def test_roofline_takes_the_peak_of_the_best_thread_count(self):
        case = results()["cases"][0]
        operations, reading = derived.roofline(case)
        self.assertAlmostEqual(operations, 3136 / 0.2e-6 / 1e11)
        self.assertAlmostEqual(reading, 6532 / 0.2e-6 / 1e11)
        case["engines"]["linnet"]["1"]["p50_us"] = 0.4
        self.assertAlmostEqual(derived.roofline(case)[0], 3136 / 0.3e-6 / 2e11)

    def test_a_limit_is_arithmetic_or_reading_whichever_takes_longer(self):
        case = results()["cases"][0]
        case["activations"] = []
        self.assertAlmostEqual(derived.latency_limit(case, []), 6532 / 1e11 * 1e6 / 2.0)
        case["peaks"]["1"]["multiply_add"] = 1e10
        self.assertAlmostEqual(derived.latency_limit(case, []), 3136 / 1e10 * 1e6 / 2.0)

    def test_all_goals_of_the_sample_are_reached(self):
        checks = derived.all_checks(results())
        self.assertEqual([check.what for check in checks if not check.reached], [])
        self.assertEqual(len(checks), 5 + 3 + 2)

    def test_each_goal_can_be_missed(self):
        sample = results()
        linnet = sample["cases"][0]["engines"]["linnet"]
        linnet["1"] = figures(1.9, rss=29.0, load=5.0) | {"p99_us": 9.0}
        linnet["2"] = figures(3.0)
        sample["overhead_us"]["linnet"] = 0.2
        sample["idle_cpu_ms"]["linnet"]["2"] = 3.0
        sample["busy_p50_us"]["linnet"]["2"] = 151.0
        sample["kernels"][0]["by_onednn"] = 1.3
        sample["kernels"][1]["of_copy"] = 0.8
        self.assertEqual([check.what for check in derived.all_checks(sample) if check.reached], [])

    def test_operators_are_held_to_the_slower_of_copy_and_arithmetic(self):
        sample = results()
        sample["kernels"][1] |= {"of_copy": 0.6, "of_in_l1": 0.95}
        self.assertTrue(all(check.reached for check in derived.kernel_checks(sample["kernels"])))
        sample["kernels"][1]["of_in_l1"] = 0.85
        missed = [check.value for check in derived.kernel_checks(sample["kernels"]) if not check.reached]
        self.assertEqual(missed, [0.85])

    def test_a_limit_counts_activations(self):
        sample = results()
        case = sample["cases"][0]
        case["peaks"]["2"] = case["peaks"]["1"]
        peer = derived.best_peer(case, derived.latency)[1]
        for tiny, threads in ((True, 1), (False, 2)):
            case["tiny"] = tiny
            case["activations"] = []
            without = derived.latency_limit(case, sample["kernels"])
            case["activations"] = [["sigmoid/2048", 0.5]]
            with_activations = derived.latency_limit(case, sample["kernels"])
            self.assertAlmostEqual(with_activations - without, 0.5 / threads / peer)

    def test_what_is_not_measured_is_not_reached(self):
        sample = results()
        sample["cases"][0]["engines"] = {}
        sample["overhead_us"] = sample["idle_cpu_ms"] = sample["busy_p50_us"] = {}
        sample["kernels"] = []
        checks = derived.all_checks(sample)
        self.assertTrue(checks)
        self.assertTrue(all(check.value is None and not check.reached for check in checks))


class Measure(unittest.TestCase):
    def test_medians(self):
        runs = [figures(3.0), figures(1.0), figures(2.0)]
        self.assertEqual(medians(runs)["p50_us"], 2.0)
        self.assertEqual(medians(runs)["version"], "1.0")

    def test_engines_that_disagree_are_named(self):
        case = results()["cases"][0]
        check_agreement(case)
        case["engines"]["openvino"]["2"]["checksum"] = 10.02
        with self.assertRaisesRegex(ValueError, "openvino gives 10.02, linnet 10.0"):
            check_agreement(case)
        case["precision"] = "bf16"
        check_agreement(case)


if __name__ == "__main__":
    unittest.main()
