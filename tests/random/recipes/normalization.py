"""Normalisations and what attention is made of."""

from __future__ import annotations

import numpy as np

from case import element_type
from draw import FLOATS, Draw, dtype_of
from recipes.products import image
from recipes.table import recipe


@recipe("BatchNormalization")
def batch_normalization(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind], ranks=(2, 5), least_size=1)
    channels = g.values[x].shape[1:2]
    other = kind if g.opset < 15 else g.one_of(["float32", kind])
    names = [x]
    for low, high in ((-2, 2), (-2, 2), (-2, 2), (0.25, 4)):
        names.append(g.array(g.data(channels, other, low, high)))
    g.node(op, names, epsilon=g.one_of([None, 1e-3]))


@recipe("InstanceNormalization")
def instance_normalization(g: Draw, op: str) -> None:
    kind = g.type(op, "input")
    x = image(g, [kind])
    channels = g.values[x].shape[1:2]
    g.node(op, [x, g.tensor([kind], channels), g.tensor([kind], channels)], epsilon=g.one_of([None, 1e-3]))


@recipe("GroupNormalization")
def group_normalization(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    groups = g.integer(1, 3)
    x = image(g, [kind], groups * g.integer(1, 3))
    count = (g.values[x].shape[1] if g.opset >= 21 else groups,)
    more = {"stash_type": g.one_of([None, 1])} if g.opset >= 21 else {}
    names = [x, g.tensor([kind], count), g.tensor([kind], count)]
    g.node(op, names, num_groups=groups, epsilon=g.one_of([None, 1e-3]), **more)


@recipe("LayerNormalization", "RMSNormalization")
def layer_normalization(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind], ranks=(1, 4), least_size=1)
    shape = g.values[x].shape
    axis = g.integer(-len(shape), len(shape) - 1)
    names = [x, g.tensor([kind], shape[axis % len(shape) :])]
    outputs = 1
    if op == "LayerNormalization":
        outputs = g.one_of([1, 1, 3])
        if g.coin():
            names.append(g.tensor([kind], shape[axis % len(shape) :]))
    g.node(op, names, outputs, axis=None if axis == -1 and g.coin() else axis, epsilon=g.one_of([None, 1e-3]))


@recipe("MeanVarianceNormalization")
def mean_variance(g: Draw, op: str) -> None:
    x = g.tensor(["float32"], ranks=(4, 4), least_size=1, finite=True)  # of others ONNX infers no type
    g.node(op, [x], axes=g.one_of([[0, 2, 3], [1], [2, 3]]))


@recipe("LRN")
def lrn(g: Draw, op: str) -> None:
    attributes = {"alpha": (0.001, 1), "beta": (0.25, 1), "bias": (0.5, 2)}
    chosen = {name: g.number(*ends) for name, ends in attributes.items() if g.coin()}
    g.node(op, [image(g, [g.type(op, "X")])], size=g.one_of([1, 3, 5]), **chosen)


@recipe("RotaryEmbedding")
def rotary_embedding(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    batch, heads, length = g.integer(1, 2), g.integer(1, 3), g.integer(1, 5)
    size = 2 * g.integer(1, 4)
    rotated = 2 * g.integer(1, size // 2) if g.coin(0.3) else 0
    half = (rotated or size) // 2
    flat = g.coin(0.4)
    x = g.tensor([kind], (batch, length, heads * size) if flat else (batch, heads, length, size))
    attributes = {
        "interleaved": g.one_of([None, 0, 1]),
        "rotary_embedding_dim": rotated or None,
        "num_heads": heads if flat or g.coin(0.3) else None,
    }
    if g.coin():
        most = length + g.integer(0, 3)
        caches = [g.array(g.data((most, half), kind, -1, 1)) for _ in range(2)]
        positions = g.array(g.random.integers(0, most, (batch, length)))
        g.node(op, [x, *caches, positions], **attributes)
    else:
        caches = [g.array(g.data((batch, length, half), kind, -1, 1)) for _ in range(2)]
        g.node(op, [x, *caches], **attributes)


@recipe("Attention")
def attention(g: Draw, op: str) -> None:
    kind = g.type(op, "Q")
    batch, length, keys = g.integer(1, 2), g.integer(1, 5), g.integer(1, 6)
    kv_heads = g.integer(1, 2)
    heads = kv_heads * g.integer(1, 2)
    size, value_size = g.integer(1, 5), g.integer(1, 5)
    flat = g.coin(0.4)

    def heads_of(count: int, rows: int, width: int) -> str:
        return g.array(g.data((batch, rows, count * width) if flat else (batch, count, rows, width), kind, -2, 2))

    names = [heads_of(heads, length, size), heads_of(kv_heads, keys, size), heads_of(kv_heads, keys, value_size)]
    past = g.integer(0, 3) if g.coin(0.3) else 0
    if g.coin() or past:
        shape = g.one_of([(length, keys + past), (1, 1, length, keys + past), (batch, heads, length, keys + past)])
        masked = g.coin(0.4)
        mask = g.random.random(shape) < 0.7 if masked else g.data(shape, kind, -2, 2)
        if masked:
            mask[..., 0] = True
        names.append(g.array(mask) if g.coin(0.8) else "")
    if past:
        names += [g.array(g.data((batch, kv_heads, past, width), kind, -2, 2)) for width in (size, value_size)]
    while names and names[-1] == "":
        names.pop()
    attributes = {
        "scale": g.one_of([None, 0.5]),
        "is_causal": g.one_of([None, 0, 1]),
        "softcap": g.one_of([None, None, 2.0]),
        "q_num_heads": heads if flat else None,
        "kv_num_heads": kv_heads if flat else None,
    }
    g.node(op, names, 3 if past else 1, **attributes)


@recipe("AffineGrid")
def affine_grid(g: Draw, op: str) -> None:
    kind = g.type(op, "theta")
    rank = g.integer(2, 3)
    batch = g.integer(1, 2)
    sizes = [batch, g.integer(1, 3)] + [g.integer(2, 4) for _ in range(rank)]
    theta = g.array(g.data((batch, rank, rank + 1), kind))
    g.node(op, [theta, g.integers(sizes)], align_corners=g.one_of([None, 0, 1]))


@recipe("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial")
def random_numbers(g: Draw, op: str) -> None:
    """Only types and shapes can be compared: no two runtimes have the same numbers."""
    kinds = [name for name in FLOATS if name in g.types(op, "output", FLOATS)]
    kind = element_type(dtype_of(g.one_of(kinds))) if kinds else None
    attributes: dict[str, object] = {"seed": 1.0}
    if op in ("RandomNormal", "RandomUniform"):
        g.node(op, [], shape=list(g.shape(1, 3)), dtype=kind, **attributes)
        return
    if op == "Multinomial":
        x = g.tensor([g.type(op, "input", FLOATS)], ranks=(2, 2), least_size=1, finite=True)
        g.node(op, [x], sample_size=g.integer(1, 4), dtype=g.one_of([None, 6, 7]), **attributes)
        return
    x = g.array(g.random.random(g.shape()).astype(dtype_of(g.type(op, "input", FLOATS))))
    g.node(op, [x], dtype=kind if g.coin() else None, **attributes)


@recipe("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(g: Draw, op: str) -> None:
    schema = g.schema(op)
    kind = g.type(op, schema.inputs[0].name)
    batch, classes = g.integer(1, 4), g.integer(2, 5)
    more = g.shape(0, 2, least=1)
    x = g.tensor([kind], (batch, classes, *more), finite=True)
    target = g.random.integers(0, classes, (batch, *more)).astype(g.one_of(["int32", "int64"]))
    names = [x, g.array(target)]
    if g.coin():
        names.append(g.array(g.data((classes,), kind, 0.25, 2)))
    ignored = int(target.reshape(-1)[0]) if g.coin(0.3) and target.size > 1 else None
    reduction = g.one_of([None, "none", "sum", "mean"])
    if ignored is not None and np.all(target == ignored):
        ignored = None
    g.node(op, names, reduction=reduction, ignore_index=ignored)
