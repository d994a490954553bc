"""Decoders are timed token after token."""

from __future__ import annotations

import os
import sys
import unittest

import numpy as np
from samples import REPOSITORY  # makes tools/bench importable

import decoding

BUILT = os.path.join(os.environ["LINNET_BUILD_DIR"], "python")
DECODER = str(REPOSITORY / "examples" / "decoding" / "decoder.onnx")


class Inputs(unittest.TestCase):
    def test_the_third_open_dimension_of_a_cache_is_the_past(self):
        self.assertEqual(decoding.filled(["batch", 4, "past", 64], 9), [1, 4, 9, 64])
        random = np.random.default_rng(0)
        cache = decoding.feed("past.0.key", [None, 4, None, 8], True, 9, random)
        self.assertEqual((cache.shape, cache.dtype), ((1, 4, 9, 8), np.float32))
        token = decoding.feed("input_ids", ["batch", 1], False, 9, random)
        self.assertEqual((token.tolist(), token.dtype), ([[1]], np.int64))


@unittest.skipUnless(os.path.isdir(BUILT), "the Python package was not built")
class Times(unittest.TestCase):
    def test_every_token_but_the_first_ones_counts(self):
        sys.path.insert(0, BUILT)
        times = decoding.times_of("linnet", DECODER, 4, 5)
        self.assertEqual(len(times), 5)
        self.assertGreater(min(times), 0)


if __name__ == "__main__":
    unittest.main()
