"""The parts of `make random`: what is drawn, what is expected, what counts as a difference, what becomes small."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import known  # noqa: E402
from case import Case, Writing, checked, to_model  # noqa: E402
from comparison import difference  # noqa: E402
from documented import documented_types, rows  # noqa: E402
from draw import Draw, NotFit  # noqa: E402
from expected import NoAnswer, evaluate, samples  # noqa: E402
from formulas import FORMULAS  # noqa: E402
from generator import OPSETS, RECIPES, Nothing, make_case  # noqa: E402
from runners import WAYS  # noqa: E402
from shrink import shrunk, weight  # noqa: E402
from tolerance import ulp  # noqa: E402
from trial import Finding, examine  # noqa: E402

SINGLE = np.dtype(np.float32)
# No recipe, each for a reason.
OF_OTHERS = {"SequenceConstruct"}  # drawn by other names, too
WITHOUT_RECIPE = {
    "CastStrings": "of Linnet's own domain",
    "ImageDecoder": "the evaluator makes no images",
    "LabelEncoder": "of ai.onnx.ml, which the evaluator knows in one form",
    "MaxRoiPool": "the evaluator has none, and ONNX's text does not say how borders are rounded",
    "RegexFullMatch": "Python's patterns, which the evaluator takes, are not RE2's",
}


def chain() -> Case:
    """y0 = x0 + x1; y1 = Relu(y0)"""
    nodes = [helper.make_node("Add", ["x0", "x1"], ["y0"]), helper.make_node("Relu", ["y0"], ["y1"])]
    arrays = {"x0": np.array([1, -2], np.float32), "x1": np.array([0.5], np.float32)}
    return Case(17, nodes, arrays, ["y1"])


class Recipes(unittest.TestCase):
    def test_there_is_one_for_every_operator_of_the_page(self):
        self.assertGreater(len(rows()), 150)
        self.assertEqual(set(rows()) - set(RECIPES) - set(WITHOUT_RECIPE), set())

    def test_each_makes_a_valid_case_of_its_operator(self):
        for operator in RECIPES:
            with self.subTest(operator):
                cases = []
                for index in range(30):
                    try:
                        cases.append(make_case(1, index, [operator], chains=False))
                        break
                    except (Nothing, NoAnswer):
                        pass
                self.assertTrue(cases, "none in 30 tries")
                self.assertTrue(operator in cases[0].operators() or operator in OF_OTHERS or "pattern" in operator)
                checked(cases[0])

    def test_the_same_seed_makes_the_same_case(self):
        for index in (3, 40, 77):
            first, again, other = make_case(5, index), make_case(5, index), make_case(6, index)
            self.assertEqual(to_model(first).SerializeToString(), to_model(again).SerializeToString())
            for name, array in first.arrays.items():
                np.testing.assert_array_equal(array, again.arrays[name])
            self.assertNotEqual(to_model(first).SerializeToString(), to_model(other).SerializeToString())

    def test_every_form_of_an_operator_is_an_opset_to_draw(self):
        self.assertEqual(OPSETS["Softmax"], [7, 11, 13])
        self.assertEqual(OPSETS["Gelu"], [20])


class Drawing(unittest.TestCase):
    def draw(self, opset=17):
        return Draw(np.random.default_rng(1), opset)

    def test_a_broadcast_shape_broadcasts_to_the_whole(self):
        g = self.draw()
        smaller = set()
        for _ in range(200):
            shape = g.broadcast_of((2, 3, 4))
            self.assertEqual(np.broadcast_shapes(shape, (2, 3, 4)), (2, 3, 4))
            smaller.add(shape)
        self.assertGreater(len(smaller), 5)

    def test_types_are_those_of_schema_and_page(self):
        g = self.draw(8)
        self.assertNotIn("bfloat16", g.types("Abs", "X"))
        self.assertIn("bfloat16", self.draw(13).types("Abs", "X"))
        self.assertNotIn("int32", self.draw(9).types("Erf", "input"))
        with self.assertRaisesRegex(NotFit, "opset 8 has no Erf"):
            g.types("Erf", "input")

    def test_a_value_that_fits_is_read_again(self):
        g = self.draw()
        g.node("Relu", [g.tensor(["float32"], (2, 3))])
        self.assertIn("y0", {g.tensor(["float32"], (2, 3)) for _ in range(30)})
        self.assertNotIn("y0", {g.tensor(["float32"], (3, 2)) for _ in range(30)})

    def test_the_page_is_read(self):
        self.assertEqual(documented_types("Erf"), {"float", "double", "float16", "bfloat16"})
        self.assertIn("int4", documented_types("Identity"))


class Writings(unittest.TestCase):
    def test_arrays_are_inputs_or_initializers_with_sizes_or_names(self):
        def ports(constants, sizes):
            graph = to_model(chain(), Writing(constants, sizes)).graph
            dims = [[d.dim_param or d.dim_value for d in port.type.tensor_type.shape.dim] for port in graph.input]
            return dims, [tensor.name for tensor in graph.initializer]

        self.assertEqual(ports("none", "static"), ([[2], [1]], []))
        self.assertEqual(ports("rest", "open"), ([["x0_0"]], ["x1"]))
        self.assertEqual(ports("all", "static"), ([], ["x0", "x1"]))


class Expected(unittest.TestCase):
    def test_floats_are_rounded_once(self):
        node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
        x = np.array([1, 2.0**-24, 2.0**-24], np.float32)
        self.assertEqual(evaluate(node, {"x": x}, 17)[0], np.float32(1 + 2.0**-23))

    def test_formulas_agree_with_the_evaluator_where_it_is_right(self):
        x = np.random.default_rng(1).uniform(-2, 2, (2, 3, 4)).astype(np.float64)
        for operator, count in (("Mish", 1), ("Elu", 1), ("Softplus", 1), ("GlobalAveragePool", 1), ("Mean", 2)):
            names, inputs = [f"x{index}" for index in range(count)], [x] * count
            node = helper.make_node(operator, names, ["y"])
            ports = [onnx.ValueInfoProto(name=name) for name in [*names, "y"]]
            graph = helper.make_graph([node], "g", ports[:-1], ports[-1:])
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
            ours = FORMULAS[operator]({"operator": operator}, inputs, 18)[0]
            theirs = onnx.reference.ReferenceEvaluator(model).run(None, dict(zip(names, inputs)))[0]
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=operator)

    def test_samples_differ_by_what_rounding_may_do(self):
        node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
        case = Case(17, [node], {"x": np.array([1e6, -1e6, 1], np.float32)}, ["y"])
        sums = {float(sample["y"]) for sample in samples(case, 4, 1)}
        self.assertIn(1.0, sums)
        self.assertGreater(len(sums), 2)
        self.assertLess(max(abs(value - 1) for value in sums), 1)
        self.assertEqual(len(samples(Case(17, chain().nodes[:1], chain().arrays, ["y0"]), 4, 1)), 1)


class Differences(unittest.TestCase):
    def test_exact_operators_give_every_bit(self):
        x = np.array([1, np.nan, np.inf], np.float32)
        self.assertEqual(difference([x], x.copy(), "Concat"), "")
        self.assertIn("1 of 3 elements; at [0]", difference([x], np.nextafter(x, SINGLE.type(9)), "Concat"))
        self.assertIn("at [1]", difference([x], np.array([1, 2, np.inf], np.float32), "Concat"))

    def test_functions_may_be_off_by_what_they_promise(self):
        x = np.array([1.0], np.float32)
        steps = [np.float32(1 + count * 2.0**-23) for count in range(4)]
        self.assertEqual(difference([x], np.array([steps[1]]), "Exp"), "")
        self.assertNotEqual(difference([x], np.array([steps[2]]), "Exp"), "")
        self.assertEqual(difference([x], np.array([steps[2]]), "Gelu"), "")
        self.assertNotEqual(difference([x], np.array([steps[3]]), "Gelu"), "")

    def test_sums_may_be_off_by_what_samples_show(self):
        x = np.array([1.0], np.float32)
        near, far = np.array([1.00001], np.float32), np.array([1.001], np.float32)
        self.assertEqual(difference([x, near], near, "MatMul"), "")
        self.assertNotEqual(difference([x, near], far, "MatMul"), "")
        self.assertNotEqual(difference([x, x], near, "MatMul"), "")

    def test_what_rounding_decides_is_not_compared(self):
        self.assertEqual(difference([np.array([3]), np.array([4])], np.array([4]), "ArgMax"), "")
        self.assertNotEqual(difference([np.array([3]), np.array([3])], np.array([4]), "ArgMax"), "")
        nan = [np.array([1.0], np.float32), np.array([np.nan], np.float32)]
        self.assertEqual(difference(nan, nan[1], "Sqrt"), "")
        shapes = [np.zeros(2, np.int64), np.zeros(3, np.int64)]
        self.assertEqual(difference(shapes, np.zeros(4, np.int64), "NonZero"), "")
        self.assertEqual(difference(shapes, np.zeros(4, np.float32), "NonZero"), "type float32, expected int64")

    def test_type_and_shape(self):
        x = np.zeros((2, 1), np.float32)
        self.assertEqual(difference([x], x.astype(np.float64), "Add"), "type float64, expected float32")
        self.assertEqual(difference([x], x.reshape(2), "Add"), "shape [2], expected [2, 1]")

    def test_ulp(self):
        np.testing.assert_array_equal(ulp(np.array([1.0, 1.5, 2.0, 0.0]), SINGLE), [2**-23, 2**-23, 2**-22, 2**-149])
        self.assertEqual(ulp(np.array(1.0), np.dtype(np.float16)), 2**-10)


class Trials(unittest.TestCase):
    def test_a_right_case_has_no_finding_in_any_way(self):
        self.assertIsNone(examine(chain()))
        self.assertEqual({way.backend for way in WAYS}, {"auto", "reference", "onednn"})
        self.assertEqual({way.passes for way in WAYS}, {True, False})

    def test_a_refusal_is_a_finding(self):
        node = helper.make_node("ImageDecoder", ["x"], ["y"])
        case = Case(20, [node], {"x": np.zeros(3, np.uint8)}, ["y"])
        with self.assertRaises(NoAnswer):  # of no image the evaluator makes one
            examine(case)
        case = Case(11, [helper.make_node("Erf", ["x"], ["y"])], {"x": np.zeros(3, np.int32)}, ["y"])
        found = examine(case)
        self.assertEqual((found.kind, found.operator), ("refused", "Erf"))
        self.assertIn("expected one of float32", found.text)

    def test_small_graphs_agree(self):
        """The short form: some of every operator, all in the same order every time."""
        agree = 0
        for index in range(2 * len(RECIPES)):
            try:
                case = make_case(7, index, most_size=4)
                found = examine(case)
            except (Nothing, NoAnswer):
                continue
            if found is not None and not known.explanation(case, found):
                self.fail(f"graph {index}: {found}\n{onnx.printer.to_text(to_model(case).graph)}")
            agree += 1
        self.assertGreater(agree, 1.9 * len(RECIPES))


class Shrinking(unittest.TestCase):
    def test_a_node_that_is_wrong_by_itself_is_left_alone_and_small(self):
        def wrong_where_relu(case):
            return Finding("differs", "Relu", WAYS[0], "") if "Relu" in case.operators() else None

        case, _ = shrunk(chain(), Finding("differs", "Relu", WAYS[0], ""), wrong_where_relu)
        self.assertEqual(case.operators(), ["Relu"])
        self.assertLessEqual(weight(case), weight(chain()))

    def test_a_chain_that_is_wrong_only_whole_stays(self):
        def wrong_where_both(case):
            return Finding("differs", "Relu", WAYS[0], "") if len(case.nodes) == 2 else None

        case, _ = shrunk(chain(), Finding("differs", "Relu", WAYS[0], ""), wrong_where_both)
        self.assertEqual(case.operators(), ["Add", "Relu"])

    def test_another_kind_of_finding_is_not_the_same(self):
        def refused_alone(case):
            kind = "refused" if len(case.nodes) == 1 else "differs"
            return Finding(kind, "Relu", WAYS[0], "")

        case, finding = shrunk(chain(), Finding("differs", "Relu", WAYS[0], ""), refused_alone)
        self.assertEqual((case.operators(), finding.kind), (["Add", "Relu"], "differs"))


class Documents(unittest.TestCase):
    def test_what_is_known_is_explained(self):
        page = (FOLDER.parents[1] / "docs" / "deviations.md").read_text()
        for entry in known.KNOWN:
            self.assertIn(f"\n## {entry.title}\n", page)


if __name__ == "__main__":
    unittest.main()
