"""DFT and STFT: lengths that are odd, or no power of two."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def pairs(x: Array) -> Array:
    """Complex values with real and imaginary part as the last axis."""
    return np.stack([x.real, x.imag], -1)


def dft_inverse_onesided() -> Case:
    return Case(
        name="dft_inverse_onesided",
        what="inverse and onesided: real values, as many as asked for, an odd number",
        opset=20,
        graph="""(float[2, 4, 2] x) => (float[2, 7, 1] y) {
            y = DFT <inverse = 1, onesided = 1> (x, n, a)
        }""",
        inputs=[{"x": Values("dft_inverse_onesided").floats(2, 4, 2)}],
        constants={"n": np.array(7), "a": np.array(1)},
        expected=lambda x, n, a: [np.fft.irfft(x[..., 0] + 1j * x[..., 1], int(n), int(a))[..., None]],
    )


def stft_odd_frames() -> Case:
    def expected(x: Array, s: Array, w: Array) -> list[Array]:
        begins = range(0, x.shape[1] - len(w) + 1, int(s))
        frames = np.stack([x[:, begin : begin + len(w), 0] * w for begin in begins], 1)
        return [pairs(np.fft.rfft(frames))]

    return Case(
        name="stft_odd_frames",
        what="a frame length that is no power of two, a window, the last frame ends with the signal",
        opset=17,
        graph="(float[2, 25, 1] x) => (float[2, 5, 5, 2] y) { y = STFT <onesided = 1> (x, s, w) }",
        inputs=[{"x": Values("stft_odd_frames").floats(2, 25, 1)}],
        constants={"s": np.array(4), "w": np.hanning(9).astype(np.float32)},
        expected=expected,
    )


CASES = [dft_inverse_onesided(), stft_odd_frames()]
