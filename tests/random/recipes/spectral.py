"""Fourier transforms and windows."""

from __future__ import annotations

import numpy as np

from case import element_type
from draw import Draw, dtype_of
from recipes.table import recipe


@recipe("DFT")
def dft(g: Draw, op: str) -> None:
    kind = g.type(op, "input")
    parts = g.one_of([1, 2])
    shape = (*(g.integer(1, 6) for _ in range(g.integer(2, 3))), parts)
    inverse = g.one_of([None, 0, 1])
    one_sided = g.one_of([None, 0, 1]) if parts == 1 and not inverse else None
    x = g.array(g.data(shape, kind, -3, 3))
    axis = g.integer(1 if g.opset < 20 else 0, len(shape) - 2)
    length = g.array(np.array(g.integer(1, 8), np.int64)) if g.coin() else ""
    attributes = {"inverse": inverse, "onesided": one_sided}
    if g.opset < 20:
        g.node(op, [x, length] if length else [x], axis=axis, **attributes)
    else:
        g.node(op, [x, length, g.array(np.array(axis, np.int64))], **attributes)


@recipe("STFT")
def stft(g: Draw, op: str) -> None:
    kind = g.type(op, "signal")
    length = g.integer(4, 16)
    frame = g.integer(2, length)
    signal = g.array(g.data((g.integer(1, 2), length, 1), kind, -3, 3))
    names = [signal, g.array(np.array(g.integer(1, 4), np.int64))]
    windowed = g.coin()
    names.append(g.array(g.data((frame,), kind, 0, 1)) if windowed else "")
    if not windowed or g.coin():
        names.append(g.array(np.array(frame, np.int64)))
    g.node(op, names, onesided=g.one_of([None, 0, 1]))


@recipe("MelWeightMatrix")
def mel_weights(g: Draw, op: str) -> None:
    kind = "int64"
    numbers = [g.integer(2, 8), g.integer(8, 32), g.integer(4000, 16000)]
    names = [g.array(np.array(number, kind)) for number in numbers]
    names += [g.array(np.array(number, np.float32)) for number in (g.number(0, 100), g.number(1000, 2000))]
    g.node(op, names, output_datatype=g.one_of([None, 1, 11]))


@recipe("HannWindow", "HammingWindow", "BlackmanWindow")
def window(g: Draw, op: str) -> None:
    size = g.array(np.array(g.integer(2, 20), g.one_of(["int32", "int64"])))
    to = element_type(dtype_of(g.type(op, "output", ("float32", "float64", "float16", "bfloat16"))))
    g.node(op, [size], periodic=g.one_of([None, 0, 1]), output_datatype=g.one_of([None, to]))
