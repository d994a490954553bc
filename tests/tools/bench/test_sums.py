"""How errors of sums and products are counted, and where their table goes."""

from __future__ import annotations

import sys
import unittest
from unittest import mock

import numpy as np
import onnx
from samples import REPOSITORY  # makes tools/bench importable

import sums


class Errors(unittest.TestCase):
    def test_ulps_are_those_of_float32_at_the_true_value(self):
        true = np.array([1.0, 1.5, 2.0, -3.0, 2.0**-140], np.longdouble)
        y = np.array([1 + 2**-23, 1.5, 2 - 2**-23, -3 - 2**-21, 0], np.float32)
        self.assertEqual(sums.ulps(true)(y).tolist(), [1.0, 0.0, 0.5, 2.0, 2.0**9])

    def test_a_correctly_rounded_product_is_within_its_unit(self):
        for signed in (False, True):
            case = sums.product_case(64, signed, rows=3, columns=5)
            y = np.asarray(case.torch(_Numpy, case.x))
            self.assertEqual(y.shape, (3, 5))
            self.assertLessEqual(case.errors(y).max(), 64)
            exact = case.x.astype(np.float64) @ _weights(case.model).reshape(64, 5)
            self.assertLessEqual(case.errors(exact.astype(np.float32)).max(), 1)

    def test_a_wrong_sum_is_seen(self):
        case = sums.reduce_sum_case(rows=2, columns=1000)
        true = case.x.astype(np.float64).sum(1, keepdims=True)
        self.assertLessEqual(case.errors(true.astype(np.float32)).max(), 0.5)
        self.assertGreater(case.errors((true + 1).astype(np.float32)).max(), 1000)

    def test_normalisation_and_softmax_of_double_precision_are_within_a_rounding(self):
        case = sums.layer_norm_case(rows=2, columns=64)
        wide = case.x.astype(np.float64)
        centred = wide - wide.mean(1, keepdims=True)
        y = centred / np.sqrt((centred**2).mean(1, keepdims=True) + np.float64(np.float32(1e-5)))
        self.assertLessEqual(case.errors(y.astype(np.float32)).max(), 0.501)
        case = sums.softmax_case(rows=2, columns=64)
        powers = np.exp(case.x.astype(np.float64) - case.x.max(1, keepdims=True))
        self.assertLessEqual(case.errors((powers / powers.sum(1, keepdims=True)).astype(np.float32)).max(), 0.501)


class Table(unittest.TestCase):
    def test_has_one_row_for_a_case_and_two_figures_for_an_engine(self):
        case = sums.reduce_sum_case(rows=2, columns=10)
        with mock.patch.dict(sums.RUNNERS, {"linnet": lambda case: case.x.sum(1, keepdims=True, dtype=np.float64)}):
            lines = sums.table([case], ["linnet"]).splitlines()
        self.assertEqual(lines[0], "| | error in | Linnet: rms | largest |")
        self.assertEqual(lines[2], "| ReduceSum of 2^20 in [0, 1) | ULP | 0.00 | 0.00 |")

    def test_goes_between_its_marks(self):
        page = (REPOSITORY / "docs" / "accuracy.md").read_text()
        self.assertEqual(len(sums.PLACE.findall(page)), 1)

    def test_an_engine_that_is_not_there_is_left_out(self):
        with mock.patch.dict(sys.modules, {"onnxruntime": None}), mock.patch("sys.stderr"):
            self.assertEqual(sums.available(["onnxruntime"]), [])


class _Numpy:
    """As much of PyTorch as a product needs."""

    @staticmethod
    def from_numpy(array: np.ndarray) -> np.ndarray:
        return array


def _weights(model: bytes) -> np.ndarray:
    return np.frombuffer(onnx.load_from_string(model).graph.initializer[0].raw_data, np.float32)


if __name__ == "__main__":
    unittest.main()
