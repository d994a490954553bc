"""The parts of `make real` that need no network: the list, the inputs, the comparison, reading what programs say."""

from __future__ import annotations

import math
import stat
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import agreement  # noqa: E402
import locate  # noqa: E402
import packages  # noqa: E402
import real  # noqa: E402
import runtimes  # noqa: E402
from inputs import Port, make_inputs, ports_of  # noqa: E402
from listing import COLUMNS, TEXT, TOLERANCE, ListError, Wanted, parse_inputs, parse_wanted, read_list  # noqa: E402

FLOAT, INT = np.dtype("float32"), np.dtype("int64")
HEADER = "\t".join(COLUMNS) + "\n"


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class List(InFolder):
    def read(self, text):
        path = self.folder / "models.tsv"
        path.write_text(text)
        return read_list(path)

    def test_the_committed_list_can_be_read(self):
        rows = read_list(Path(real.__file__).parent / "models.tsv")
        self.assertEqual(len({row.title for row in rows}), len(rows))
        for row in rows:
            self.assertTrue(row.file.endswith(".onnx"), row)
            self.assertTrue(row.tolerance == TOLERANCE or row.note, f"{row.title} does not say why {row.tolerance}")

    def test_fields(self):
        lines = "a\t1.0\tb/c.onnx\tx=2x3 sr=scalar:16000\t0.5\twhy\n\nd\t2\te.onnx\t\t\t\n"
        rows = self.read("# words\n" + HEADER + lines)
        self.assertEqual([row.title for row in rows], ["a 1.0 c.onnx (why)", "d 2 e.onnx"])
        self.assertEqual(rows[0].inputs, {"x": Wanted((2, 3)), "sr": Wanted((), (16000, 16000))})
        self.assertEqual([row.tolerance for row in rows], [0.5, TOLERANCE])
        self.assertEqual(rows[1].inputs, {})

    def test_inputs(self):
        for text, wanted in (
            ("2x3", Wanted((2, 3))),
            ("7", Wanted((7,))),
            (":0..9", Wanted(None, (0, 9))),
            ("4:-1.5..1", Wanted((4,), (-1.5, 1))),
            ("scalar:3", Wanted((), (3, 3))),
            ("1x3x8x8:text", Wanted((1, 3, 8, 8), TEXT)),
            ("", Wanted()),
        ):
            self.assertEqual(parse_wanted(text), wanted, text)
        self.assertEqual(list(parse_inputs("a:0=2 b=:1")), ["a:0", "b"])

    def test_errors_say_where_and_what(self):
        for text, message in (
            ("package\tfile\n", "the first line names the columns: package, version"),
            ("", "the first line names the columns"),
            (HEADER + "a\t1\n", "models.tsv:2: 2 fields, expected 6"),
            (HEADER + "a\t1\tb\t\tsome\t\n", 'models.tsv:2: tolerance "some" is no number'),
            (HEADER + "a\t1\tb\tx\t\t\n", 'models.tsv:2: "x" is no NAME=SHAPE:VALUES'),
            (HEADER + "a\t1\tb\tx=1 x=2\t\t\n", 'input "x" is there twice'),
            (HEADER + "a\t1\tb\tx=axb\t\t\n", '"axb" is no SHAPE:VALUES'),
            (HEADER + "a\t1\tb\tx=1:0..z\t\t\n", '"1:0..z" is no SHAPE:VALUES'),
            (HEADER + "a\t1\tb\tx=1:2..1\t\t\n", 'the numbers of "1:2..1" end before they begin'),
        ):
            with self.assertRaises(ListError) as raised:
                self.read(text)
            self.assertIn(message, str(raised.exception))


class Inputs(InFolder):
    def test_ports_are_the_inputs_that_have_no_value(self):
        graph = helper.make_graph(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            "g",
            [
                helper.make_tensor_value_info("x", TensorProto.FLOAT16, ["batch", "?", None, -1, 3]),
                helper.make_tensor_value_info("w", TensorProto.FLOAT16, [3]),
            ],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT16, None)],
            [numpy_helper.from_array(np.zeros(3, np.float16), "w")],
        )
        onnx.save(helper.make_model(graph), self.folder / "m.onnx")
        expected = Port("x", np.dtype("float16"), ("batch", None, None, None, 3))
        self.assertEqual(ports_of(self.folder / "m.onnx"), [expected])

    def test_a_sequence_is_refused(self):
        graph = helper.make_graph(
            [helper.make_node("SequenceLength", ["s"], ["n"])],
            "g",
            [helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)],
            [helper.make_tensor_value_info("n", TensorProto.INT64, [])],
        )
        onnx.save(helper.make_model(graph), self.folder / "m.onnx")
        with self.assertRaisesRegex(ListError, 'input "s" is no tensor'):
            ports_of(self.folder / "m.onnx")

    def test_open_dimensions_are_2_for_a_batch_and_16_for_a_length_and_equal_by_name(self):
        ports = [Port("x", FLOAT, ("n", "t", 3)), Port("h", FLOAT, (1, "n", None)), Port("m", FLOAT, (4, "my_batch"))]
        shapes = {name: array.shape for name, array in make_inputs(ports, {}).items()}
        self.assertEqual(shapes, {"x": (2, 16, 3), "h": (1, 2, 16), "m": (4, 2)})
        shapes = {name: array.shape for name, array in make_inputs(ports, {"h": Wanted((1, 5, 7))}).items()}
        self.assertEqual(shapes, {"x": (5, 16, 3), "h": (1, 5, 7), "m": (4, 2)})

    def test_numbers_suit_the_type_and_are_the_same_every_time(self):
        ports = [
            Port("x", FLOAT, (1000,)),
            Port("half", np.dtype("float16"), (5,)),
            Port("ids", INT, (100,)),
            Port("attention_mask", INT, (4,)),
            Port("keep", np.dtype("bool"), (3,)),
            Port("sr", INT, ()),
            Port("y", FLOAT, (1000,)),
        ]
        first = make_inputs(ports, {"sr": Wanted((), (16000, 16000)), "y": Wanted(None, (2, 3))})
        again = make_inputs(ports, {"sr": Wanted((), (16000, 16000)), "y": Wanted(None, (2, 3))})
        for port in ports:
            self.assertEqual(first[port.name].dtype, port.dtype)
            np.testing.assert_array_equal(first[port.name], again[port.name])
        self.assertLess(first["x"].min(), -1)
        self.assertGreater(first["x"].max(), 1)
        self.assertEqual(set(first["ids"].tolist()), {0, 1})
        self.assertEqual(first["attention_mask"].tolist(), [1, 1, 1, 1])
        self.assertEqual(first["keep"].tolist(), [True, True, True])
        self.assertEqual(first["sr"].shape, ())
        self.assertEqual(first["sr"], 16000)
        self.assertTrue(2 <= first["y"].min() < 2.1 and 2.9 < first["y"].max() <= 3)

    def test_integers_reach_both_limits(self):
        made = make_inputs([Port("x", INT, (200,))], {"x": Wanted(None, (-1, 2))})["x"]
        self.assertEqual(set(made.tolist()), {-1, 0, 1, 2})

    def test_a_line_of_text_is_black_and_white_in_a_band(self):
        image = make_inputs([Port("x", FLOAT, (1, 3, 48, 64))], {"x": Wanted(None, TEXT)})["x"]
        self.assertEqual(set(image.ravel().tolist()), {-1.0, 1.0})
        self.assertTrue((image[:, :, :16] == 1).all() and (image[:, :, 24:] == 1).all())
        with self.assertRaisesRegex(ListError, "no float image"):
            make_inputs([Port("x", INT, (1, 3, 48, 64))], {"x": Wanted(None, TEXT)})

    def test_what_the_model_does_not_have_is_refused(self):
        ports = [Port("x", FLOAT, ("n", 3)), Port("y", FLOAT, ("n",)), Port("s", np.dtype("object"), ())]
        for wanted, message in (
            ({"z": Wanted()}, "no input z; it has x, y, s"),
            ({"x": Wanted((2, 3, 4))}, 'input "x" has rank 2, not 3'),
            ({"x": Wanted((2, 4))}, 'input "x" has a dimension of 3, not 4'),
            ({"x": Wanted((2, 3)), "y": Wanted((5,))}, 'input "y" has a dimension of 2, not 5'),
            ({}, 'input "s" is of type object'),
        ):
            with self.assertRaisesRegex(ListError, message):
                make_inputs(ports, wanted)


class Agreement(unittest.TestCase):
    def check(self, expected, actual, share, dtype=np.float32):
        got = agreement.difference(np.array(expected, dtype), np.array(actual, dtype))
        self.assertAlmostEqual(got, share, places=6) if math.isfinite(share) else self.assertEqual(got, share)

    def test_is_a_share_of_the_range_with_zero(self):
        self.check([-1, 3], [-1, 3], 0)
        self.check([-1, 3], [-1, 3.4], 0.1)
        self.check([10, 10], [10, 11], 0.1)
        self.check([-4], [-3], 0.25)
        self.check([1, 2], [1, 3], 0.5, np.float16)

    def test_zeros_and_empty_tensors(self):
        self.check([0, 0], [0, 0], 0)
        self.check([0, 0], [0, 1e-30], math.inf)
        self.check([], [], 0)

    def test_what_is_not_finite_has_to_be_in_its_place(self):
        inf, nan = math.inf, math.nan
        self.check([nan, inf, -inf, 2], [nan, inf, -inf, 1], 0.5)
        self.check([nan], [nan], 0)
        for expected, actual in (([nan, 1], [1, 1]), ([1, 1], [nan, 1]), ([inf, 1], [-inf, 1]), ([1, 2], [1, inf])):
            self.check(expected, actual, inf)

    def test_integers_truth_and_strings_are_the_same_or_not(self):
        self.check([1, 2], [1, 2], 0, np.int64)
        self.check([1000, 2], [1000, 3], math.inf, np.int64)
        self.check([True], [False], math.inf, bool)
        self.check(["a"], ["a"], 0, object)

    def test_type_and_shape_count(self):
        one = np.zeros((1, 2), np.float32)
        self.assertEqual(agreement.difference(one, np.zeros(2, np.float32)), math.inf)
        self.assertEqual(agreement.difference(one, np.zeros((1, 2))), math.inf)
        self.assertEqual(agreement.describe(one, np.zeros(2, np.float32)), "shape [2], expected [1, 2]")
        self.assertEqual(agreement.describe(one, np.zeros((1, 2))), "type float64, expected float32")

    def test_words(self):
        self.assertEqual(agreement.describe(np.array([0, 2.0]), np.array([0, 1.0])), "5.0e-01 of the range")
        text = agreement.describe(np.array([[1, 2], [3, 4]]), np.array([[1, 2], [0, 0]]))
        self.assertEqual(text, "2 of 4 elements; at [1, 0] 0, expected 3")
        text = agreement.describe(np.array([np.nan, 1.0]), np.array([np.nan, np.inf]))
        self.assertEqual(text, "1 of 2 elements; at [1] inf, expected 1.0")

    def test_the_farthest_output_decides(self):
        expected = {"a": np.array([1.0]), "b": np.array([1.0, 2.0])}
        near = {"a": np.array([1.0]), "b": np.array([1.0, 2.0002])}
        self.assertEqual(real.judge(expected, near, 1e-3).result, "agrees")
        verdict = real.judge(expected, near, 1e-5)
        self.assertEqual((verdict.result, verdict.text), ("differs", 'output "b": 1.0e-04 of the range'))
        self.assertEqual(real.judge(expected, {"a": np.array([1.0])}, 1).result, "differs")


class Packages(InFolder):
    def wheel(self):
        with zipfile.ZipFile(self.folder / "p.whl", "w") as archive:
            for name in ("p/m.onnx", "p/m.onnx.data", "p/code.py", "p/onnx/notes.txt"):
                archive.writestr(name, name)
        return self.folder / "p.whl"

    def test_models_and_their_data_are_taken_out(self):
        out = self.folder / "out"
        packages.extract_models(self.wheel(), out)
        found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
        self.assertEqual(found, {"p/m.onnx", "p/m.onnx.data"})

    def test_what_was_fetched_stays(self):
        packages.extract_models(self.wheel(), self.folder / "p-1")
        with mock.patch("subprocess.run", side_effect=AssertionError("fetched again")):
            self.assertEqual(packages.model_path(self.folder, "p", "1", "p/m.onnx"), self.folder / "p-1/p/m.onnx")
            with self.assertRaisesRegex(packages.PackageError, r"p 1 has no q.onnx; its .onnx files: p/m.onnx$"):
                packages.model_path(self.folder, "p", "1", "q.onnx")

    def test_a_failed_fetch_leaves_nothing(self):
        failed = mock.Mock(returncode=1, stderr="ERROR: first\nERROR: no such package\n")
        with mock.patch("subprocess.run", return_value=failed):
            with self.assertRaisesRegex(packages.PackageError, "^ERROR: no such package$"):
                packages.model_path(self.folder / "cache", "p", "1", "p/m.onnx")
        self.assertEqual(list((self.folder / "cache").iterdir()), [])


class Linnet(InFolder):
    """What the command says is told by scripts that stand in for it."""

    def command(self, script):
        path = self.folder / "linnet"
        path.write_text(f"#!{sys.executable}\nimport json, os, signal, sys\nimport numpy as np\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run_script(self, script, inputs=None):
        return runtimes.run_linnet(self.command(script), Path("m.onnx"), inputs or {}, ["--threads=1"])

    def test_inputs_and_outputs_go_through_files(self):
        script = """
assert sys.argv[1:4] == ["run", "m.onnx", "--json"] and "--threads=1" in sys.argv
folder = sys.argv[sys.argv.index("--output-dir") + 1]
name, path = sys.argv[sys.argv.index("--input") + 1].split("=", 1)
os.mkdir(folder)
np.save(folder + "/a_b.npy", np.load(path) + 1)
print(json.dumps({"outputs": [{"name": "a/b"}], "written": [folder + "/a_b.npy"]}))"""
        outputs = self.run_script(script, {"x:0": np.array([1, 2])})
        self.assertEqual({name: array.tolist() for name, array in outputs.items()}, {"a/b": [2, 3]})

    def test_a_refusal_is_linnets_word_without_the_log(self):
        script = """
if sys.argv[1] == "check": print('[{"result": "runs"}]'); sys.exit()
print("linnet warning a\\nlinnet: it does not fit\\n(more)", file=sys.stderr); sys.exit(1)"""
        with self.assertRaisesRegex(runtimes.Refused, "^it does not fit$"):
            self.run_script(script)

    def test_a_refusal_counts_the_unsupported_parts(self):
        script = """
if sys.argv[1] == "check":
    parts = [{"what": w + " node", "reason": w.lower()} for w in ("B", "A", "B")]
    print(json.dumps([{"unsupported": parts}]))
sys.exit(1 if print("linnet: no", file=sys.stderr) is None else 0)"""
        with self.assertRaisesRegex(runtimes.Refused, r"^B \(2\): b; A \(1\): a$"):
            self.run_script(script)

    def test_crashes_and_nonsense_are_no_refusals(self):
        for script, message in (
            ("os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
            ("sys.exit(1)", "exit status 1: it said nothing"),
            ("print('linnet: what?', file=sys.stderr); sys.exit(2)", "exit status 2: linnet: what"),
            ("print('{')", "results cannot be read"),
            ("print('{}')", "results cannot be read"),
            ("print(json.dumps({'outputs': [{'name': 'y'}], 'written': ['no such file']}))", "results cannot be read"),
        ):
            with self.assertRaisesRegex(runtimes.Broken, message):
                self.run_script(script)
        with mock.patch.object(runtimes, "SECONDS", 0.2), self.assertRaisesRegex(runtimes.Broken, "no answer"):
            self.run_script("import time; time.sleep(30)")


class Locate(InFolder):
    def test_the_first_wrong_node_is_named_and_kept(self):
        x = np.array([1.0, 4.0], np.float32)
        graph = helper.make_graph(
            [
                helper.make_node("Sqrt", ["x"], ["a"]),
                helper.make_node("Concat", ["a", "w"], ["b"], "joins", axis=0),
                helper.make_node("Neg", ["b"], ["y"]),
            ],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
            [numpy_helper.from_array(x, "w")],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), self.folder / "m.onnx")
        joined = np.array([1, 2, 1, 4], np.float32)
        right = {"y": -joined, "inner_0": np.sqrt(x), "inner_1": joined}
        wrong = right | {"y": 1 - joined, "inner_1": joined - 1}
        model, kept, none = (self.folder / name for name in ("m.onnx", "kept", "none"))
        with mock.patch.object(locate, "run_onnxruntime", return_value=right):
            text = locate.first_difference(model, {"x": x}, lambda _: wrong, 1e-4, kept)
            self.assertIn('Concat "joins" of float32[2], float32[2] with axis = 0: 2.5e-01 of the range', text)
            text = locate.first_difference(model, {"x": x}, lambda _: right, 1e-4, none)
            self.assertIn("they agree", text)
        self.assertFalse(none.exists())
        alone = onnx.load(kept / "model.onnx")
        onnx.checker.check_model(alone)
        self.assertEqual([node.op_type for node in alone.graph.node], ["Concat"])
        self.assertEqual([port.name for port in alone.graph.input], ["a", "w"])
        files = sorted(path.name for path in (kept / "test_data_set_0").iterdir())
        self.assertEqual(files, ["input_0.pb", "input_1.pb", "output_0.pb"])

    def test_what_a_branch_takes_from_outside_is_kept_too(self):
        def branch(op):
            y = helper.make_tensor_value_info("b", TensorProto.FLOAT, None)
            return helper.make_graph([helper.make_node(op, ["x"], ["b"])], op, [], [y])

        node = helper.make_node("If", ["c"], ["y"], then_branch=branch("Neg"), else_branch=branch("Abs"))
        model = helper.make_model(helper.make_graph([], "g", [], []), opset_imports=[helper.make_opsetid("", 17)])
        ones = np.ones(2, np.float32)
        locate.write_test(model, node, {"c": np.array(True), "x": ones, "y": -ones}, self.folder)
        alone = onnx.load(self.folder / "model.onnx")
        onnx.checker.check_model(alone, full_check=True)
        self.assertEqual([port.name for port in alone.graph.input], ["c", "x"])


if __name__ == "__main__":
    unittest.main()
