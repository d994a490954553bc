"""Attention as the domain com.microsoft has it, and what stands around it there: positions, embeddings, caches."""

from __future__ import annotations

import numpy as np

from .attention import attention
from .case import Array, Case, Values
from .contrib import contrib, normalized


def rotated(x: Array, positions: Array, cos: Array, sin: Array, interleaved: bool = False) -> Array:
    """Of [batch, heads, steps, width]; what is behind twice the width of the caches stays."""
    half = cos.shape[1]
    c, s = cos[positions][:, None], sin[positions][:, None]
    turning, rest = x[..., : 2 * half], x[..., 2 * half :]
    a, b = (turning[..., ::2], turning[..., 1::2]) if interleaved else (turning[..., :half], turning[..., half:])
    real, imaginary = a * c - b * s, a * s + b * c
    turned = np.stack([real, imaginary], -1).reshape(turning.shape) if interleaved else np.concatenate(
        [real, imaginary], -1
    )
    return np.concatenate([turned, rest], -1)


def heads_apart(x: Array, heads: int) -> Array:
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def heads_joined(x: Array) -> Array:
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def rotary_offset() -> Case:
    values = Values("contrib_rotary_offset")

    def expected(x: Array, p: Array, c: Array, s: Array) -> list[Array]:
        steps = np.broadcast_to(p + np.arange(4), (2, 4))
        y = heads_joined(rotated(heads_apart(x, 3), steps, c, s, True))
        return [y, rotated(heads_apart(x, 3), steps, c, s)]

    return contrib(
        "contrib_rotary_offset",
        "RotaryEmbedding: one position is where all sequences begin; heads follow from the caches",
        """(float[2, 4, 24] x, int64[1] p) => (float[2, 4, 24] y, float[2, 3, 4, 8] z) {
            y = com.microsoft.RotaryEmbedding <interleaved = 1> (x, p, c, s)
            shape = Constant <value_ints = [2, 4, 3, 8]> ()
            h = Reshape (x, shape)
            t = Transpose <perm = [0, 2, 1, 3]> (h)
            z = com.microsoft.RotaryEmbedding (t, p, c, s)
        }""",
        inputs=[{"x": values.floats(2, 4, 24), "p": np.array([5])}],
        constants={"c": values.floats(16, 4), "s": values.floats(16, 4)},
        expected=expected,
    )


def mha_bias_broadcast() -> Case:
    values = Values("mha_bias_broadcast")

    def expected(q: Array, k: Array, v: Array, n: Array, a: Array, b: Array) -> list[Array]:
        q, k, v = (heads_apart(x + bias, 2) for x, bias in zip((q, k, v), np.split(b, 3)))
        return [heads_joined(attention(q, k, v, a + np.where(n == 1, 0, -np.inf)[:, None, None, :]))]

    return contrib(
        "mha_bias_broadcast",
        "MultiHeadAttention: attention_bias spread over batch and heads, with a bias and padded keys",
        """(float[2, 3, 8] q, float[2, 4, 8] k, float[2, 4, 8] v, int32[2, 4] n, float[1, 1, 3, 4] a) =>
            (float[2, 3, 8] y) {
            y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, b, n, a)
        }""",
        inputs=[
            {
                "q": values.floats(2, 3, 8),
                "k": values.floats(2, 4, 8),
                "v": values.floats(2, 4, 8),
                "n": np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.int32),
                "a": values.floats(1, 1, 3, 4),
            }
        ],
        constants={"b": values.floats(24)},
        expected=expected,
    )


def mha_past_lengths() -> Case:
    values = Values("mha_past_lengths")

    def expected(q: Array, k: Array, v: Array, pk: Array, pv: Array, n: Array) -> list[Array]:
        keys, numbers = (np.concatenate([p, heads_apart(x, 2)], 2) for p, x in ((pk, k), (pv, v)))
        bias = np.where(np.arange(6) <= np.arange(3)[:, None] + 3, 0, -np.inf)
        y = heads_joined(attention(heads_apart(q, 2), keys, numbers, bias))
        shut = np.where(np.arange(3) < n[:, None], 0, -np.inf)[:, None, None, :]
        z = heads_joined(attention(heads_apart(q, 2), heads_apart(k, 2), heads_apart(v, 2), shut))
        return [y, keys, numbers, z]

    return contrib(
        "mha_past_lengths",
        "MultiHeadAttention: causal behind a past; a mask of lengths",
        """(float[2, 3, 8] q, float[2, 3, 8] k, float[2, 3, 8] v, float[2, 2, 3, 4] pk, float[2, 2, 3, 4] pv,
            int32[2] n) => (float[2, 3, 8] y, float[2, 2, 6, 4] ok, float[2, 2, 6, 4] ov, float[2, 3, 8] z) {
            y, ok, ov = com.microsoft.MultiHeadAttention <num_heads = 2, unidirectional = 1> (q, k, v, , , , pk, pv)
            z = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, , n)
        }""",
        inputs=[
            {
                **{name: values.floats(2, 3, 8) for name in "qkv"},
                "pk": values.floats(2, 2, 3, 4),
                "pv": values.floats(2, 2, 3, 4),
                "n": np.array([3, 1], np.int32),
            }
        ],
        expected=expected,
    )


def masks_of_lengths() -> Case:
    values = Values("masks_of_lengths")

    def expected(
        q: Array, k: Array, v: Array, n: Array, x: Array, e: Array, s: Array, w: Array, b: Array
    ) -> list[Array]:
        shut = np.where(np.arange(4) < n[:, None], 0, -np.inf)[:, None, None, :]
        y = attention(heads_apart(q, 2), k, v, shut)
        steps = np.arange(5)
        parts = [heads_apart(part, 2) for part in np.split(x @ w + b, 3, -1)]
        masks = [(steps < e[:2, None]) & (steps >= e[2:, None]), steps < s[:2, None]]
        biases = [np.where(kept, 0, -10000.0)[:, None, None, :] for kept in masks]
        return [heads_joined(y), *(heads_joined(attention(*parts, bias)) for bias in biases)]

    return contrib(
        "masks_of_lengths",
        "MultiHeadAttention with heads apart, Attention of sequences that begin somewhere or are packed: masks of one axis",
        """(float[2, 3, 8] q, float[2, 2, 4, 4] k, float[2, 2, 4, 4] v, int32[2] n, float[2, 5, 6] x, int32[4] e,
            int32[8] s) => (float[2, 3, 8] y, float[2, 5, 8] z, float[2, 5, 8] p) {
            y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, , n)
            z = com.microsoft.Attention <num_heads = 2> (x, w, b, e)
            p = com.microsoft.Attention <num_heads = 2> (x, w, b, s)
        }""",
        inputs=[
            {
                "q": values.floats(2, 3, 8),
                "k": values.floats(2, 2, 4, 4),
                "v": values.floats(2, 2, 4, 4),
                "n": np.array([4, 2], np.int32),
                "x": values.floats(2, 5, 6),
                "e": np.array([5, 4, 2, 0], np.int32),
                "s": np.array([5, 3, 0, 5, 8, 0, 5, 8], np.int32),
            }
        ],
        constants={"w": values.floats(6, 24), "b": values.floats(24)},
        expected=expected,
    )


def attention_layer() -> Case:
    values = Values("contrib_attention_layer")

    def expected(i: Array, g: Array, m: Array, w: Array, p: Array, e: Array, s: Array, b: Array, k: Array, c: Array):
        x = normalized(w[i] + p[: i.shape[1]] + e[g], 1e-12) * s + b
        q, k, v = (heads_apart(part, 2) for part in np.split(x @ k + c, 3, -1))
        return [heads_joined(attention(q, k, v, np.where(m == 1, 0, -np.inf)[:, None, None, :])), m.sum(1)]

    return contrib(
        "contrib_attention_layer",
        "EmbedLayerNormalization and Attention, with the mask as keys and as lengths",
        """(int32[2, 3] i, int32[2, 3] g, int32[2, 3] m) => (float[2, 3, 8] y, int32[2] n) {
            x, n = com.microsoft.EmbedLayerNormalization (i, g, w, p, e, s, b, m)
            y = com.microsoft.Attention <num_heads = 2> (x, k, c, n)
        }""",
        inputs=[
            {
                "i": np.array([[1, 2, 0], [3, 1, 2]], np.int32),
                "g": np.array([[0, 1, 0], [1, 1, 0]], np.int32),
                "m": np.array([[1, 1, 0], [1, 1, 1]], np.int32),
            }
        ],
        constants={
            "w": values.floats(5, 8),
            "p": values.floats(4, 8),
            "e": values.floats(2, 8),
            "s": values.floats(8),
            "b": values.floats(8),
            "k": values.floats(8, 24),
            "c": values.floats(24),
        },
        expected=expected,
    )


def unequal_widths() -> Case:
    values = Values("contrib_attention_widths")

    def expected(x: Array, k: Array, c: Array) -> list[Array]:
        q, k, v = (heads_apart(part, 2) for part in np.split(x @ k + c, [8, 16], -1))
        return [heads_joined(attention(q, k, v, np.where(np.tri(4) == 1, 0, -np.inf)))]

    return contrib(
        "contrib_attention_widths",
        "Attention whose values are narrower than its queries and keys, each seeing what came before",
        """(float[2, 4, 6] x) => (float[2, 4, 4] y) {
            y = com.microsoft.Attention <num_heads = 2, unidirectional = 1, qkv_hidden_sizes = [8, 8, 4]> (x, k, c)
        }""",
        inputs=[{"x": values.floats(2, 4, 6)}],
        constants={"k": values.floats(6, 20), "c": values.floats(20)},
        expected=expected,
    )


def masked_decoder() -> Case:
    values = Values("decoder_masked_mha")

    def expected(q: Array, k: Array, v: Array, m: Array, pk: Array, pv: Array, n, xk: Array, xv: Array, b: Array):
        h, key, number = (heads_apart(x + bias, 2) for x, bias in zip((q, k, v), np.split(b, 3)))
        pk[:, :, 3:4], pv[:, :, 3:4] = key, number
        bias = np.where(m == 1, 0, -10000)[:, None, None, :]
        y = heads_joined(attention(h, pk[:, :, :4], pv[:, :, :4], bias))
        return [y, pk, pv, heads_joined(attention(heads_apart(q, 2), xk, xv, 0))]

    heads = "num_heads = 2"
    return contrib(
        "decoder_masked_mha",
        "DecoderMaskedMultiHeadAttention: the past is a buffer with room; keys of another sequence",
        f"""(float[2, 1, 8] q, float[2, 1, 8] k, float[2, 1, 8] v, int32[2, 4] m, float[2, 2, 6, 4] pk,
            float[2, 2, 6, 4] pv, int32[1] n, float[2, 2, 5, 4] xk, float[2, 2, 5, 4] xv) =>
            (float[2, 1, 8] y, float[2, 2, 6, 4] ok, float[2, 2, 6, 4] ov, float[2, 1, 8] z) {{
            y, ok, ov = com.microsoft.DecoderMaskedMultiHeadAttention <{heads}, past_present_share_buffer = 1>
                (q, k, v, m, , pk, pv, n, , , b)
            z = com.microsoft.DecoderMaskedMultiHeadAttention <{heads}> (q, xk, xv)
        }}""",
        inputs=[
            {
                **{name: values.floats(2, 1, 8) for name in "qkv"},
                "m": np.array([[1, 1, 1, 1], [0, 1, 1, 1]], np.int32),
                "pk": values.floats(2, 2, 6, 4),
                "pv": values.floats(2, 2, 6, 4),
                "n": np.array([3], np.int32),
                "xk": values.floats(2, 2, 5, 4),
                "xv": values.floats(2, 2, 5, 4),
            }
        ],
        constants={"b": values.floats(24)},
        expected=expected,
    )


CASES = [
    rotary_offset(),
    mha_bias_broadcast(),
    mha_past_lengths(),
    masks_of_lengths(),
    attention_layer(),
    unequal_widths(),
    masked_decoder(),
]
