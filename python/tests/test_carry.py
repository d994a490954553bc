"""Caches that a binding hands from run to run."""

import subprocess
import sys

import linnet
import numpy as np
import pytest
from conftest import ROOT

DECODER = ROOT / "examples" / "decoding" / "decoder.onnx"
PROMPT = [3, 1, 4]
CACHES = [("present.0.key", "past.0.key"), ("present.0.value", "past.0.value")]


def tokens_without_a_cache(count):
    model = linnet.load(DECODER)
    empty = np.zeros((1, 2, 0, 4), np.float32)
    tokens = list(PROMPT)
    while len(tokens) < count:
        logits = model.run({"input_ids": np.array([tokens]), "past.0.key": empty, "past.0.value": empty})["logits"]
        tokens.append(int(logits[0, -1].argmax()))
    return tokens


def step(session, tokens):
    session.bind_input("input_ids", np.array([tokens]))
    session.run()
    return session.output("logits")


def test_the_example_picks_the_tokens_of_runs_without_a_cache():
    script = ROOT / "examples" / "decoding" / "decode.py"
    printed = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert [int(token) for token in printed.split()] == tokens_without_a_cache(16)


def test_pairs_may_be_named_or_found():
    found, named = linnet.load(DECODER).binding(), linnet.load(DECODER).binding()
    assert found.carry_caches() == CACHES
    for output, input in CACHES:
        named.carry(output, input)
    for session in (found, named):
        session.bind_output("logits")
    for _ in range(3):
        assert step(found, [5, 6]).tobytes() == step(named, [5, 6]).tobytes()
    with pytest.raises(linnet.InvalidArgument, match='two states name the input "past.0.key"'):
        named.carry("present.0.key", "past.0.key")


def test_a_cache_is_what_is_bound_and_then_what_runs_make():
    model = linnet.load(DECODER)
    session = model.binding()
    session.carry_caches()
    session.bind_output("logits")
    first = step(session, PROMPT)
    made = model.run({"input_ids": np.array([PROMPT]), **{past: np.zeros((1, 2, 0, 4), np.float32) for _, past in CACHES}})
    assert first.tobytes() == made["logits"].tobytes()
    second, third = step(session, [7]), step(session, [8])
    for present, past in CACHES:
        session.bind_input(past, made[present])
    assert step(session, [7]).tobytes() == second.tobytes()
    assert step(session, [8]).tobytes() == third.tobytes()
    session.reset()
    assert step(session, PROMPT).tobytes() == first.tobytes()


def test_outputs_that_are_not_bound_are_none():
    session = linnet.load(DECODER).binding()
    session.carry_caches()
    step(session, PROMPT)
    assert session.output("logits") is None
    with pytest.raises(linnet.InvalidArgument, match='there is no output "logit"'):
        session.output("logit")
