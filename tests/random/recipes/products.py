"""Products: of matrices, convolutions, and those of 8-bit integers."""

from __future__ import annotations

import numpy as np

from draw import Draw, NotFit
from recipes.table import recipe


@recipe("MatMul")
def mat_mul(g: Draw, op: str) -> None:
    a, b = factors(g, g.type(op, "A"))
    g.node(op, [a, b])


def factors(g: Draw, kind: str, other: str | None = None, least: float = -3, most: float = 3) -> tuple[str, str]:
    a = g.tensor([kind], ranks=(1, 4), least=least, most=most)
    shape = g.values[a].shape
    depth = shape[-1]
    if g.coin(0.15):
        second: tuple[int, ...] = (depth,)
    else:
        batch = g.broadcast_of(shape[:-2])
        if g.coin(0.2):
            batch = (g.size(), *batch) if len(batch) == len(shape[:-2]) else batch
        second = (*batch, depth, g.size(0))
    return a, g.tensor([other or kind], second, least=least, most=most)


@recipe("Gemm")
def gemm(g: Draw, op: str) -> None:
    kind = g.type(op, "A")
    a = g.tensor([kind], ranks=(2, 2))
    turned = [g.coin(), g.coin()]
    rows, depth = g.values[a].shape[::-1] if turned[0] else g.values[a].shape
    columns = g.size()
    b = g.tensor([kind], (columns, depth) if turned[1] else (depth, columns))
    names = [a, b]
    if g.opset < 11 or g.coin(0.7):
        names.append(g.tensor([kind], g.broadcast_of((rows, columns))))
    whole = "int" in kind
    scales = {
        name: (float(g.integer(1, 2)) if whole else g.number(-2, 2)) for name in ("alpha", "beta") if g.coin(0.4)
    }
    g.node(op, names, transA=int(turned[0]) or None, transB=int(turned[1]) or None, **scales)


EQUATIONS = (
    "ij,jk->ik ij,kj->ik bij,bjk->bik ij->ji ij-> ii->i ii-> i,j->ij i,i-> bij,bkj->bik ij,ij->i ijk->kji "
    "...ij,...jk->...ik ...i->... bhid,bhjd->bhij ij,jk,kl->il i...->... ,ij->ij ij,j ij,jk"
).split()


@recipe("Einsum")
def einsum(g: Draw, op: str) -> None:
    kind = g.type(op, "Inputs")
    equation = g.one_of(EQUATIONS)
    sizes = {letter: g.size() for letter in "abcdefghijklmnopqrstuvwxyz"}
    dots = g.shape(0, 2, least=1)
    names = []
    for term in equation.split("->")[0].split(","):
        shape: list[int] = []
        position = 0
        while position < len(term):
            if term[position] == ".":
                shape += dots
                position += 3
            else:
                shape.append(sizes[term[position]])
                position += 1
        names.append(g.tensor([kind], tuple(shape), least=-2, most=2))
    spaced = equation.replace(",", " , ") if g.coin(0.2) else equation
    g.node(op, names, equation=spaced)


@recipe("Det")
def det(g: Draw, op: str) -> None:
    size = g.integer(1, 5)
    g.node(op, [g.tensor([g.type(op, "X")], (*g.shape(0, 2), size, size), finite=True)])


class Window:
    """Kernel, strides, dilations and pads over axes of the given sizes, such that some window fits."""

    def __init__(self, g: Draw, sizes: list[int], dilated: bool = True, pads_below_kernel: bool = False) -> None:
        self.kernel = [g.integer(1, min(3, size + 1)) for size in sizes]
        self.strides = [g.integer(1, 3) for _ in sizes] if g.coin() else None
        self.dilations = [g.integer(1, 2) for _ in sizes] if dilated and g.coin(0.3) else None
        self.auto = g.one_of([None, None, None, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations or [1] * len(sizes))]
        self.pads = None
        if self.auto in (None, "NOTSET"):
            most = [min(2, (k - 1) if pads_below_kernel else 2) for k in self.kernel]
            begins = [g.integer(0, m) for m in most]
            ends = [g.integer(0, m) for m in most]
            ends = [
                e if size + b + e >= span or pads_below_kernel else span - size - b
                for size, b, e, span in zip(sizes, begins, ends, spans)
            ]
            if any(size + b + e < span for size, b, e, span in zip(sizes, begins, ends, spans)):
                raise NotFit("the window is larger than what is padded")
            self.pads = begins + ends
            if not any(self.pads) and g.coin():
                self.pads = None
        elif self.auto == "VALID" and any(size < span for size, span in zip(sizes, spans)):
            raise NotFit("the window is larger than the input")

    def attributes(self) -> dict[str, object]:
        return {
            "strides": self.strides,
            "dilations": self.dilations,
            "auto_pad": self.auto,
            "pads": self.pads,
        }


def image(g: Draw, kinds: list[str], channels: int | None = None, rank: int | None = None) -> str:
    """[N, C, D1 ...] of one to three spatial axes."""
    rank = rank or g.one_of([1, 2, 2, 2, 3])
    sizes = [g.integer(1, 9 if rank < 3 else 4) for _ in range(rank)]
    if channels is None and g.coin(0.7):
        return g.tensor(kinds, ranks=(rank + 2, rank + 2), least_size=1, finite=True)
    return g.tensor(kinds, (g.integer(1, 2), channels or g.integer(1, 6), *sizes), finite=True)


@recipe("Conv")
def conv(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    groups = g.one_of([1, 1, 2, 3])
    x = image(g, [kind], groups * g.integer(1, 4 if g.coin(0.8) else 12))
    channels, *sizes = g.values[x].shape[1:]
    window = Window(g, sizes)
    outputs = groups * g.integer(1, 4 if g.coin(0.8) else 20)
    names = [x, g.tensor([kind], (outputs, channels // groups, *window.kernel), least=-1, most=1)]
    if g.coin():
        names.append(g.tensor([kind], (outputs,)))
    shape = window.kernel if g.coin() else None
    g.node(op, names, group=groups if groups > 1 else None, kernel_shape=shape, **window.attributes())


@recipe("ConvTranspose")
def conv_transpose(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    groups = g.one_of([1, 1, 2])
    x = image(g, [kind], groups * g.integer(1, 4))
    channels, *sizes = g.values[x].shape[1:]
    rank = len(sizes)
    kernel = [g.integer(1, 3) for _ in sizes]
    strides = [g.integer(1, 3) for _ in sizes]
    dilations = [g.integer(1, 2) for _ in sizes] if g.coin(0.3) else None
    outputs = g.integer(1, 4)
    names = [x, g.tensor([kind], (channels, outputs, *kernel), least=-1, most=1)]
    if g.coin():
        names.append(g.tensor([kind], (outputs * groups,)))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations or [1] * rank)]
    more = [g.integer(0, max(s, d) - 1) for s, d in zip(strides, dilations or [1] * rank)] if g.coin(0.3) else None
    auto = g.one_of([None, None, None, "VALID", "SAME_UPPER", "SAME_LOWER"])
    pads = None
    if auto is None and g.coin():
        pads = [g.integer(0, min(1, span // 2)) for span in spans] * 2
        if any(s * (n - 1) + span - p - q < 1 for s, n, span, p, q in zip(strides, sizes, spans, pads, pads)):
            raise NotFit("nothing is left")
    g.node(
        op,
        names,
        group=groups if groups > 1 else None,
        strides=strides,
        dilations=dilations,
        output_padding=more if auto is None else None,
        auto_pad=auto,
        pads=pads,
    )


@recipe("MatMulInteger")
def mat_mul_integer(g: Draw, op: str) -> None:
    kinds = [g.type(op, "A"), g.type(op, "B")]
    a, b = factors(g, kinds[0], kinds[1], -100, 100)
    names = [a, b]
    if g.coin(0.7):
        rows = g.values[a].shape[-2:-1] if g.values[a].ndim == 2 and g.values[b].ndim == 2 and g.coin(0.3) else ()
        names.append(g.array(g.data(rows, kinds[0], -10, 10)))
        if g.coin(0.7):
            columns = g.values[b].shape[-1:] if g.values[b].ndim == 2 and g.coin(0.3) else ()
            names.append(g.array(g.data(columns, kinds[1], -10, 10)))
    g.node(op, names)


@recipe("QLinearMatMul")
def q_linear_mat_mul(g: Draw, op: str) -> None:
    kinds = [g.type(op, name, ("int8", "uint8")) for name in ("a", "b", "y_zero_point")]
    scale = "float32" if g.opset < 21 else g.type(op, "a_scale", ("float32", "float16", "bfloat16"))
    a, b = factors(g, kinds[0], kinds[1], -100, 100)
    if g.values[a].ndim < 2 or g.values[b].ndim < 2:
        raise NotFit("vectors")
    names = []
    for name, kind in zip((a, b, ""), kinds):
        names += [name] if name else []
        names += [g.array(g.data((), scale, 0.01, 0.3)), g.array(g.data((), kind, -10, 10))]
    g.node(op, names)


@recipe("ConvInteger")
def conv_integer(g: Draw, op: str) -> None:
    kinds = [g.type(op, "x"), g.type(op, "w")]
    groups = g.one_of([1, 1, 2])
    channels = groups * g.integer(1, 4)
    sizes = [g.integer(2, 8) for _ in range(g.integer(1, 2))]
    x = g.array(g.data((g.integer(1, 2), channels, *sizes), kinds[0], -100, 100))
    window = Window(g, sizes)
    outputs = groups * g.integer(1, 4)
    names = [x, g.array(g.data((outputs, channels // groups, *window.kernel), kinds[1], -100, 100))]
    if g.coin(0.7):
        names.append(g.array(g.data((), kinds[0], -10, 10)))
        if g.coin(0.7):
            names.append(g.array(g.data((), kinds[1], -10, 10)))
    g.node(op, names, group=groups, **window.attributes())


@recipe("QLinearConv")
def q_linear_conv(g: Draw, op: str) -> None:
    kinds = [g.type(op, name) for name in ("x", "w", "y")]
    groups = g.one_of([1, 1, 2])
    channels = groups * g.integer(1, 4)
    sizes = [g.integer(2, 8) for _ in range(2)]
    x = g.array(g.data((g.integer(1, 2), channels, *sizes), kinds[0], -100, 100))
    window = Window(g, sizes)
    outputs = groups * g.integer(1, 4)
    w = g.array(g.data((outputs, channels // groups, *window.kernel), kinds[1], -100, 100))
    per = (outputs,) if g.coin() else ()
    names = [
        x,
        g.array(g.data((), "float32", 0.01, 0.3)),
        g.array(g.data((), kinds[0], -10, 10)),
        w,
        g.array(g.data(per, "float32", 0.01, 0.3)),
        g.array(np.zeros(per, kinds[1]) if per else g.data((), kinds[1], -10, 10)),
        g.array(g.data((), "float32", 0.5, 3)),
        g.array(g.data((), kinds[2], -10, 10)),
    ]
    if g.coin():
        names.append(g.array(g.data((outputs,), "int32", -500, 500)))
    g.node(op, names, group=groups, **window.attributes())


@recipe("Col2Im")
def col2im(g: Draw, op: str) -> None:
    kind = g.type(op, "input")
    rank = g.integer(1, 3)
    image_shape = [g.integer(2, 6) for _ in range(rank)]
    block = [g.integer(1, min(3, size)) for size in image_shape]
    strides = [g.integer(1, 2) for _ in range(rank)]
    dilations = [g.integer(1, 2) if (b - 1) * 2 + 1 <= n else 1 for b, n in zip(block, image_shape)]
    pads = [g.integer(0, 1) for _ in range(2 * rank)]
    count = 1
    for i in range(rank):
        count *= (image_shape[i] + pads[i] + pads[rank + i] - dilations[i] * (block[i] - 1) - 1) // strides[i] + 1
    x = g.array(g.data((g.integer(1, 2), g.integer(1, 3) * int(np.prod(block)), count), kind))
    g.node(
        op, [x, g.integers(image_shape), g.integers(block)], strides=strides, dilations=dilations, pads=pads
    )


@recipe("DeformConv")
def deform_conv(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    groups, offset_groups = g.one_of([1, 2]), g.one_of([1, 2])
    channels = groups * offset_groups
    sizes = [g.integer(3, 6) for _ in range(2)]
    kernel = [g.integer(1, 3) for _ in sizes]
    strides = [g.integer(1, 2) for _ in sizes]
    pads = [g.integer(0, 1) for _ in range(4)]
    out = [(n + pads[i] + pads[2 + i] - k) // s + 1 for i, (n, k, s) in enumerate(zip(sizes, kernel, strides))]
    batch, outputs = g.integer(1, 2), groups * g.integer(1, 2)
    taps = int(np.prod(kernel))
    names = [
        g.array(g.data((batch, channels, *sizes), kind, -3, 3)),
        g.array(g.data((outputs, channels // groups, *kernel), kind, -1, 1)),
        g.array(g.data((batch, offset_groups * taps * 2, *out), kind, -1.5, 1.5)),
    ]
    if g.coin():
        names.append(g.array(g.data((outputs,), kind)))
        if g.coin():
            names.append(g.array(g.data((batch, offset_groups * taps, *out), kind, 0, 1)))
    g.node(op, names, group=groups, offset_group=offset_groups, strides=strides, pads=pads, kernel_shape=kernel)
