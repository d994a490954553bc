"""LSTM and GRU by ONNX's text, one sequence after the other: lengths, directions, layouts, peepholes, activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .case import Array, Case, Values

State = tuple[Array, ...]  # hidden, and for LSTM cell


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def recurrence(x: Array, start: Sequence[Array], lengths: Sequence[int], steps: Sequence[Callable]) -> list[Array]:
    """Y and the last states of `steps`, one per direction; the second one goes backwards.

    `x` is [time, batch, input], each of `start` [direction, batch, hidden]. `steps[d](x_t, states)` is the next states.
    A backward pass starts at its sequence's own end; Y is 0 behind it.
    """
    last = [state.copy() for state in start]
    y = np.zeros((x.shape[0], *start[0].shape))
    for direction, step in enumerate(steps):
        for n, length in enumerate(lengths):
            states: State = tuple(state[direction, n] for state in start)
            for t in range(length) if direction == 0 else reversed(range(length)):
                states = step(x[t, n], states)
                y[t, direction, n] = states[0]
            for k, state in enumerate(states):
                last[k][direction, n] = state
    return [y, *last]


def lstm(x: Array, w: Array, r: Array, b: Array, h0=None, c0=None, n=None, p: Array | None = None) -> list[Array]:
    """Y, Y_h and Y_c; gates in the order input, output, forget, cell, peepholes input, output, forget."""
    directions, _, hidden = r.shape
    zeros = np.zeros((directions, x.shape[1], hidden))

    def step_of(direction: int) -> Callable:
        weights, recurrent = w[direction], r[direction]
        bias = b[direction, : 4 * hidden] + b[direction, 4 * hidden :]
        look = np.zeros((3, hidden)) if p is None else p[direction].reshape(3, hidden)

        def step(value: Array, states: State) -> State:
            h, c = states
            i, o, f, g = np.split(weights @ value + recurrent @ h + bias, 4)
            cell = sigmoid(f + look[2] * c) * c + sigmoid(i + look[0] * c) * np.tanh(g)
            return sigmoid(o + look[1] * cell) * np.tanh(cell), cell

        return step

    start = [zeros if h0 is None else h0, zeros if c0 is None else c0]
    lengths = [x.shape[0]] * x.shape[1] if n is None else n
    return recurrence(x, start, lengths, [step_of(d) for d in range(directions)])


def gru(x, w, r, b=None, n=None, *, before: bool, clip=np.inf, f=sigmoid, g=np.tanh) -> list[Array]:
    """Y and Y_h; gates in the order update, reset, hidden. `before` is linear_before_reset, `f` and `g` activate."""
    directions, _, hidden = r.shape
    b = np.zeros((directions, 6 * hidden)) if b is None else b

    def clipped(value: Array) -> Array:
        return np.clip(value, -clip, clip)

    def step_of(direction: int) -> Callable:
        weights, (rz, rr, rh) = w[direction], np.split(r[direction], 3)
        wb, (bz, br, bh) = b[direction, : 3 * hidden], np.split(b[direction, 3 * hidden :], 3)

        def step(value: Array, states: State) -> State:
            (h,) = states
            xz, xr, xh = np.split(weights @ value + wb, 3)
            update = f(clipped(xz + rz @ h + bz))
            reset = f(clipped(xr + rr @ h + br))
            new = g(clipped(xh + (reset * (rh @ h + bh) if before else rh @ (reset * h) + bh)))
            return ((1 - update) * new + update * h,)

        return step

    lengths = [x.shape[0]] * x.shape[1] if n is None else n
    start = [np.zeros((directions, x.shape[1], hidden))]
    return recurrence(x, start, lengths, [step_of(d) for d in range(directions)])


def weights_of(values: Values, gates: int, directions: int, hidden: int, inputs: int) -> dict[str, Array]:
    return {
        "w": values.floats(directions, gates * hidden, inputs),
        "r": values.floats(directions, gates * hidden, hidden),
        "b": values.floats(directions, 2 * gates * hidden),
    }


def lstm_bidirectional_lengths() -> Case:
    values = Values("lstm_bidirectional_lengths")
    return Case(
        name="lstm_bidirectional_lengths",
        what="the backward pass starts at each sequence's own end; initial states",
        opset=14,
        graph="""(float[t, 3, 4] x, int32[3] n, float[2, 3, 3] h0, float[2, 3, 3] c0) =>
            (float[t, 2, 3, 3] y, float[2, 3, 3] yh, float[2, 3, 3] yc) {
            y, yh, yc = LSTM <direction = "bidirectional", hidden_size = 3> (x, w, r, b, n, h0, c0)
        }""",
        inputs=[
            {
                "x": values.floats(5, 3, 4),
                "n": np.array([2, 5, 4], np.int32),
                "h0": values.floats(2, 3, 3),
                "c0": values.floats(2, 3, 3),
            }
        ],
        constants=weights_of(values, 4, 2, 3, 4),
        expected=lstm,
    )


def lstm_peepholes() -> Case:
    values = Values("lstm_peepholes")
    return Case(
        name="lstm_peepholes",
        what="peepholes: the output gate looks at the new cell",
        opset=14,
        graph="""(float[3, 2, 2] x) => (float[3, 2, 2, 3] y, float[2, 2, 3] yh, float[2, 2, 3] yc) {
            y, yh, yc = LSTM <direction = "bidirectional", hidden_size = 3> (x, w, r, b, "", "", "", p)
        }""",
        inputs=[{"x": values.floats(3, 2, 2)}],
        constants={**weights_of(values, 4, 2, 3, 2), "p": values.floats(2, 9)},
        expected=lstm,
    )


def lstm_batch_first() -> Case:
    values = Values("lstm_batch_first")

    def expected(x: Array, h0: Array, c0: Array, **weights: Array) -> list[Array]:
        """Layout 1 is layout 0 with the batch before time, and before the direction."""
        h0, c0 = h0.swapaxes(0, 1), c0.swapaxes(0, 1)
        y, yh, yc = lstm(x.swapaxes(0, 1), h0=h0, c0=c0, **weights)
        return [y.transpose(2, 0, 1, 3), yh.swapaxes(0, 1), yc.swapaxes(0, 1)]

    return Case(
        name="lstm_batch_first",
        what="layout 1, in both directions, with initial states",
        opset=14,
        graph="""(float[3, 4, 3] x, float[3, 2, 2] h0, float[3, 2, 2] c0) =>
            (float[3, 4, 2, 2] y, float[3, 2, 2] yh, float[3, 2, 2] yc) {
            y, yh, yc = LSTM <direction = "bidirectional", hidden_size = 2, layout = 1> (x, w, r, b, "", h0, c0)
        }""",
        inputs=[{"x": values.floats(3, 4, 3), "h0": values.floats(3, 2, 2), "c0": values.floats(3, 2, 2)}],
        constants=weights_of(values, 4, 2, 2, 3),
        expected=expected,
    )


def gru_no_bias() -> Case:
    values = Values("gru_no_bias")
    weights = weights_of(values, 3, 1, 5, 2)
    return Case(
        name="gru_no_bias",
        what="linear_before_reset without a bias and without an initial state, more than one sequence",
        opset=14,
        graph="""(float[t, n, 2] x) => (float[t, 1, n, 5] y, float[1, n, 5] yh) {
            y, yh = GRU <hidden_size = 5, linear_before_reset = 1> (x, w, r)
        }""",
        inputs=[{"x": values.floats(4, 3, 2)}, {"x": values.floats(1, 2, 2)}],
        constants={"w": weights["w"], "r": weights["r"]},
        expected=lambda x, w, r: gru(x, w, r, before=True),
    )


def gru_bidirectional_lengths() -> Case:
    values = Values("gru_bidirectional_lengths")
    return Case(
        name="gru_bidirectional_lengths",
        what="the backward pass starts at each sequence's own end",
        opset=14,
        graph="""(float[t, 3, 4] x, int32[3] n) => (float[t, 2, 3, 3] y, float[2, 3, 3] yh) {
            y, yh = GRU <direction = "bidirectional", hidden_size = 3> (x, w, r, b, n)
        }""",
        inputs=[{"x": values.floats(5, 3, 4), "n": np.array([5, 1, 3], np.int32)}],
        constants=weights_of(values, 3, 2, 3, 4),
        expected=lambda x, w, r, b, n: gru(x, w, r, b, n, before=False),
    )


def gru_clip_activations() -> Case:
    values = Values("gru_clip_activations")

    def hard_sigmoid(x: Array) -> Array:
        return np.clip(0.25 * x + 0.55, 0, 1)

    def leaky_relu(x: Array) -> Array:
        return np.where(x < 0, 0.1 * x, x)

    def expected(x: Array, w: Array, r: Array, b: Array) -> list[Array]:
        return [gru(x, w, r, b, before=before, clip=0.9, f=hard_sigmoid, g=leaky_relu)[0] for before in (False, True)]

    attributes = """activations = ["HardSigmoid", "LeakyRelu"], activation_alpha = [0.25, 0.1],
        activation_beta = [0.55], clip = 0.9, hidden_size = 2"""
    return Case(
        name="gru_clip_activations",
        what="clip bounds what goes into each activation; each takes its own alpha and beta",
        opset=14,
        graph=f"""(float[4, 2, 3] x) => (float[4, 1, 2, 2] y0, float[4, 1, 2, 2] y1) {{
            y0 = GRU <{attributes}, linear_before_reset = 0> (x, w, r, b)
            y1 = GRU <{attributes}, linear_before_reset = 1> (x, w, r, b)
        }}""",
        inputs=[{"x": values.floats(4, 2, 3)}],
        constants=weights_of(values, 3, 1, 2, 3),
        expected=expected,
    )


CASES = [
    lstm_bidirectional_lengths(),
    lstm_peepholes(),
    lstm_batch_first(),
    gru_no_bias(),
    gru_bidirectional_lengths(),
    gru_clip_activations(),
]
