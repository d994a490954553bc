#!/usr/bin/env python3
"""silero-vad frame by frame, as examples/voice_activity/detect.py runs it, beside ONNX Runtime with the state handed on:
prints the largest difference and the time of a frame of both, one thread each. Exit status 1 where they differ.

`make real` calls it."""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np

from packages import model_path

ROOT = Path(__file__).resolve().parent.parent.parent
FRAMES = 300
ROUNDS = 5
TOLERANCE = 1e-5  # of a probability

Ear = Callable[[np.ndarray], float]


def of_linnet(model: Path) -> Callable[[], Ear]:
    """Makes the example's detector forget, and gives it."""
    spec = importlib.util.spec_from_file_location("detect", ROOT / "examples" / "voice_activity" / "detect.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    detector = example.VoiceDetector(str(model))

    def begin() -> Ear:
        detector.reset()
        return detector

    return begin


def of_onnxruntime(model: Path) -> Callable[[], Ear]:
    """The same by ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def begin() -> Ear:
        state, heard, rate = np.zeros((2, 1, 128), np.float32), np.zeros((1, 576), np.float32), np.array(16000)

        def ear(samples: np.ndarray) -> float:
            nonlocal state
            heard[0, :64] = heard[0, 512:]
            heard[0, 64:] = samples
            output, state = session.run(None, {"input": heard, "state": state, "sr": rate})
            return float(output[0, 0])

        return ear

    return begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="virtual environment of ONNX Runtime")
    parser.add_argument("--cache", type=Path, required=True, help="where wheels are kept")
    options = parser.parse_args()
    sys.path += map(str, options.peers.glob("lib/python3*/site-packages"))
    model = model_path(options.cache, "silero-vad", "6.2.3", "silero_vad/data/silero_vad.onnx")
    # Vowels of a sort, with pauses: pulses of 120 Hz through two resonances.
    at = np.arange(FRAMES * 512) / 16000
    sound = sum(np.sin(2 * np.pi * 120 * k * at) / (1 + abs(120 * k - 700) / 200) for k in range(1, 20))
    sound *= 0.1 * (np.sin(2 * np.pi * 0.4 * at) > 0)
    frames = sound.astype(np.float32).reshape(-1, 512)
    begins = {"Linnet": of_linnet(model), "ONNX Runtime": of_onnxruntime(model)}
    times: dict[str, list[float]] = {name: [] for name in begins}
    heard: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, begin in begins.items():
            ear = begin()
            start = time.perf_counter()
            heard[name] = np.array([ear(frame) for frame in frames])
            times[name].append((time.perf_counter() - start) / FRAMES * 1e6)
    own, peer = (statistics.median(of) for of in times.values())
    largest = float(np.abs(heard["Linnet"] - heard["ONNX Runtime"]).max())
    verdict = "agrees" if largest <= TOLERANCE else "differs"
    print(f"{verdict}  silero-vad as a stream: {largest:.1e}; a frame of 32 ms takes {own:.1f} us, by ONNX Runtime {peer:.1f}: {own / peer:.2f}")
    return 0 if largest <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
