"""com.microsoft's layers of decoders: those that keep a state between steps, and what stands around them."""

from __future__ import annotations

import numpy as np

from .case import Array, Case, Values
from .contrib import contrib, normalized

NF4 = """-1 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635 -0.18477343022823334
    -0.09105003625154495 0 0.07958029955625534 0.16093020141124725 0.24611230194568634 0.33791524171829224
    0.44070982933044434 0.5626170039176941 0.7229568362236023 1"""
HALF_OF_FP4 = np.array([0, 1 / 192, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4])
TABLES = {"nf4": np.array(NF4.split(), float), "fp4": np.concatenate([HALF_OF_FP4, -HALF_OF_FP4])}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def table_products() -> Case:
    values = Values("matmul_bnb4")

    def weights(codes: Array, scales: Array, table: str, block: int, rows: int, columns: int) -> Array:
        flat = TABLES[table][np.stack([codes >> 4, codes & 15], -1).reshape(-1)][: rows * columns]
        return (flat * np.repeat(scales, block)[: flat.size]).reshape(rows, columns)

    def expected(x: Array, z: Array, c: Array, s: Array, f: Array, t: Array) -> list[Array]:
        odd, even = weights(c, s, "nf4", 16, 5, 7), weights(f, t, "fp4", 32, 6, 8)
        return [x @ odd.T, z @ even, weights(c, s, "fp4", 16, 5, 7) @ x[0].T]

    return contrib(
        "matmul_bnb4",
        "MatMulBnb4: the first of two codes is in a byte's upper half, the last byte has one, blocks run across rows",
        """(float[2, 3, 7] x, float[3, 6] z) => (float[2, 3, 5] y, float[3, 8] u, float[5, 3] v) {
            y = com.microsoft.MatMulBnb4 <K = 7, N = 5, block_size = 16, quant_type = 1> (x, c, s)
            u = com.microsoft.MatMulBnb4 <K = 8, N = 6, block_size = 32, quant_type = 0, transB = 0> (z, f, t)
            zero = Constant <value_int = 0> ()
            first = Gather (x, zero)
            w = com.microsoft.MatMulBnb4 <K = 7, N = 5, block_size = 16, quant_type = 0, training_mode = 1> 
                (first, c, s)
            v = Transpose (w)
        }""",
        inputs=[{"x": values.floats(2, 3, 7), "z": values.floats(3, 6)}],
        constants={
            "c": values.integers(18, least=0, most=255, dtype=np.uint8),
            "s": values.floats(3, least=0.1),
            "f": values.integers(24, least=0, most=255, dtype=np.uint8),
            "t": values.floats(2, least=0.1),
        },
        expected=expected,
    )


def wide_products() -> Case:
    values = Values("matmul_integer16")
    return contrib(
        "matmul_integer16",
        "MatMulInteger16: products of the least numbers fill 31 bits, and their sum wraps around",
        """(int16[2, 3, 4] x, int16[4, 5] w) => (int32[2, 3, 5] y) { y = com.microsoft.MatMulInteger16 (x, w) }""",
        inputs=[
            {
                "x": np.where(values.floats(2, 3, 4) < 0, -32768, 32767).astype(np.int16),
                "w": values.integers(4, 5, least=-32768, most=-30000, dtype=np.int16),
            }
        ],
        expected=lambda x, w: [(x.astype(np.int64) @ w.astype(np.int64)).astype(np.int32)],
    )


def causal(x: Array, past: Array, weight: Array, bias: Array | float, dilation: int = 1) -> tuple[Array, Array]:
    """Of x [batch, channels, steps] behind a past: what comes out, and the state."""
    everything = np.concatenate([past, x], 2)
    steps, taps = x.shape[2], weight.shape[2]
    parts = [everything[:, :, k * dilation : k * dilation + steps] * weight[:, 0, k, None] for k in range(taps)]
    return sum(parts) + np.reshape(bias, (1, -1, 1)), everything[:, :, steps:]


def causal_convolutions() -> Case:
    values = Values("causal_conv_with_state")

    def expected(x: Array, p: Array, l: Array, q: Array, w: Array, b: Array) -> list[Array]:
        y, state = causal(x, p, w, b)
        far, far_state = causal(x, np.zeros((2, 6, 9)), w, 0, 3)
        rows = l.reshape(2, 2, 6).swapaxes(1, 2)
        last, last_state = causal(rows, q.reshape(2, 3, 6).swapaxes(1, 2), w, b)
        flat, _ = causal(rows, np.zeros((2, 6, 6)), w, b, 2)
        return [
            y * sigmoid(y),
            state,
            far,
            far_state,
            (last * sigmoid(last)).swapaxes(1, 2).reshape(l.shape),
            last_state.swapaxes(1, 2).reshape(q.shape),
            flat.swapaxes(1, 2),
        ]

    return contrib(
        "causal_conv_with_state",
        "CausalConvWithState: fewer steps than taps, no past, taps apart, channels last and in two axes",
        """(float[2, 6, 2] x, float[2, 6, 3] p, float[2, 2, 3, 2] l, float[2, 3, 3, 2] q) => (float[2, 6, 2] y,
            float[2, 6, 3] py, float[2, 6, 2] u, float[2, 6, 9] pu, float[2, 2, 3, 2] v, float[2, 3, 3, 2] pv,
            float[2, 2, 6] t) {
            y, py = com.microsoft.CausalConvWithState <activation = "silu"> (x, w, b, p)
            u, pu = com.microsoft.CausalConvWithState <dilation = 3, activation = "none"> (x, w)
            v, pv = com.microsoft.CausalConvWithState <channels_last = 1, activation = "swish"> (l, w, b, q)
            form = Constant <value_ints = [2, 2, 6]> ()
            flat = Reshape (l, form)
            t, pt = com.microsoft.CausalConvWithState <channels_last = 1, ndim = 1, dilation = 2> (flat, w, b)
        }""",
        inputs=[
            {
                "x": values.floats(2, 6, 2),
                "p": values.floats(2, 6, 3),
                "l": values.floats(2, 2, 3, 2),
                "q": values.floats(2, 3, 3, 2),
            }
        ],
        constants={"w": values.floats(6, 1, 4), "b": values.floats(6)},
        expected=expected,
    )


def recurrence(query, key, value, state, scale, decay=None, beta=None) -> tuple[Array, Array]:
    """By heads [batch, steps, heads, width], each of query, key and value; decay may have a width of 1."""
    outputs = []
    for step in range(query.shape[1]):
        q, k, v = query[:, step], key[:, step], value[:, step]
        if decay is not None:
            state = state * np.exp(decay[:, step])[..., None]
        if beta is not None:
            v = beta[:, step] * (v - np.einsum("bhkv,bhk->bhv", state, k))
        state = state + k[..., :, None] * v[..., None, :]
        outputs.append(scale * np.einsum("bhkv,bhk->bhv", state.repeat(q.shape[1] // k.shape[1], 1), q))
    return np.stack(outputs, 1).reshape(query.shape[0], query.shape[1], -1), state


def linear_attention(rule: str) -> Case:
    """4 heads of queries for 2 of keys, 4 wide, and of values, 3 wide."""
    name = f"linear_attention_{rule}"
    values = Values(name)
    decay, beta = "gated" in rule, "delta" in rule
    gates = f", {'g' if decay else ''}{', b' if beta else ''}" if decay or beta else ""

    def expected(q: Array, k: Array, v: Array, p: Array, g=None, b=None) -> list[Array]:
        apart = [x.reshape(2, 5, -1, width) for x, width in ((q, 4), (k, 4), (v, 3))]
        of_keys = g.reshape(2, 5, 2, 4) if decay else None
        of_heads = g[..., :2, None] if decay else None
        b = b[..., None] if beta else None
        with_past = recurrence(*apart, p, 0.25, of_keys, b)
        alone = recurrence(*apart, np.zeros((2, 2, 4, 3)), 0.5, of_heads, None if b is None else b[:, :, :1])
        return [*with_past, *alone]

    declared = f"{', float[2, 5, 8] g' if decay else ''}{', float[2, 5, 2] b' if beta else ''}"
    graph = f"""(float[2, 5, 16] q, float[2, 5, 8] k, float[2, 5, 6] v, float[2, 2, 4, 3] p{declared}) =>
        (float[2, 5, 12] y, float[2, 2, 4, 3] s, float[2, 5, 12] z, float[2, 2, 4, 3] t) {{
        y, s = com.microsoft.LinearAttention
            <q_num_heads = 4, kv_num_heads = 2, update_rule = "{rule}", scale = 0.25> (q, k, v, p{gates})
        none = Constant <value_ints = [0]> ()
        one = Constant <value_ints = [1]> ()
        two = Constant <value_ints = [2]> ()
        {"g2 = Slice (g, none, two, two)" if decay else ""}
        {"b1 = Slice (b, none, one, two)" if beta else ""}
        z, t = com.microsoft.LinearAttention <q_num_heads = 4, kv_num_heads = 2, update_rule = "{rule}",
            chunk_size = 2> (q, k, v{", " * bool(gates)}{gates.replace("g", "g2").replace("b", "b1")})
    }}"""
    given = {"q": (2, 5, 16), "k": (2, 5, 8), "v": (2, 5, 6), "p": (2, 2, 4, 3)}
    given |= {"g": (2, 5, 8)} if decay else {}
    given |= {"b": (2, 5, 2)} if beta else {}
    return contrib(
        name,
        f"LinearAttention, {rule}: heads of queries share a state, with a past and without, gates by key and by head",
        graph,
        inputs=[{x: values.floats(*shape) for x, shape in given.items()}],
        expected=expected,
    )


def heads_of_values() -> Case:
    values = Values("linear_attention_values")

    def expected(q: Array, k: Array, v: Array, g: Array, b: Array) -> list[Array]:
        query, key = (x.reshape(1, 3, 2, 4).repeat(2, 2) for x in (q, k))
        out = recurrence(query, key, v.reshape(1, 3, 4, 2), np.zeros((1, 4, 4, 2)), 0.5, g[..., None], b[..., None])
        return [out[0], out[1]]

    return contrib(
        "linear_attention_values",
        "LinearAttention with more heads of values than of queries and keys; gated_delta is what is meant by default",
        """(float[1, 3, 8] q, float[1, 3, 8] k, float[1, 3, 8] v, float[1, 3, 4] g, float[1, 3, 4] b) =>
            (float[1, 3, 8] y, float[1, 4, 4, 2] s) {
            y, s = com.microsoft.LinearAttention <q_num_heads = 2, kv_num_heads = 4> (q, k, v, , g, b)
        }""",
        inputs=[
            {
                **{name: values.floats(1, 3, 8) for name in "qkv"},
                "g": values.floats(1, 3, 4, most=0),
                "b": values.floats(1, 3, 4, least=0),
            }
        ],
        expected=expected,
    )


def attention_gates() -> Case:
    values = Values("linear_attention_gate")
    return contrib(
        "linear_attention_gate",
        "LinearAttentionGate: the logarithm of a decay, whose Softplus keeps large numbers, and a share",
        """(float[2, 3, 4] a, float[2, 3, 4] b) => (float[2, 3, 4] d, float[2, 3, 4] e, float[2, 3, 4] f) {
            d, e = com.microsoft.LinearAttentionGate (a, t, s, b)
            f = com.microsoft.LinearAttentionGate (b, t, s)
        }""",
        inputs=[{"a": values.floats(2, 3, 4, least=-90, most=90), "b": values.floats(2, 3, 4, least=-5, most=5)}],
        constants={"t": values.floats(4), "s": values.floats(4, least=-2, most=0)},
        expected=lambda a, b, t, s: [s * np.logaddexp(0, a + t), sigmoid(b), s * np.logaddexp(0, b + t)],
    )

def turned(x: Array, cos: Array, sin: Array, interleaved: bool) -> Array:
    """x [..., steps, width], of which the first 2 * half numbers are turned; cos and sin [..., steps, half]."""
    half = cos.shape[-1]
    pairs = (slice(0, 2 * half, 2), slice(1, 2 * half, 2)) if interleaved else (slice(half), slice(half, 2 * half))
    out = x.copy()
    out[..., pairs[0]] = x[..., pairs[0]] * cos - x[..., pairs[1]] * sin
    out[..., pairs[1]] = x[..., pairs[1]] * cos + x[..., pairs[0]] * sin
    return out


def turns_of_three() -> Case:
    values = Values("mrotary_embedding")

    def expected(x: Array, i: Array, c: Array, s: Array) -> list[Array]:
        apart = x.reshape(2, 3, 2, 8).swapaxes(1, 2)
        results = []
        # Which of the three positions turns each column: sections of 1, 2 and 1; and every third, as often as they say.
        for orders, interleaved in (([0, 1, 1, 2], False), ([0, 1, 2, 0], True)):
            cos, sin = (np.stack([t[i[order], k] for k, order in enumerate(orders)], -1)[:, None] for t in (c, s))
            results.append(turned(apart, cos, sin, interleaved))
        wide = turned(np.pad(apart, [(0, 0)] * 3 + [(0, 2)], constant_values=3), cos, sin, False)
        return [results[0].swapaxes(1, 2).reshape(x.shape), results[1], wide]

    section = "mrope_section = [1, 2, 1]"
    return contrib(
        "mrotary_embedding",
        "MRotaryEmbedding: columns in sections or every third, heads packed or apart, turned in part",
        f"""(float[2, 3, 16] x, int64[3, 2, 3] i) => (float[2, 3, 16] y, float[2, 2, 3, 8] u, float[2, 2, 3, 10] v) {{
            y = com.microsoft.MRotaryEmbedding <num_heads = 2, {section}> (x, i, c, s)
            form = Constant <value_ints = [2, 3, 2, 8]> ()
            apart = Reshape (x, form)
            heads = Transpose <perm = [0, 2, 1, 3]> (apart)
            u = com.microsoft.MRotaryEmbedding <mrope_layout = 1, interleaved = 1, mrope_section = [2, 1, 1],
                scale = 1.0> (heads, i, c, s)
            pads = Constant <value_ints = [0, 0, 0, 0, 0, 0, 0, 2]> ()
            three = Constant <value_float = 3.0> ()
            wider = Pad (heads, pads, three)
            v = com.microsoft.MRotaryEmbedding <mrope_layout = 1, mrope_section = [2, 1, 1], num_heads = 2,
                rotary_embedding_dim = 8> (wider, i, c, s)
        }}""",
        inputs=[{"x": values.floats(2, 3, 16), "i": values.integers(3, 2, 3, least=0, most=6)}],
        constants={"c": values.floats(7, 4), "s": values.floats(7, 4)},
        expected=expected,
    )


def repeated_tokens() -> Case:
    values = Values("ngram_repeat_block")

    def barred(tokens: Array, scores: Array, n: int) -> Array:
        out = scores.copy()
        for row, line in enumerate(tokens.tolist()):
            for end in range(n - 1, len(line)):
                if line[end - n + 1 : end] == line[len(line) - n + 1 :]:
                    out[row, line[end]] = -np.inf
        return out

    return contrib(
        "ngram_repeat_block",
        "NGramRepeatBlock: every token is barred for n of 1, none where fewer than n stand there",
        """(int64[2, 6] i, float[2, 5] x) => (float[2, 5] p, float[2, 5] q, float[2, 5] r, float[2, 5] t) {
            p = com.microsoft.NGramRepeatBlock <ngram_size = 1> (i, x)
            q = com.microsoft.NGramRepeatBlock <ngram_size = 2> (i, x)
            r = com.microsoft.NGramRepeatBlock <ngram_size = 3> (i, x)
            t = com.microsoft.NGramRepeatBlock <ngram_size = 9> (i, x)
        }""",
        inputs=[{"i": np.array([[1, 2, 3, 1, 2, 1], [4, 0, 0, 4, 0, 0]]), "x": values.floats(2, 5)}],
        expected=lambda i, x: [barred(i, x, 1), barred(i, x, 2), barred(i, x, 3), x],
    )


def gated_layers() -> Case:
    values = Values("contrib_gates")

    def expected(x: Array, z: Array, g: Array, a: Array, h: Array) -> list[Array]:
        groups = normalized(x.reshape(2, 3, 2, 4), 1e-3, False)
        branches = normalized(x.reshape(2, 3, 2, 4), 1e-5, False)
        return [
            normalized(x, 1e-5, False) * a * z * sigmoid(z),
            (groups * h).reshape(x.shape) * sigmoid(z),
            branches.reshape(x.shape) * a,
            (branches * h).reshape(x.shape),
            branches,
            branches * a.reshape(2, 4),
            2 * x * sigmoid(2 * x),
            0.5 * x * sigmoid(0.5 * x),
            x + z * g,
        ]

    return contrib(
        "contrib_gates",
        "GatedRMSNorm of a row and of groups, BranchwiseRMSNorm of packed branches and of others, ScaledSiLU, GatedAdd",
        """(float[2, 3, 8] x, float[2, 3, 8] z, float[2, 3, 1] g) => (float[2, 3, 8] p, float[2, 3, 8] q,
            float[2, 3, 8] b, float[2, 3, 8] c, float[2, 3, 2, 4] d, float[2, 3, 2, 4] e, float[2, 3, 8] r,
            float[2, 3, 8] t, float[2, 3, 8] u) {
            p = com.microsoft.GatedRMSNorm (x, a, z)
            q = com.microsoft.GatedRMSNorm <activation = "sigmoid", epsilon = 0.001> (x, h, z)
            b = com.microsoft.BranchwiseRMSNorm <num_branches = 2> (x, a)
            c = com.microsoft.BranchwiseRMSNorm <num_branches = 2, epsilon = 0.00001> (x, h)
            form = Constant <value_ints = [2, 3, 2, 4]> ()
            apart = Reshape (x, form)
            d = com.microsoft.BranchwiseRMSNorm (apart)
            e = com.microsoft.BranchwiseRMSNorm (apart, a)
            r = com.microsoft.ScaledSiLU <alpha = 2.0> (x)
            half = Constant <value_float = 0.5> ()
            t = com.microsoft.ScaledSiLU <alpha = 2.0> (x, half)
            u = com.microsoft.GatedAdd (x, z, g)
        }""",
        inputs=[
            {
                "x": values.floats(2, 3, 8),
                "z": values.floats(2, 3, 8, least=-4, most=4),
                "g": values.floats(2, 3, 1),
            }
        ],
        constants={"a": values.floats(8), "h": values.floats(4)},
        expected=expected,
    )


def slices() -> Case:
    values = Values("unfold_tensor")

    def expected(x: Array) -> list[Array]:
        windows = np.lib.stride_tricks.sliding_window_view
        return [windows(x, 3, 2)[:, :, ::2], windows(x, 2, 1)[:, ::3], windows(x, 2, 0)]

    return contrib(
        "unfold_tensor",
        "UnfoldTensor: slices of any axis become the last one, and what is left over belongs to none",
        """(float[2, 5, 6] x) => (float[2, 5, 2, 3] y, float[2, 2, 6, 2] u, float[1, 5, 6, 2] v) {
            y = com.microsoft.UnfoldTensor <size = 3, step = 2> (x)
            u = com.microsoft.UnfoldTensor <size = 2, step = 3, dim = 1> (x)
            v = com.microsoft.UnfoldTensor <size = 2, dim = -3> (x)
        }""",
        inputs=[{"x": values.floats(2, 5, 6)}],
        expected=expected,
    )



CASES = [
    table_products(),
    wide_products(),
    causal_convolutions(),
    *(linear_attention(rule) for rule in ("linear", "gated", "delta", "gated_delta")),
    heads_of_values(),
    attention_gates(),
    turns_of_three(),
    repeated_tokens(),
    gated_layers(),
    slices(),
]
