"""Operators that move, repeat or choose elements."""

from __future__ import annotations

import numpy as np

from case import element_type
from draw import ANY, FLOATS, INTEGERS, Draw, NotFit, dtype_of
from recipes.table import recipe

STORED = ANY + ("float8_e4m3fn", "float8_e5m2")


def movable(g: Draw, op: str, parameter: str, ranks: tuple[int, int] = (0, 4), least_size: int = 0) -> str:
    """Elements of any type."""
    kind = g.type(op, parameter, STORED)
    if kind in ANY:
        return g.tensor([kind], ranks=ranks, least_size=least_size)
    return g.array(g.data_of(g.shape(*ranks, least=least_size), dtype_of(kind)))


@recipe("Reshape")
def reshape(g: Draw, op: str) -> None:
    x = movable(g, op, "data")
    shape = g.values[x].shape
    wanted = factored(g, int(np.prod(shape)))
    allow_zero = g.one_of([None, 0, 1]) if "allowzero" in g.schema(op).attributes else None
    if 0 in shape:
        wanted = list(shape[::-1])
        allow_zero = 1 if allow_zero is not None else None
        if allow_zero is None:
            wanted = [size if size else 0 for size in shape]
    elif g.coin(0.4):
        wanted[g.integer(0, len(wanted) - 1)] = -1
    elif g.coin(0.3) and shape and wanted[0] == shape[0] and not allow_zero:
        wanted[0] = 0
    g.node(op, [x, g.integers(wanted)], allowzero=allow_zero)


def factored(g: Draw, count: int) -> list[int]:
    """Sizes whose product it is, ones among them."""
    sizes = []
    while count > 1 and len(sizes) < 4:
        divisors = [d for d in range(2, count + 1) if count % d == 0]
        chosen = g.one_of(divisors)
        sizes.append(chosen)
        count //= chosen
    sizes += [count] if count > 1 else []
    sizes += [1] * (g.integer(0, 2) if sizes else 1)
    g.random.shuffle(sizes)
    return [int(size) for size in sizes]


@recipe("Flatten")
def flatten(g: Draw, op: str) -> None:
    x = movable(g, op, "input")
    rank = g.values[x].ndim
    g.node(op, [x], axis=g.one_of([None, g.integer(-rank if g.opset >= 11 else 0, rank)]) if rank else 0)


@recipe("Transpose")
def transpose(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (0, 5))
    perm = [int(axis) for axis in g.random.permutation(g.values[x].ndim)]
    g.node(op, [x], perm=perm if perm and g.coin(0.8) else None)


@recipe("Squeeze")
def squeeze(g: Draw, op: str) -> None:
    shape = [1 if g.coin(0.5) else size for size in g.shape()]
    x = g.array(g.data(shape, g.type(op, "data")))
    axes = [axis for axis, size in enumerate(shape) if size == 1 and g.coin(0.7)]
    g_axes(g, op, x, axes, len(shape))


@recipe("Unsqueeze")
def unsqueeze(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (0, 3))
    rank = g.values[x].ndim + g.integer(1, 2)
    axes = [int(axis) for axis in g.random.permutation(rank)[: rank - g.values[x].ndim]]
    g_axes(g, op, x, axes, rank)


def g_axes(g: Draw, op: str, x: str, axes: list[int], rank: int) -> None:
    """Axes as attribute or input, as the opset has them."""
    if g.opset >= 11:
        axes = [axis - rank if g.coin(0.3) else axis for axis in axes]
    if not axes and g.coin():
        g.node(op, [x])
    elif g.opset < 13:
        g.node(op, [x], axes=sorted(axes) if g.opset < 11 else axes)
    else:
        g.node(op, [x, g.integers(axes)])


@recipe("Concat")
def concat(g: Draw, op: str) -> None:
    x = movable(g, op, "inputs", (1, 4))
    shape = list(g.values[x].shape)
    axis = g.integer(0, len(shape) - 1)
    names = [x]
    for _ in range(g.integer(0, 3)):
        shape[axis] = g.size(0)
        names.append(g.array(g.data_of(shape, g.values[x].dtype)))
    g.node(op, names, axis=axis - len(shape) if g.coin(0.3) and g.opset >= 11 else axis)


@recipe("Split")
def split(g: Draw, op: str) -> None:
    x = movable(g, op, "input", (1, 4))
    shape = g.values[x].shape
    axis = g.integer(0, len(shape) - 1)
    size = shape[axis]
    shown = axis - len(shape) if g.coin(0.3) and g.opset >= 11 else axis
    shown = None if axis == 0 and g.coin(0.3) else shown
    parts = g.integer(1, 3)
    cuts = sorted(g.integer(0, size) for _ in range(parts - 1))
    sizes = [end - start for start, end in zip([0, *cuts], [*cuts, size])]
    if g.coin(0.4) and (size % parts == 0 or g.opset >= 18) and size:
        while -(-size // parts) * (parts - 1) >= size:
            parts -= 1
        g.node(op, [x], parts, axis=shown, num_outputs=parts if g.opset >= 18 else None)
    elif g.opset < 13:
        g.node(op, [x], parts, axis=shown, split=sizes)
    else:
        g.node(op, [x, g.integers(sizes)], parts, axis=shown)


@recipe("Slice")
def slices(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4))
    shape = g.values[x].shape
    axes = [int(axis) for axis in g.random.permutation(len(shape))[: g.integer(1, len(shape))]]
    starts = [g.integer(-shape[a] - 1, shape[a] + 1) for a in axes]
    ends = [g.one_of([g.integer(-shape[a] - 1, shape[a] + 1), 2**31 - 1, -(2**31)]) for a in axes]
    if g.opset < 10:
        g.node(op, [x], starts=starts, ends=ends, axes=axes)
        return
    kind = g.one_of(["int32", "int64"])
    names = [x, g.integers(starts, kind), g.integers(ends, kind)]
    if g.coin(0.8):
        names.append(g.integers([a - len(shape) if g.coin(0.3) else a for a in axes], kind))
        if g.coin(0.6):
            names.append(g.integers([g.one_of([1, 2, 3, -1, -2]) for _ in axes], kind))
    else:
        names = [x, g.integers(starts[:1], kind), g.integers(ends[:1], kind)]
    g.node(op, names)


@recipe("Pad")
def pad(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4), least_size=2)
    shape = g.values[x].shape
    mode = g.one_of([None, "constant", "reflect", "edge"] + (["wrap"] if g.opset >= 19 else []))
    constant = mode in (None, "constant")
    most = [1 if not constant else 3 for size in shape]
    axes = sorted(range(len(shape)))
    use_axes = g.opset >= 18 and g.coin(0.4)
    if use_axes:
        axes = [int(axis) for axis in g.random.permutation(len(shape))[: g.integer(1, len(shape))]]
    pads = [g.integer(-1 if g.coin(0.2) and constant else 0, most[a]) for a in axes + axes]
    if g.opset < 11:
        g.node(op, [x], pads=pads, mode=mode, value=g.number(-1, 1) if g.coin() else None)
        return
    names = [x, g.integers(pads)]
    if g.coin() or use_axes:
        names.append(g.array(g.data_of((), g.values[x].dtype)) if constant and g.coin() else "")
    if use_axes:
        names.append(g.integers([a - len(shape) if g.coin(0.3) else a for a in axes], g.one_of(["int32", "int64"])))
    g.node(op, names, mode=mode)


@recipe("Tile")
def tile(g: Draw, op: str) -> None:
    x = movable(g, op, "input")
    g.node(op, [x, g.integers([g.integer(0 if g.coin(0.1) else 1, 3) for _ in g.values[x].shape])])


@recipe("Expand")
def expand(g: Draw, op: str) -> None:
    shape = g.shape()
    x = g.array(g.data(g.broadcast_of(shape), g.type(op, "input")))
    wanted = [1 if g.coin(0.2) else size for size in shape][g.integer(0, len(shape)) if g.coin(0.2) else 0 :]
    g.node(op, [x, g.integers(wanted)])


def indices(g: Draw, shape: tuple[int, ...], size: int, kind: str) -> np.ndarray:
    """Into an axis of that size, some from the end."""
    if size == 0 and np.prod(shape) > 0:
        raise NotFit("no index into an empty axis")
    return g.random.integers(-size if g.opset >= 11 else 0, max(size, 1), shape).astype(kind)


@recipe("Gather")
def gather(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4))
    axis = g.axis(g.values[x].ndim) if g.opset >= 11 else g.integer(0, g.values[x].ndim - 1)
    picked = indices(g, g.shape(0, 3), g.values[x].shape[axis], g.one_of(["int32", "int64"]))
    g.node(op, [x, g.array(picked)], axis=axis if axis or g.coin() else None)


@recipe("GatherElements")
def gather_elements(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4))
    shape = g.values[x].shape
    axis = g.axis(len(shape))
    wanted = [g.integer(0 if g.coin(0.05) else min(1, size), size) for size in shape]
    wanted[axis] = g.size()
    g.node(op, [x, g.array(indices(g, tuple(wanted), shape[axis], g.one_of(["int32", "int64"])))], axis=axis)


@recipe("GatherND")
def gather_nd(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4), least_size=1)
    shape = g.values[x].shape
    batch = g.integer(0, len(shape) - 1) if g.opset >= 12 and g.coin() else 0
    depth = g.integer(1, len(shape) - batch)
    tuples = shape[:batch] + g.shape(0, 2)
    columns = [indices(g, tuples, shape[batch + i], "int64") for i in range(depth)]
    g.node(op, [x, g.array(np.stack(columns, -1))], batch_dims=batch if batch else None)


@recipe("Scatter", "ScatterElements")
def scatter_elements(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4), least_size=1)
    value = g.values[x]
    axis = g.axis(value.ndim) if g.opset >= 11 else g.integer(0, value.ndim - 1)
    wanted = [g.integer(0 if g.coin(0.05) else 1, size) for size in value.shape]
    modes = reductions(g, op, value)
    mode = g.one_of(modes)
    if mode in (None, "none"):  # two updates of one place: ONNX does not say which wins
        size = value.shape[axis]
        lines = g.random.permuted(np.broadcast_to(np.arange(size), (*wanted[:axis], *wanted[axis:][1:], size)), axis=-1)
        picked = np.moveaxis(lines, -1, axis)
        picked = picked[tuple(slice(0, n) for n in wanted)] if axis >= 0 else picked[tuple(slice(0, n) for n in wanted)]
    else:
        picked = indices(g, tuple(wanted), value.shape[axis], "int64")
    updates = g.array(g.data_of(picked.shape, value.dtype))
    kind = g.one_of(["int32", "int64"])
    g.node(op, [x, g.array(picked.astype(kind)), updates], axis=axis, reduction=mode)


def reductions(g: Draw, op: str, value: np.ndarray) -> list[str | None]:
    modes: list[str | None] = [None]
    if "reduction" in g.schema(op).attributes and value.dtype.name in FLOATS + INTEGERS:
        modes += ["none", "add", "mul"] + (["max", "min"] if g.opset >= 18 else [])
    return modes


@recipe("ScatterND")
def scatter_nd(g: Draw, op: str) -> None:
    x = movable(g, op, "data", (1, 4), least_size=1)
    value = g.values[x]
    depth = g.integer(1, value.ndim)
    count = int(np.prod(value.shape[:depth]))
    mode = g.one_of(reductions(g, op, value))
    tuples = g.shape(1, 2, least=1)
    if mode in (None, "none"):
        tuples = (g.integer(1, count),)
        flat = g.random.permutation(count)[: tuples[0]]
    else:
        flat = g.random.integers(0, count, tuples)
    picked = np.stack(np.unravel_index(flat, value.shape[:depth]), -1).astype(np.int64)
    if g.opset >= 13 and g.coin(0.3):
        picked -= np.array(value.shape[:depth])
    updates = g.data_of(tuples + value.shape[depth:], value.dtype)
    g.node(op, [x, g.array(picked), g.array(updates)], reduction=mode)


@recipe("DepthToSpace", "SpaceToDepth")
def blocks(g: Draw, op: str) -> None:
    block = g.integer(1, 3)
    deep = op == "DepthToSpace"
    shape = [g.size(0), g.size() * (block**2 if deep else 1)] + [g.size() * (1 if deep else block) for _ in "hw"]
    x = g.tensor([g.type(op, "input")], shape)
    mode = g.one_of([None, "DCR", "CRD"]) if deep and g.opset >= 11 else None
    g.node(op, [x], blocksize=block, mode=mode)


@recipe("ReverseSequence")
def reverse_sequence(g: Draw, op: str) -> None:
    x = movable(g, op, "input", (2, 4), least_size=1)
    time = g.integer(0, 1)
    shape = g.values[x].shape
    lengths = [g.integer(1, shape[time]) for _ in range(shape[1 - time])]
    g.node(op, [x, g.integers(lengths)], time_axis=time, batch_axis=1 - time)


@recipe("Trilu")
def trilu(g: Draw, op: str) -> None:
    x = movable(g, op, "input", (2, 4))
    k = [g.array(np.array(g.integer(-4, 4), np.int64))] if g.coin() else []
    g.node(op, [x, *k], upper=g.one_of([None, 0, 1]))


@recipe("Compress")
def compress(g: Draw, op: str) -> None:
    x = movable(g, op, "input", (1, 4))
    axis = g.axis(g.values[x].ndim) if g.opset >= 11 else g.integer(0, g.values[x].ndim - 1)
    axis = None if g.coin(0.3) else axis
    size = g.values[x].size if axis is None else g.values[x].shape[axis]
    g.node(op, [x, g.array(g.random.random(g.integer(0, size)) < 0.5)], axis=axis)


@recipe("NonZero")
def non_zero(g: Draw, op: str) -> None:
    g.node(op, [g.tensor([g.type(op, "X")], least=-1, most=1, ranks=(1, 4))])


@recipe("Unique")
def unique(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "X")], least=-2, most=2, ranks=(1, 3))
    if np.isnan(g.values[x].astype(np.float64)).any():
        raise NotFit("NaN, which differs from itself")
    g.node(op, [x], g.integer(1, 4), axis=g.one_of([None, g.axis(g.values[x].ndim)]), sorted=g.one_of([None, 0, 1]))


@recipe("OneHot")
def one_hot(g: Draw, op: str) -> None:
    depth = g.integer(1, 6)
    kind = g.type(op, "indices", ("int32", "int64", "float32", "uint8"))
    shape = g.shape(1, 3)
    picked = g.random.integers(-depth if kind[0] != "u" else 0, depth + 2, shape).astype(kind)
    values = g.data((2,), g.type(op, "values"))
    rank = len(shape) + 1
    depth_kind = g.type(op, "depth", ("int64", "int32", "float32"))
    depth_array = np.array(depth, depth_kind) if g.coin() else np.array([depth], depth_kind)
    axis = g.one_of([None, g.integer(-rank, rank - 1)])
    g.node(op, [g.array(picked), g.array(depth_array), g.array(values)], axis=axis)


@recipe("EyeLike")
def eye_like(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "input")], ranks=(2, 2))
    to = g.one_of([None, element_type(dtype_of(g.type(op, "output")))])
    g.node(op, [x], k=g.one_of([None, g.integer(-4, 4)]), dtype=to)


@recipe("Range")
def ranges(g: Draw, op: str) -> None:
    kind = g.type(op, "start")
    step = g.one_of([1, 2, 3] + ([-1, -2] if kind[0] != "u" else []))
    start = g.integer(0 if kind[0] == "u" else -5, 5)
    limit = max(0, start + step * g.integer(0, 9) + g.integer(-1, 1))
    g.node(op, [g.array(np.array(n).astype(dtype_of(kind))) for n in (start, limit, step)])


@recipe("Shape")
def shape_of(g: Draw, op: str) -> None:
    x = movable(g, op, "data")
    ends = {"start": g.one_of([None, g.integer(-5, 5)]), "end": g.one_of([None, g.integer(-5, 5)])}
    g.node(op, [x], **(ends if g.opset >= 15 else {}))


@recipe("Size")
def size_of(g: Draw, op: str) -> None:
    g.node(op, [movable(g, op, "data")])


@recipe("ConstantOfShape")
def constant_of_shape(g: Draw, op: str) -> None:
    from onnx import numpy_helper

    kind = dtype_of(g.type(op, "output"))
    value = numpy_helper.from_array(g.data_of((1,), kind))
    g.node(op, [g.integers(g.shape())], value=value if g.coin(0.8) else None)


@recipe("Constant")
def constant(g: Draw, op: str) -> None:
    from onnx import numpy_helper

    if g.opset >= 12 and g.coin():
        choices = [{"value_float": 1.5}, {"value_int": 3}, {"value_ints": [1, -2]}, {"value_floats": [0.5, 2.0]}]
        g.node(op, [], **g.one_of(choices))
    else:
        g.node(op, [], value=numpy_helper.from_array(g.data(g.shape(), g.type(op, "output"))))


@recipe("TopK")
def top_k(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind], ranks=(1, 4), least_size=1)
    axis = g.axis(g.values[x].ndim) if g.opset >= 11 else g.integer(0, g.values[x].ndim - 1)
    k = g.integer(0 if g.coin(0.1) else 1, g.values[x].shape[axis])
    if np.isnan(g.values[x].astype(np.float64)).any():
        raise NotFit("ONNX does not order NaN")
    if g.opset < 10:
        g.node(op, [x], 2, axis=axis, k=k)
        return
    more = {"largest": g.one_of([None, 0, 1])} if g.opset >= 11 else {}
    g.node(op, [x, g.integers([k])], 2, axis=axis, **more)


@recipe("CenterCropPad")
def center_crop_pad(g: Draw, op: str) -> None:
    x = movable(g, op, "input_data", (1, 4), least_size=1)
    rank = g.values[x].ndim
    axes = [int(axis) for axis in g.random.permutation(rank)[: g.integer(1, rank)]] if g.coin() else None
    wanted = [g.integer(1, 6) for _ in (axes or range(rank))]
    g.node(op, [x, g.integers(wanted, g.one_of(["int32", "int64"]))], axes=axes)


@recipe("TensorScatter")
def tensor_scatter(g: Draw, op: str) -> None:
    x = movable(g, op, "past_cache", (3, 4), least_size=1)
    shape = g.values[x].shape
    axis = g.integer(1, len(shape) - 1)
    count = g.integer(1, shape[axis])
    update = list(shape)
    update[axis] = count
    mode = g.one_of([None, "linear", "circular"])
    most = shape[axis] - (1 if mode == "circular" else count)
    names = [x, g.array(g.data_of(update, g.values[x].dtype))]
    if g.coin(0.8):
        names.append(g.integers([g.integer(0, most) for _ in range(shape[0])]))
    g.node(op, names, axis=axis - (len(shape) if g.coin() else 0), mode=mode)
