"""Where somebody speaks in a WAV file, by silero-vad: a frame at a time, as sound arrives, with the network's state in
the session.

    pip install silero-vad    # has the model: silero_vad/data/silero_vad.onnx
    python examples/voice_activity/detect.py silero_vad.onnx speech.wav
"""

import sys
import wave

import linnet
import numpy as np

FRAMES = {8000: 256, 16000: 512}  # samples, by the sampling rate in Hz


class VoiceDetector:
    """silero-vad on one stream of sound."""

    def __init__(self, model: str, rate: int = 16000) -> None:
        self.frame = FRAMES[rate]
        self.session = linnet.load(model, threads=1).binding()
        self.session.carry("stateN", "state")  # what the network remembers stays in the session
        # The network hears the end of the frame before, too. The array is read where it lies.
        self.heard = np.zeros((1, self.frame // 8 + self.frame), np.float32)
        self.session.bind_input("input", self.heard)
        self.session.bind_input("sr", np.array(rate, np.int64))
        self.session.bind_output("output")
        self.reset()

    def reset(self) -> None:
        """Forgets what was heard."""
        self.heard[:] = 0
        self.session.bind_input("state", np.zeros((2, 1, 128), np.float32))

    def __call__(self, samples: np.ndarray) -> float:
        """How likely somebody speaks in these samples: `frame` floats from -1 to 1, those that follow on the last ones."""
        self.heard[0, : -self.frame] = self.heard[0, self.frame :]
        self.heard[0, -self.frame :] = samples
        self.session.run()
        return float(self.session.output("output")[0, 0])


def spoken(likely: list[float], seconds: float) -> list[tuple[float, float]]:
    """(begin, end) in seconds of the runs of frames, each so many seconds long, in which somebody speaks."""
    speaks = np.concatenate([[False], np.array(likely) > 0.5, [False]])
    changes = np.flatnonzero(speaks[1:] != speaks[:-1])
    return [(float(begin) * seconds, float(end) * seconds) for begin, end in changes.reshape(-1, 2)]


def read_wave(path: str) -> tuple[np.ndarray, int]:
    """The samples of a 16-bit file, of its first channel, and its sampling rate."""
    with wave.open(path) as file:
        if file.getsampwidth() != 2 or file.getframerate() not in FRAMES:
            sys.exit(f"{path}: 16-bit samples at 8,000 or 16,000 Hz are expected")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return samples[:: file.getnchannels()] / np.float32(2**15), file.getframerate()


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: detect.py MODEL.onnx SOUND.wav")
    samples, rate = read_wave(sys.argv[2])
    detector = VoiceDetector(sys.argv[1], rate)
    frames = samples[: len(samples) // detector.frame * detector.frame].reshape(-1, detector.frame)
    for begin, end in spoken([detector(frame) for frame in frames], detector.frame / rate):
        print(f"{begin:.2f} s to {end:.2f} s")


if __name__ == "__main__":
    main()
