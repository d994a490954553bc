"""LSTM, GRU and RNN."""

from __future__ import annotations

from typing import Any

import numpy as np

from formulas.table import Array, formula

ACTIVATIONS = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh}


@formula("LSTM", "GRU", "RNN")
def recurrent(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Default activations only. Rows behind the end of their sequence are zeros, states those of its last step."""
    operator = attributes["operator"]
    x, w, r, bias, lengths, h0, c0, p = (list(inputs) + [None] * 8)[:8]
    layout = attributes.get("layout", 0)
    x = x.swapaxes(0, 1) if layout else x
    length, batch, _ = x.shape
    ways, _, hidden = r.shape
    lengths = np.full(batch, length) if lengths is None else lengths
    starts = [None if h is None else (h.swapaxes(0, 1) if layout else h) for h in (h0, c0)]
    y = np.zeros((length, ways, batch, hidden))
    last = [np.zeros((ways, batch, hidden)) for _ in range(2)]
    for way in range(ways):
        backwards = attributes.get("direction", b"forward") == b"reverse" or way == 1
        more = [None if array is None else array[way] for array in (bias, p)]
        cell = Cell(operator, attributes, w[way], r[way], *more)
        for row in range(batch):
            h, c = (np.zeros(hidden) if start is None else start[way, row] for start in starts)
            steps = range(int(lengths[row]))
            for step in reversed(steps) if backwards else steps:
                h, c = cell(x[step, row], h, c)
                y[step, way, row] = h
            last[0][way, row], last[1][way, row] = h, c
    made = [y.transpose(2, 0, 1, 3) if layout else y] + [s.swapaxes(0, 1) if layout else s for s in last]
    return made if operator == "LSTM" else made[:2]


class Cell:
    """One step of a recurrent network, in one direction."""

    def __init__(
        self, operator: str, attributes: dict[str, Any], w: Array, r: Array, bias: Array | None, p: Array | None
    ) -> None:
        self.operator, self.attributes, self.w, self.r = operator, attributes, w, r
        gates = w.shape[0]
        self.wb, self.rb = (np.zeros(gates), np.zeros(gates)) if bias is None else (bias[:gates], bias[gates:])
        self.p = p
        self.most = attributes.get("clip")

    def clipped(self, x: Array) -> Array:
        return x if self.most is None else np.clip(x, -self.most, self.most)

    def __call__(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
        hidden = h.size
        from_x, from_h = self.w @ x + self.wb, self.r @ h + self.rb
        if self.operator == "RNN":
            return tanh(self.clipped(from_x + from_h)), c
        if self.operator == "GRU":
            gates = (slice(0, hidden), slice(hidden, 2 * hidden))
            z, gate = (sigmoid(self.clipped(from_x[part] + from_h[part])) for part in gates)
            last = slice(2 * hidden, None)
            if self.attributes.get("linear_before_reset", 0):
                kept = gate * from_h[last]
            else:
                kept = self.r[last] @ (gate * h) + self.rb[last]
            return (1 - z) * tanh(self.clipped(from_x[last] + kept)) + z * h, c
        i, o, f, new = np.split(from_x + from_h, 4)
        pi, po, pf = np.zeros((3, hidden)) if self.p is None else np.split(self.p, 3)
        i, f = sigmoid(self.clipped(i + pi * c)), sigmoid(self.clipped(f + pf * c))
        cell = f * c + i * tanh(self.clipped(new))
        return sigmoid(self.clipped(o + po * cell)) * tanh(self.clipped(cell)), cell
