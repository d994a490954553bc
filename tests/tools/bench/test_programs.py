"""The timing programs, PyTorch's script and the readers of what programs and the system say.

LINNET_BUILD_DIR names the build folder."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from samples import REPOSITORY, figures

import cases
import kernels
import machine
from engines import EngineError, Machinery, machine_peaks, time_case, time_model
from measure import write_identity

SAMPLER = next(case for case in cases.CASES if case.network == "activation_sampler")


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        build, work = Path(os.environ["LINNET_BUILD_DIR"]), Path(self.folder.name)
        self.machinery = Machinery(build, build / "no_peers", REPOSITORY / "models", build / "no_large_models", work)

    def test_linnet_prints_every_figure(self):
        measured = time_case(self.machinery, "linnet", SAMPLER, 1, 0.01, idle=0.01)
        self.assertEqual(measured.keys(), figures(1.0).keys())
        self.assertLessEqual(measured["min_us"], measured["p50_us"])
        self.assertLessEqual(measured["p50_us"], measured["p90_us"])
        self.assertLessEqual(measured["p90_us"], measured["p99_us"])
        self.assertGreaterEqual(measured["runs"], 10)
        self.assertGreater(measured["peak_rss_bytes"], 2**20)

    def test_pytorch_gets_the_same_input_and_gives_the_same_output(self):
        own = time_case(self.machinery, "linnet", SAMPLER, 1, 0.01)
        torch = time_case(self.machinery, "torch", SAMPLER, 1, 0.01)
        self.assertEqual(torch.keys(), own.keys())
        self.assertAlmostEqual(torch["checksum"] / own["checksum"], 1.0, places=5)

    def test_identity_gives_its_input_back(self):
        write_identity(self.machinery.work / "identity.onnx")
        ports = (("x", (1, 16)), ("y", (1, 16)))
        measured = time_model(self.machinery, "linnet", self.machinery.work / "identity.onnx", 1, 0.01, *ports)
        values = [i * 7919 % 2003 / 1001 - 1 for i in range(16)]
        self.assertAlmostEqual(measured["checksum"], sum(abs(x) * (1 + i % 7) for i, x in enumerate(values)), places=4)

    def test_errors_are_what_the_program_says(self):
        ports = (("x", (1, 16)), ("y", (1, 16)))
        with self.assertRaisesRegex(EngineError, "no_such_model"):
            time_model(self.machinery, "linnet", Path("no_such_model.onnx"), 1, 0.01, *ports)
        with self.assertRaisesRegex(EngineError, "ONNXRUNTIME_LIBRARY"):
            time_model(self.machinery, "onnxruntime", Path("no_such_model.onnx"), 1, 0.01, *ports)
        with self.assertRaisesRegex(EngineError, "precision is f32 or bf16, not f64"):
            time_model(self.machinery, "linnet", Path("m.onnx"), 1, 0.01, *ports, precision="f64")

    def test_wrong_usage_is_refused(self):
        for program in ("linnet_timing", "machine_peaks"):
            result = subprocess.run([self.machinery.build / program], capture_output=True, text=True, check=False)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("usage", result.stderr)

    def test_peaks_are_positive(self):
        peaks = machine_peaks(self.machinery, SAMPLER, 2)
        self.assertEqual(peaks.keys(), {"multiply_add", "read"})
        self.assertGreater(min(peaks.values()), 0)

    def test_bf16_peak_is_measured_or_its_lack_told(self):
        bf16 = next(case for case in cases.CASES if case.precision == "bf16")
        if "avx512_bf16" in Path("/proc/cpuinfo").read_text():
            self.assertGreater(machine_peaks(self.machinery, bf16, 1)["multiply_add"], 0)
        else:
            with self.assertRaisesRegex(EngineError, "no instructions that multiply bfloat16"):
                machine_peaks(self.machinery, bf16, 1)


class Readers(unittest.TestCase):
    def test_cases(self):
        self.assertEqual(len({case.name for case in cases.CASES}), len(cases.CASES))
        self.assertIn(cases.SHARED_CASE, {case.name for case in cases.CASES})
        self.assertEqual(SAMPLER.weights_bytes, 4 * (100 * 64 + 64 + 64 * 32 + 32 + 32 * 5 + 5))
        self.assertEqual(SAMPLER.flops, 2 * 4 * (100 * 64 + 64 * 32 + 32 * 5))
        self.assertTrue(SAMPLER.path(REPOSITORY / "models", Path("large")).exists())

    def test_kernels(self):
        entry = {"name": "operator/Tanh/4/1/real_time", "run_type": "iteration", "real_time": 1500.0, "time_unit": "ns", "GB/s": 13.5}
        entry |= {"of_copy": 0.1, "of_in_l1": 0.9, "by_onednn": 1.1, "large": 0.0}
        aggregate = entry | {"run_type": "aggregate"}
        skipped = {"name": "gemm_layer_bf16/rows:1", "error_occurred": True, "real_time": 0.0, "time_unit": "ns"}
        self.assertEqual(
            kernels.read_kernels({"benchmarks": [entry, aggregate, skipped]}),
            [
                {
                    "name": "operator/Tanh/4/1",
                    "us": 1.5,
                    "gb_s": 13.5,
                    "of_copy": 0.1,
                    "of_in_l1": 0.9,
                    "of_peak": None,
                    "by_onednn": 1.1,
                    "large": False,
                }
            ],
        )

    def test_cache_sizes(self):
        with tempfile.TemporaryDirectory() as folder:
            for index, (level, kind, size) in enumerate((("1", "Data", "32K"), ("1", "Instruction", "32K"), ("2", "Unified", "1024K"))):
                path = Path(folder) / f"index{index}"
                path.mkdir()
                for name, text in (("level", level), ("type", kind), ("size", size)):
                    (path / name).write_text(text + "\n")
            self.assertEqual(machine.cache_sizes(Path(folder)), "L1d 32K, L2 1024K")


if __name__ == "__main__":
    unittest.main()
