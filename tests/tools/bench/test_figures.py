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

    def test_every_engine_is_a_peer_in_time_to_first_result(self):
        case = results()["cases"][0]
        self.assertEqual(derived.best_peer(case, derived.ready)[0], "torch")
        self.assertAlmostEqual(derived.ratio(case, derived.ready), 0.15 / 3.0)

    def test_a_missing_engine_has_no_ratio(self):
        case = results()["cases"][0]
        del case["engines"]["linnet"]
        self.assertIsNone(derived.best(case, "linnet"))
        self.assertIsNone(derived.ratio(case, derived.latency))
        self.assertIsNone(derived.roofline(case))

    def test_no_peaks_no_limit(self):
        sample = results()
        case = sample["cases"][0]
        self.assertEqual(len(derived.latency_limits(case, sample["kernels"])), 1)
        self.assertEqual(len(derived.ready_limits(case)), 1)
        case["peaks"] = {}
        self.assertEqual(derived.latency_limits(case, sample["kernels"]), ())
        self.assertEqual(derived.ready_limits(case), ())
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
        self.assertAlmostEqual(derived.latency_limits(case, [])[0].value, 6532 / 1e11 * 1e6 / 2.0)
        case["peaks"]["1"]["multiply_add"] = 1e10
        self.assertAlmostEqual(derived.latency_limits(case, [])[0].value, 3136 / 1e10 * 1e6 / 2.0)
        self.assertAlmostEqual(derived.ready_limits(case)[0].value, 3136 / 1e10 * 1e3 / 3.0)

    def test_all_goals_of_the_sample_are_reached(self):
        checks = derived.all_checks(results())
        self.assertEqual([check.what for check in checks if not check.reached], [])
        self.assertEqual(len(checks), 5 + 2 + 3 + 2)

    def test_each_goal_can_be_missed(self):
        sample = results()
        linnet = sample["cases"][0]["engines"]["linnet"]
        linnet["1"] = figures(1.9, rss=29.0, load=5.0) | {"p99_us": 9.0}
        linnet["2"] = figures(3.0)
        sample["weights"]["inside the model"] = figures(1.0, rss=190.0, load=90.0)
        sample["overhead_us"]["linnet"] = 0.2
        sample["idle_cpu_ms"]["linnet"]["2"] = 3.0
        sample["busy_us"]["linnet"]["2"] = 151.0
        sample["kernels"][0]["by_onednn"] = 1.3
        sample["kernels"][1]["of_copy"] = 0.8
        self.assertEqual([check.what for check in derived.all_checks(sample) if check.reached], [])

    def test_operators_are_held_to_a_copy_and_their_arithmetic_is_told(self):
        sample = results()
        sample["kernels"][1] |= {"of_copy": 0.6, "of_in_l1": 0.8}
        (missed,) = [check for check in derived.kernel_checks(sample["kernels"]) if not check.reached]
        self.assertEqual(missed.value, 0.6)
        self.assertAlmostEqual(missed.limits[0].value, 0.75)

    def test_activations_are_a_limit_of_their_own_at_the_speed_of_the_fastest_kernel(self):
        sample = results()
        case = sample["cases"][0]
        case["peaks"]["2"] = case["peaks"]["1"]
        case["activations"] = [["sigmoid/2048", 0.5]]
        peer = derived.best_peer(case, derived.latency)[1]
        for by_onednn, fastest in ((0.8, 1.0), (2.0, 0.5)):
            sample["kernels"][0]["by_onednn"] = by_onednn
            for tiny, threads in ((True, 1), (False, 2)):
                case["tiny"] = tiny
                machine, known = derived.latency_limits(case, sample["kernels"])
                self.assertAlmostEqual(known.value - machine.value, 0.5 * fastest / threads / peer)

    def test_what_is_not_measured_is_not_reached(self):
        sample = results()
        sample["cases"][0]["engines"] = {}
        sample["weights"] = {}
        sample["overhead_us"] = sample["idle_cpu_ms"] = sample["busy_us"] = {}
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
