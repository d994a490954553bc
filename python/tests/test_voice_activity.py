"""examples/voice_activity/: a stream through a network whose state stays in the session."""

import importlib.util
import subprocess
import sys
import wave

import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import TensorProto, helper

SCRIPT = ROOT / "examples" / "voice_activity" / "detect.py"


@pytest.fixture
def model(tmp_path):
    """With the ports of silero-vad: the state halves with each frame and grows by the loudness of all that it hears; the
    output is what it has become, less a half."""
    x = helper.make_tensor_value_info("input", TensorProto.FLOAT, [None, None])
    state = helper.make_tensor_value_info("state", TensorProto.FLOAT, [2, None, 128])
    rate = helper.make_tensor_value_info("sr", TensorProto.INT64, [])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("output", "stateN")]
    nodes = [
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Constant", [], ["usual"], value_float=16000.0),
        helper.make_node("Cast", ["sr"], ["hertz"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["hertz", "usual"], ["scale"]),
        helper.make_node("Abs", ["input"], ["loud"]),
        helper.make_node("ReduceMax", ["loud"], ["loudest"], keepdims=1),
        helper.make_node("Mul", ["loudest", "scale"], ["scaled"]),
        helper.make_node("Mul", ["state", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "scaled"], ["stateN"]),
        helper.make_node("ReduceMax", ["stateN"], ["all"], axes=[0, 2], keepdims=0),
        helper.make_node("Sub", ["all", "half"], ["less"]),
        helper.make_node("Constant", [], ["column"], value_ints=[-1, 1]),
        helper.make_node("Reshape", ["less", "column"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "ears", [x, state, rate], outputs)
    path = tmp_path / "ears.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("detect", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_state_and_the_end_of_the_last_frame_go_on(model, example):
    detector = example.VoiceDetector(str(model))
    frames = np.zeros((4, 512), np.float32)
    frames[0, 0], frames[1, 511] = 1.0, 0.5
    # The loudest sample of the second frame is heard by the third, too.
    expected = [1.0, 1.0, 1.0, 0.5]
    assert [detector(frame) for frame in frames] == [x - 0.5 for x in expected]
    detector.reset()
    assert [detector(frame) for frame in frames] == [x - 0.5 for x in expected]


def test_half_the_rate_has_half_the_frame(model, example):
    detector = example.VoiceDetector(str(model), 8000)
    assert detector.frame == 256
    assert detector(np.ones(256, np.float32)) == 0.0
    assert detector.heard.shape == (1, 288)


def test_spoken_parts(example):
    assert example.spoken([0, 0.6, 0.7, 0, 1], 0.5) == [(0.5, 1.5), (2.0, 2.5)]
    assert example.spoken([], 0.5) == []


def test_of_a_file(model, tmp_path):
    samples = np.zeros((6 * 512, 2), np.int16)
    samples[2 * 512 : 4 * 512, 0] = 2**15 - 1  # of the other channel nothing is heard
    samples[:, 1] = 12345
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    words = [sys.executable, str(SCRIPT), str(model), str(tmp_path / "a.wav")]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    # States of the frames: 0, 0, 1, 1.5, 1.75 (it still hears the last samples), 0.87.
    assert result.stdout == "0.10 s to 0.16 s\n"
