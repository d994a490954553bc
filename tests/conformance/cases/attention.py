"""Attention: masks that allow nothing, queries that are fewer than the keys, outputs of the keys and values."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values


def attention(q: Array, k: Array, v: Array, bias: Array | float = 0.0, cap: float = np.inf) -> Array:
    """Softmax(capped(q k^T / sqrt(width)) + bias) v; a row whose bias is -inf throughout gives zeros."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    scores = (scores if np.isinf(cap) else cap * np.tanh(scores / cap)) + bias
    largest = scores.max(-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v


def causal(queries: int, keys: int) -> Array:
    """Query i sees keys 0 to i, however many keys there are: ONNX counts from the upper left where nothing is past."""
    return np.where(np.arange(keys) <= np.arange(queries)[:, None], 0, -np.inf)


def masked_row(kind: str) -> Case:
    name = "attention_masked_row_" + kind
    values = Values(name)
    allowed = values.integers(3, 5, least=0, most=1).astype(bool)
    allowed[0] = [True, False, True, True, False]
    allowed[1] = False
    mask = allowed if kind == "bool" else np.where(allowed, values.floats(3, 5), -np.inf).astype(np.float32)

    def expected(q: Array, k: Array, v: Array, m: Array) -> list[Array]:
        return [attention(q, k, v, np.where(m, 0, -np.inf) if kind == "bool" else m)]

    return Case(
        name=name,
        what="a row whose mask allows nothing gives zeros, neither NaN nor the mean",
        opset=23,
        graph=f"""(float[1, 2, 3, 4] q, float[1, 2, 5, 4] k, float[1, 2, 5, 4] v, {kind}[3, 5] m) =>
            (float[1, 2, 3, 4] y) {{
            y = Attention (q, k, v, m)
        }}""",
        inputs=[
            {
                "q": values.floats(1, 2, 3, 4),
                "k": values.floats(1, 2, 5, 4),
                "v": values.floats(1, 2, 5, 4),
                "m": mask,
            }
        ],
        expected=expected,
        function=True,
    )


def causal_upper_left() -> Case:
    values = Values("attention_causal_upper_left")
    return Case(
        name="attention_causal_upper_left",
        what="is_causal with fewer queries than keys and nothing past counts from the upper left",
        opset=23,
        graph="""(float[1, 1, 2, 4] q, float[1, 1, 4, 4] k, float[1, 1, 4, 3] v) => (float[1, 1, 2, 3] y) {
            y = Attention <is_causal = 1> (q, k, v)
        }""",
        inputs=[
            {"q": values.floats(1, 1, 2, 4), "k": values.floats(1, 1, 4, 4), "v": values.floats(1, 1, 4, 3)},
        ],
        expected=lambda q, k, v: [attention(q, k, v, causal(2, 4))],
        function=True,
    )


def present_without_past() -> Case:
    values = Values("attention_present_without_past")
    shape = (2, 2, 3, 4)
    return Case(
        name="attention_present_without_past",
        what="present_key and present_value are asked for where nothing is past",
        opset=23,
        graph="""(float[2, 2, 3, 4] q, float[2, 2, 3, 4] k, float[2, 2, 3, 4] v) =>
            (float[2, 2, 3, 4] y, float[2, 2, 3, 4] K, float[2, 2, 3, 4] V) {
            y, K, V = Attention <is_causal = 1> (q, k, v)
        }""",
        inputs=[{"q": values.floats(*shape), "k": values.floats(*shape), "v": values.floats(*shape)}],
        expected=lambda q, k, v: [attention(q, k, v, causal(3, 3)), k, v],
        function=True,
    )


CASES = [masked_row("bool"), masked_row("float"), causal_upper_left(), present_without_past()]
