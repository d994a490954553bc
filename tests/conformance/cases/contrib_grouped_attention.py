"""GroupQueryAttention of com.microsoft: caches with room, of a window or shared, lengths, norms, sinks, caps."""

from __future__ import annotations

import numpy as np

from .attention import attention
from .case import Array, Case, Values
from .contrib import contrib
from .contrib_attention import heads_apart, heads_joined, rotated


def grouped(q: Array, k: Array, v: Array, places: Array, window: int = 0, cap: float = np.inf) -> Array:
    """Of heads apart; query i of a sequence stands at places[sequence, i] among the keys."""
    keys = np.arange(k.shape[2])
    seen = keys <= places[..., None]
    if window:
        seen &= keys > places[..., None] - window
    repeats = q.shape[1] // k.shape[1]
    bias = np.where(seen, 0, -np.inf)[:, None]
    return heads_joined(attention(q, k.repeat(repeats, 1), v.repeat(repeats, 1), bias, cap))


def gqa_decode() -> Case:
    values = Values("gqa_decode")

    def expected(x: Array, pk: Array, pv: Array, n: Array, t: Array, c: Array, s: Array) -> list[Array]:
        places = np.array([[6]])
        q, k, v = (heads_apart(part, heads) for part, heads in zip(np.split(x, (64, 96), -1), (4, 2, 2)))
        keys = np.concatenate([pk, rotated(k, places, c, s)], 2)
        numbers = np.concatenate([pv, v], 2)
        return [grouped(rotated(q, places, c, s), keys, numbers, places, 4), keys, numbers]

    return contrib(
        "gqa_decode",
        "GroupQueryAttention: one token, packed, turned by its place, that sees a window of a cache that grows",
        """(float[1, 1, 128] x, float[1, 2, 6, 16] pk, float[1, 2, 6, 16] pv, int32[1] n, int32 t) =>
            (float[1, 1, 64] y, float[1, 2, 7, 16] ok, float[1, 2, 7, 16] ov) {
            y, ok, ov = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, do_rotary = 1,
                local_window_size = 4> (x, , , pk, pv, n, t, c, s)
        }""",
        inputs=[
            {
                "x": values.floats(1, 1, 128),
                "pk": values.floats(1, 2, 6, 16),
                "pv": values.floats(1, 2, 6, 16),
                "n": np.array([6], np.int32),
                "t": np.array(7, np.int32),
            }
        ],
        constants={"c": values.floats(16, 8), "s": values.floats(16, 8)},
        expected=expected,
    )


def gqa_uneven() -> Case:
    values = Values("gqa_uneven")

    def expected(q: Array, k: Array, v: Array, pk: Array, pv: Array, n: Array, t: Array) -> list[Array]:
        places = n[:, None] - 1 + np.arange(2)
        k, v = heads_apart(k, 1), heads_apart(v, 1)
        for sequence, place in enumerate(places[:, 0]):
            pk[sequence, :, place : place + 2] = k[sequence]
            pv[sequence, :, place : place + 2] = v[sequence]
        return [grouped(heads_apart(q, 2), pk, pv, places), pk, pv]

    return contrib(
        "gqa_uneven",
        "GroupQueryAttention: sequences of different lengths, in a past with room for what is new",
        """(float[2, 2, 32] q, float[2, 2, 16] k, float[2, 2, 16] v, float[2, 1, 8, 16] pk, float[2, 1, 8, 16] pv,
            int32[2] n, int32 t) => (float[2, 2, 32] y, float[2, 1, 8, 16] ok, float[2, 1, 8, 16] ov) {
            y, ok, ov = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 1> (q, k, v, pk, pv, n, t)
        }""",
        inputs=[
            {
                "q": values.floats(2, 2, 32),
                "k": values.floats(2, 2, 16),
                "v": values.floats(2, 2, 16),
                "pk": values.floats(2, 1, 8, 16),
                "pv": values.floats(2, 1, 8, 16),
                "n": np.array([5, 3], np.int32),
                "t": np.array(6, np.int32),
            }
        ],
        expected=expected,
    )


def gqa_bias_with_room() -> Case:
    values = Values("gqa_bias_with_room")

    def expected(q: Array, k: Array, v: Array, pk: Array, pv: Array, n: Array, t: Array, a: Array, g: Array):
        places = n[:, None] - 1 + np.arange(2)
        k, v = heads_apart(k, 1), heads_apart(v, 1)
        for sequence, place in enumerate(places[:, 0]):
            pk[sequence, :, place : place + 2] = k[sequence]
            pv[sequence, :, place : place + 2] = v[sequence]
        seen = np.arange(8) <= places[..., None]
        scores = heads_apart(q, 2) @ pk.repeat(2, 1).swapaxes(2, 3) / 4 + np.pad(a, ((0, 0), (0, 0), (0, 0), (0, 2)))
        weights = np.exp(np.where(seen[:, None], scores, -np.inf))
        shares = [weights / (weights.sum(-1, keepdims=True) + sink) for sink in (0, np.exp(g)[None, :, None, None])]
        return [heads_joined(share @ pv.repeat(2, 1)) for share in shares]

    return contrib(
        "gqa_bias_with_room",
        "GroupQueryAttention: a bias has a column for each step so far, the cache has rows for more",
        """(float[2, 2, 32] q, float[2, 2, 16] k, float[2, 2, 16] v, float[2, 1, 8, 16] pk, float[2, 1, 8, 16] pv,
            int32[2] n, int32 t, float[1, 2, 2, 6] a) => (float[2, 2, 32] y, float[2, 2, 32] z) {
            y, ok, ov = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 1>
                (q, k, v, pk, pv, n, t, , , , a)
            z, ok1, ov1 = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 1>
                (q, k, v, pk, pv, n, t, , , , a, g)
        }""",
        inputs=[
            {
                "q": values.floats(2, 2, 32),
                "k": values.floats(2, 2, 16),
                "v": values.floats(2, 2, 16),
                "pk": values.floats(2, 1, 8, 16),
                "pv": values.floats(2, 1, 8, 16),
                "n": np.array([5, 3], np.int32),
                "t": np.array(6, np.int32),
                "a": values.floats(1, 2, 2, 6),
            }
        ],
        constants={"g": values.floats(2)},
        expected=expected,
    )


def resident(steps: int, rows: int, window: int) -> int:
    """How many of the last steps a cache of so many rows holds."""
    gone = rows - window + 1
    return steps if steps <= rows else steps - gone * -(-(steps - rows) // gone)


def gqa_window_cache() -> Case:
    values = Values("gqa_window_cache")
    rows, window, steps = 6, 4, 2

    def expected(q: Array, k: Array, v: Array, pk: Array, pv: Array, n: Array, t: Array, a: Array) -> list[Array]:
        y = []
        h, k, v = heads_apart(q, 2), heads_apart(k, 1), heads_apart(v, 1)
        for b, last in enumerate(n):
            total = int(last) + 1
            before = total - steps
            held = resident(before, rows, window)
            keys, numbers = (np.concatenate([p[b, :, :held], x[b]], 1)[None] for p, x in ((pk, k), (pv, v)))
            at = np.arange(before - held, total)
            places = np.arange(before, total)[:, None]
            seen = (at <= places) & (at > places - window)
            bias = np.where(seen, a[0, 0][:, at], -np.inf)
            y.append(attention(h[b : b + 1], keys.repeat(2, 1), numbers.repeat(2, 1), bias))
            kept = resident(total, rows, window)
            pk[b, :, :kept], pv[b, :, :kept] = keys[0, :, -kept:], numbers[0, :, -kept:]
        return [heads_joined(np.concatenate(y)), pk, pv]

    return contrib(
        "gqa_window_cache",
        "GroupQueryAttention: two steps into a cache that holds a window, of which they push out the oldest",
        """(float[2, 2, 32] q, float[2, 2, 16] k, float[2, 2, 16] v, float[2, 1, 6, 16] pk, float[2, 1, 6, 16] pv,
            int32[2] n, int32 t, float[1, 1, 2, 12] a) =>
            (float[2, 2, 32] y, float[2, 1, 6, 16] ok, float[2, 1, 6, 16] ov) {
            y, ok, ov = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 1, local_window_size = 4,
                sliding_window_cache = 1> (q, k, v, pk, pv, n, t, , , , a)
        }""",
        inputs=[
            {
                "q": values.floats(2, steps, 32),
                "k": values.floats(2, steps, 16),
                "v": values.floats(2, steps, 16),
                "pk": values.floats(2, 1, rows, 16),
                "pv": values.floats(2, 1, rows, 16),
                "n": np.array([8, 11], np.int32),
                "t": np.array(12, np.int32),
                "a": values.floats(1, 1, steps, 12),
            }
        ],
        expected=expected,
    )


def gqa_norms_sink() -> Case:
    values = Values("gqa_norms_sink")

    def scaled(x: Array, w: Array, epsilon: float) -> Array:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * w

    def expected(q: Array, k: Array, v: Array, n: Array, t: Array, c: Array, s: Array, g, i: Array, j: Array):
        places = np.array([[0, 1, 2]] * 2)
        q, k = scaled(heads_apart(q, 4), i, 1e-3), scaled(heads_apart(k, 2), j, 1e-2)
        q, k, v = rotated(q, places, c, s), rotated(k, places, c, s), heads_apart(v, 2)
        outputs = []
        for seen in (np.tri(3) > 0, np.ones((3, 3)) > 0):
            scores = np.where(seen, q @ k.repeat(2, 1).swapaxes(2, 3) / 4, -np.inf)
            sinks = (g[None, :, None, None], 0.0)[len(outputs)]
            weights = np.exp(scores)
            share = weights / (weights.sum(-1, keepdims=True) + np.exp(sinks))
            outputs.append(heads_joined(share @ v.repeat(2, 1)))
        return outputs

    return contrib(
        "gqa_norms_sink",
        "GroupQueryAttention: heads normalised before they are turned; a sink for each head, and one of 0 for keys of "
        "both sides",
        """(float[2, 3, 64] q, float[2, 3, 32] k, float[2, 3, 32] v, int32[2] n, int32 t) =>
            (float[2, 3, 64] y, float[2, 3, 64] z) {
            y = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, do_rotary = 1,
                qk_norm_epsilon = 0.001, k_norm_epsilon = 0.01> (q, k, v, , , n, t, c, s, , , g, , , i, j)
            z = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, do_rotary = 1,
                q_norm_epsilon = 0.001, qk_norm_epsilon = 0.01, causal = 0, smooth_softmax = 1>
                (q, k, v, , , n, t, c, s, , , , , , i, j)
        }""",
        inputs=[
            {
                "q": values.floats(2, 3, 64),
                "k": values.floats(2, 3, 32),
                "v": values.floats(2, 3, 32),
                "n": np.array([2, 2], np.int32),
                "t": np.array(3, np.int32),
            }
        ],
        constants={
            "c": values.floats(8, 8),
            "s": values.floats(8, 8),
            "g": values.floats(4),
            "i": values.floats(16),
            "j": values.floats(16),
        },
        expected=expected,
    )


def gqa_padded_steps() -> Case:
    values = Values("gqa_padded_steps")

    def expected(q: Array, k: Array, v: Array, pk: Array, pv: Array, n: Array, t: Array, m: Array) -> list[Array]:
        before = n + 1 - m
        k, v = heads_apart(k, 1), heads_apart(v, 1)
        for b, place in enumerate(before):
            pk[b, :, place : place + 2], pv[b, :, place : place + 2] = k[b, :, :2], v[b, :, :2]
        y = grouped(heads_apart(q[:, :2], 2), pk, pv, before[:, None] + np.arange(2))
        return [y, pk[:, :, :5], pv[:, :, :5]]

    return contrib(
        "gqa_padded_steps",
        "GroupQueryAttention: two steps that count and one that does not, into a cache with room",
        """(float[2, 3, 32] q, float[2, 3, 16] k, float[2, 3, 16] v, float[2, 1, 8, 16] pk, float[2, 1, 8, 16] pv,
            int32[2] n, int32 t, int32[2] m) =>
            (float[2, 2, 32] y, float[2, 1, 5, 16] ok, float[2, 1, 5, 16] ov) {
            a, b, c = com.microsoft.GroupQueryAttention <num_heads = 2, kv_num_heads = 1>
                (q, k, v, pk, pv, n, t, , , , , , , , , , m)
            zero = Constant <value_ints = [0]> ()
            one = Constant <value_ints = [1]> ()
            two = Constant <value_ints = [2]> ()
            five = Constant <value_ints = [5]> ()
            y = Slice (a, zero, two, one)
            ok = Slice (b, zero, five, two)
            ov = Slice (c, zero, five, two)
        }""",
        inputs=[
            {
                "q": values.floats(2, 3, 32),
                "k": values.floats(2, 3, 16),
                "v": values.floats(2, 3, 16),
                "pk": values.floats(2, 1, 8, 16),
                "pv": values.floats(2, 1, 8, 16),
                "n": np.array([4, 4], np.int32),
                "t": np.array(8, np.int32),
                "m": np.array([2, 2], np.int32),
            }
        ],
        expected=expected,
    )


def gqa_capped() -> Case:
    values = Values("gqa_capped")

    def expected(q: Array, k: Array, v: Array, n: Array, t: Array) -> list[Array]:
        q, k, v = (heads_apart(x, heads) for x, heads in ((q, 4), (k, 2), (v, 2)))
        return [grouped(q, k, v, np.arange(5)[None], cap=0.5)]

    return contrib(
        "gqa_capped",
        "GroupQueryAttention: scores are capped before the mask is added",
        """(float[1, 5, 32] q, float[1, 5, 16] k, float[1, 5, 16] v, int32[1] n, int32 t) => (float[1, 5, 32] y) {
            y = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, softcap = 0.5> (q, k, v, , , n, t)
        }""",
        inputs=[
            {
                "q": values.floats(1, 5, 32),
                "k": values.floats(1, 5, 16),
                "v": values.floats(1, 5, 16),
                "n": np.array([4], np.int32),
                "t": np.array(5, np.int32),
            }
        ],
        expected=expected,
    )


CASES = [
    gqa_decode(),
    gqa_uneven(),
    gqa_bias_with_room(),
    gqa_window_cache(),
    gqa_norms_sink(),
    gqa_padded_steps(),
    gqa_capped(),
]
