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
from networks import measure_layers, measure_networks, network_of, networks_in
from operations import operations, weights_bytes

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

    def test_networks_have_any_number_of_inputs_of_both_types(self):
        from onnx import TensorProto, helper, save

        folder = self.machinery.work / "sum_dynamo_fixed"
        folder.mkdir()
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [2, 3])
        x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y"))
        nodes = [helper.make_node("Cast", ["ids"], ["f"], to=1), helper.make_node("Sub", ["f", "x"], ["y"])]
        graph = helper.make_graph(nodes, "sum", [ids, x], [y])
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
        (self.machinery.work / "index.tsv").write_text("sum_dynamo_fixed\t1e-6\tA sum\nsum_opset17_dynamic\t1e-6\tA sum\n")
        found = networks_in(self.machinery.work)
        self.assertEqual([(network.name, network.title) for network in found], [("sum", "A sum")])
        self.assertEqual(found[0].ports, ("ids", "int64:2,3", "x", "2,3", "y", "2,3"))
        result = measure_networks(self.machinery, self.machinery.work, 1, 0.01, lambda line: None)[0]
        values = [1 - (i * 7919 % 2003 / 1001 - 1) for i in range(6)]
        expected = sum(abs(value) * (1 + i % 7) for i, value in enumerate(values))
        self.assertAlmostEqual(result["engines"]["linnet"]["2"]["checksum"], expected, places=4)
        self.assertEqual(result["peaks"].keys(), {"1", "2"})

    def test_layers_are_told_with_their_operations(self):
        import numpy as np
        from onnx import TensorProto, helper, numpy_helper, save

        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 17, 17])
        shapes = {"w": (6, 3, 3, 3), "v": (6, 4, 3, 3)}
        constants = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in shapes.items()]
        nodes = [
            helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["a"], ["b"], name="relu"),
            helper.make_node("ConvTranspose", ["b", "v"], ["y"], name="second", strides=[2, 2]),
        ]
        path = self.machinery.work / "model.onnx"
        graph = helper.make_graph(nodes, "two", [x], [y], constants)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        expected = [2 * 6 * 64 * 27, 2 * 6 * 64 * 36]
        self.assertEqual(operations(path), dict(zip(("first", "second"), expected)))
        self.assertEqual(weights_bytes(path), 4 * (6 * 27 + 6 * 36))
        layers = measure_layers(self.machinery, network_of(self.machinery.work, "two"), 0.01)
        self.assertEqual([layer["flops"] for layer in layers], expected)
        self.assertEqual([layer["title"].split()[0] for layer in layers], ["Conv", "ConvTranspose"])
        self.assertGreater(min(layer["us"] for layer in layers), 0)

    def test_operations_of_products(self):
        from onnx import TensorProto, helper, save

        sizes = {"a": [5, 2, 3], "b": [3, 4], "c": [7, 2], "d": [4, 7], "y": [5, 2, 4], "z": [2, 4]}
        a, b, c, d, y, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items())
        nodes = [
            helper.make_node("MatMul", ["a", "b"], ["y"], name="product"),
            helper.make_node("Gemm", ["c", "d"], ["z"], name="turned", transA=1, transB=1),
            helper.make_node("Neg", ["z"], ["n"], name="neg"),
        ]
        graph = helper.make_graph(nodes, "products", [a, b, c, d], [y, z])
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), self.machinery.work / "p.onnx")
        expected = {"product": 2 * 5 * 2 * 4 * 3, "turned": 2 * 2 * 4 * 7}
        self.assertEqual(operations(self.machinery.work / "p.onnx"), expected)

    def test_networks_of_open_sizes_are_passed_over(self):
        from onnx import TensorProto, helper, save

        x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("x", "y"))
        graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "open", [x], [y])
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), self.machinery.work / "model.onnx")
        self.assertIsNone(network_of(self.machinery.work, "open"))

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
        peaks = machine_peaks(self.machinery, "f32", 6532, 2)
        self.assertEqual(peaks.keys(), {"multiply_add", "read"})
        self.assertGreater(min(peaks.values()), 0)

    def test_bf16_peak_is_measured_or_its_lack_told(self):
        if "avx512_bf16" in Path("/proc/cpuinfo").read_text():
            self.assertGreater(machine_peaks(self.machinery, "bf16", 6532, 1)["multiply_add"], 0)
        else:
            with self.assertRaisesRegex(EngineError, "no instructions that multiply bfloat16"):
                machine_peaks(self.machinery, "bf16", 6532, 1)


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
