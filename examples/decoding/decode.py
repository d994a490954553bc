"""Greedy decoding with a cache that stays in the session: examples/decoding.cpp in Python."""

from pathlib import Path

import linnet
import numpy as np

session = linnet.load(Path(__file__).parent / "decoder.onnx").binding()
session.carry_caches()  # "present.0.key" is "past.0.key" of the next run, and so on
session.bind_output("logits")
tokens = [3, 1, 4]
new = tokens  # at first the whole prompt, then one token at a time
while len(tokens) < 16:
    session.bind_input("input_ids", np.array([new]))
    session.run()
    new = [int(session.output("logits")[0, -1].argmax())]
    tokens = tokens + new
print(*tokens)
