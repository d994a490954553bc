"""What exporters write as several nodes, and passes make one: with odd shapes and constants among the usual ones."""

from __future__ import annotations

import numpy as np

from draw import Draw, NotFit
from recipes.products import Window, image
from recipes.table import recipe


def scalar(g: Draw, number: float, kind: str = "float32") -> str:
    """A number as a scalar or as an array of one element."""
    return g.array(np.full(g.one_of([(), (), (1,), (1, 1)]), number, kind))


def either_way(g: Draw, op: str, a: str, b: str) -> str:
    return g.node(op, [a, b] if g.coin() else [b, a])[0]


def mean_of(g: Draw, x: str, axes: list[int]) -> str:
    if g.opset >= 18:
        return g.node("ReduceMean", [x, g.integers(axes)], keepdims=1)[0]
    return g.node("ReduceMean", [x], axes=axes, keepdims=1)[0]


@recipe("pattern: Gelu")
def gelu(g: Draw, op: str) -> None:
    x = g.tensor(["float32"], ranks=(1, 4))
    if g.coin():
        scaled = g.node("Div", [x, scalar(g, 1.4142135)])[0]
        one = either_way(g, "Add", g.node("Erf", [scaled])[0], scalar(g, 1))
    else:
        cube = g.node("Pow", [x, scalar(g, 3)])[0]
        inner = either_way(g, "Add", x, either_way(g, "Mul", cube, scalar(g, 0.044715)))
        tanh = g.node("Tanh", [either_way(g, "Mul", inner, scalar(g, 0.7978846))])[0]
        one = either_way(g, "Add", tanh, scalar(g, 1))
    if g.coin():
        either_way(g, "Mul", either_way(g, "Mul", x, one), scalar(g, 0.5))
    else:
        either_way(g, "Mul", either_way(g, "Mul", x, scalar(g, 0.5)), one)


@recipe("pattern: gates")
def gates(g: Draw, op: str) -> None:
    x = g.tensor(["float32"], ranks=(1, 4))
    which = g.one_of(["Sigmoid", "HardSigmoid", "Softplus"])
    if which == "HardSigmoid":
        gate = g.node(which, [x], alpha=1 / 6, beta=0.5)[0]
    elif which == "Softplus":
        gate = g.node("Tanh", [g.node(which, [x])[0]])[0]
    else:
        gate = g.node(which, [either_way(g, "Mul", x, scalar(g, 1.702)) if g.coin(0.3) else x])[0]
    either_way(g, "Mul", x if g.coin(0.85) else g.tensor(["float32"], g.values[x].shape), gate)


@recipe("pattern: LayerNormalization")
def layer_normalization(g: Draw, op: str) -> None:
    x = g.tensor(["float32"], ranks=(1, 4), least_size=1, finite=True)
    shape = g.values[x].shape
    axes = list(range(-g.integer(1, len(shape)), 0)) if g.coin(0.8) else [g.axis(len(shape))]
    y = x
    if g.coin(0.7):
        y = g.node("Sub", [x, mean_of(g, x, axes)])[0]
    square = g.node("Pow", [y, scalar(g, 2)])[0] if g.coin() else g.node("Mul", [y, y])[0]
    shifted = either_way(g, "Add", mean_of(g, square, axes), scalar(g, 1e-5))
    root = g.node("Sqrt", [shifted])[0]
    if g.coin():
        y = g.node("Div", [y, root])[0]
    else:
        y = either_way(g, "Mul", y, g.node("Reciprocal", [root])[0])
    for operator in ("Mul", "Add"):
        if g.coin(0.8):
            last = g.broadcast_of(shape) if g.coin(0.4) else shape[min(axes) :]
            y = either_way(g, operator, y, g.tensor(["float32"], last))


@recipe("pattern: attention")
def attention(g: Draw, op: str) -> None:
    lead = (g.integer(1, 2), g.integer(1, 3))[: g.integer(0, 2)]
    rows, keys, size, width = (g.integer(1, 6) for _ in range(4))
    q = g.tensor(["float32"], (*lead, rows, size), finite=True)
    k_shape = (*g.broadcast_of(lead), keys, size)
    k = g.tensor(["float32"], k_shape, finite=True)
    order = list(range(len(k_shape)))
    order[-1], order[-2] = order[-2], order[-1]
    scores = g.node("MatMul", [q, g.node("Transpose", [k], perm=order)[0]])[0]
    if g.coin(0.8):
        scores = g.node("Div", [scores, scalar(g, 2)])[0] if g.coin() else either_way(g, "Mul", scores, scalar(g, 0.3))
    if g.coin(0.6):
        shape = g.values[scores].shape
        scores = either_way(g, "Add", scores, g.tensor(["float32"], g.broadcast_of(shape), finite=True))
    weights = g.node("Softmax", [scores], axis=-1 if g.coin(0.9) else len(g.values[scores].shape) - 1)[0]
    g.node("MatMul", [weights, g.tensor(["float32"], (*g.broadcast_of(lead), keys, width), finite=True)])


@recipe("pattern: Conv")
def conv(g: Draw, op: str) -> None:
    """With a Pad before it; a normalisation, a sum or an activation behind it."""
    groups = g.one_of([1, 1, 2])
    x = image(g, ["float32"], groups * g.integer(1, 4), g.one_of([1, 2, 2]))
    rank = g.values[x].ndim - 2
    if g.coin(0.4):
        pads = [0, 0, *(g.integer(0, 2) for _ in range(rank))] + [0, 0, *(g.integer(0, 2) for _ in range(rank))]
        value = [g.array(np.array(0 if g.coin(0.7) else 1, np.float32))] if g.coin() else []
        x = g.node("Pad", [x, g.integers(pads), *value], mode=g.one_of([None, "constant", "edge"]))[0]
    channels, *sizes = g.values[x].shape[1:]
    window = Window(g, sizes)
    outputs = groups * g.integer(1, 9)
    w = g.array(g.data((outputs, channels // groups, *window.kernel), "float32", -1, 1))
    bias = [g.array(g.data((outputs,), "float32"))] if g.coin() else []
    y = g.node("Conv", [x, w, *bias], group=groups, **window.attributes())[0]
    if g.coin(0.4):
        ends = ((0.5, 2), (-1, 1), (-1, 1), (0.5, 2))
        y = g.node("BatchNormalization", [y, *(g.array(g.data((outputs,), "float32", *e)) for e in ends)])[0]
    epilogue(g, y, (outputs,) + (1,) * rank)


def epilogue(g: Draw, y: str, by_channel: tuple[int, ...]) -> None:
    """Sums, products and activations of a product's result."""
    for _ in range(g.integer(0, 2)):
        shape = g.one_of([g.values[y].shape, by_channel, (), (1,), g.broadcast_of(g.values[y].shape)])
        y = either_way(g, g.one_of(["Add", "Add", "Mul", "Sub"]), y, g.tensor(["float32"], shape, finite=True))
    if g.coin(0.7):
        g.node(g.one_of(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSwish", "Elu"]), [y])


@recipe("pattern: product")
def product(g: Draw, op: str) -> None:
    """Transposes around a product, scales and sums behind it."""
    a = g.tensor(["float32"], ranks=(2, 4), least_size=1, finite=True)
    if g.coin(0.5):
        perm = [int(axis) for axis in g.random.permutation(g.values[a].ndim)]
        a = g.node("Transpose", [a], perm=perm)[0]
    shape = g.values[a].shape
    b_shape = (*g.broadcast_of(shape[:-2]), shape[-1], g.integer(1, 20))
    if g.coin(0.4):
        b = g.tensor(["float32"], (*b_shape[:-2], b_shape[-1], b_shape[-2]), finite=True)
        order = list(range(len(b_shape)))
        order[-1], order[-2] = order[-2], order[-1]
        b = g.node("Transpose", [b], perm=order)[0]
    else:
        b = g.tensor(["float32"], b_shape, finite=True)
    y = g.node("MatMul", [a, b])[0]
    if g.coin(0.3):
        y = g.node("Transpose", [y], perm=[int(axis) for axis in g.random.permutation(g.values[y].ndim)])[0]
    epilogue(g, y, g.values[y].shape[-1:])


@recipe("pattern: quantized product")
def quantized(g: Draw, op: str) -> None:
    """DequantizeLinear, a product or a convolution, and QuantizeLinear, as quantising tools leave them."""
    g.special = False  # what NaN is as an integer, ONNX does not say
    kind = g.one_of(["int8", "uint8"])

    def restored(shape: tuple[int, ...], kind: str, axis: int | None = None) -> str:
        count = () if axis is None else (shape[axis],)
        names = [g.array(g.data(shape, kind, -100, 100)), g.array(g.data(count, "float32", 0.01, 0.1))]
        if g.coin(0.8):
            zeros = np.zeros(count, kind) if axis is not None else g.data(count, kind, -10, 10)
            names.append(g.array(zeros))
        return g.node("DequantizeLinear", names, axis=axis)[0]

    rows, depth, columns = (g.integer(1, 8) for _ in range(3))
    if g.coin():
        a = restored((*g.shape(0, 2, least=1), rows, depth), kind)
        b = restored((depth, columns), g.one_of(["int8", "uint8"]), g.one_of([None, 1, 0]))
        y = g.node("MatMul", [a, b])[0]
    elif g.coin():
        b = restored((columns, depth), "int8", g.one_of([None, 0]))
        bias = [g.array(g.data((columns,), "float32"))] if g.coin() else []
        y = g.node("Gemm", [restored((rows, depth), kind), b, *bias], transB=1)[0]
    else:
        window = Window(g, [6, 5])
        x = restored((1, depth, 6, 5), kind)
        w = restored((columns, depth, *window.kernel), "int8", g.one_of([None, 0]))
        bias = [g.array(g.data((columns,), "float32"))] if g.coin() else []
        y = g.node("Conv", [x, w, *bias], **window.attributes())[0]
    if g.coin(0.3):
        y = g.node("Relu", [y])[0]
    if g.coin(0.7):
        target = g.one_of(["int8", "uint8"])
        g.node("QuantizeLinear", [y, g.array(g.data((), "float32", 0.05, 0.5)), g.array(g.data((), target, -10, 10))])


@recipe("pattern: rotary embedding")
def rotary(g: Draw, op: str) -> None:
    """x * cos + (-second half, first half) * sin"""
    half = g.integer(1, 4)
    shape = (g.integer(1, 2), g.integer(1, 3), g.integer(1, 4), 2 * half)
    x = g.tensor(["float32"], shape, finite=True)
    cut = half if g.coin(0.9) else g.integer(1, 2 * half - 1)
    bounds = [g.integers([n]) for n in (0, cut, 2**31 - 1)]
    axis = g.integers([g.one_of([-1, 3])])
    first = g.node("Slice", [x, bounds[0], bounds[1], axis])[0]
    second = g.node("Slice", [x, bounds[1], bounds[2], axis])[0]
    parts = [g.node("Neg", [second])[0], first]
    turned = g.node("Concat", parts if g.coin(0.9) else parts[::-1], axis=-1)[0]
    if g.values[turned].shape != shape:
        raise NotFit("uneven halves")
    tables = [g.tensor(["float32"], g.one_of([shape[2:], (1, 1, *shape[2:]), shape]), finite=True) for _ in range(2)]
    either_way(g, "Add", either_way(g, "Mul", x, tables[0]), either_way(g, "Mul", turned, tables[1]))


@recipe("pattern: shapes")
def shapes(g: Draw, op: str) -> None:
    """A shape that a model computes of another one."""
    x = g.tensor(["float32"], ranks=(2, 4), least_size=1)
    rank = g.values[x].ndim
    whole = g.node("Shape", [x])[0]
    one = g.node("Gather", [whole, g.array(np.array(g.integer(-rank, rank - 1), np.int64))])[0]
    first = g.node("Unsqueeze", [one, g.integers([0])])[0]
    wanted = g.node("Concat", [first, g.integers([-1])], axis=0)[0]
    flat = g.node("Reshape", [x, wanted])[0]
    if g.coin():
        g.node("Transpose", [flat])
    else:
        back = g.node("Reshape", [g.node("Relu", [flat])[0], whole])[0]
        g.node("Add", [back, x])
