"""Elements of a grid of another size, or at any place."""

from __future__ import annotations

import numpy as np

from draw import FLOATS, Draw, NotFit
from recipes.table import recipe


@recipe("Resize")
def resize(g: Draw, op: str) -> None:
    kind = g.type(op, "X", ("float32", "float64", "float16", "bfloat16", "int32", "uint8", "int8"))
    x = g.tensor([kind], ranks=(1, 4), least_size=1, finite=True)
    shape = g.values[x].shape
    if g.values[x].size > 400:
        raise NotFit("too many elements for the evaluator")
    spatial = [axis for axis in range(len(shape)) if axis >= len(shape) - 2]
    scales = [g.one_of([0.5, 1.0, 2.0, 1.5, 0.75, 3.0]) if axis in spatial else 1.0 for axis in range(len(shape))]
    sizes = [max(1, int(np.floor(size * scale))) for size, scale in zip(shape, scales)]
    mode = g.one_of([None, "nearest", "linear"] + (["cubic"] if g.opset >= 11 else []))
    if any(int(np.floor(size * scale)) < 1 for size, scale in zip(shape, scales)):
        raise NotFit("nothing is left")
    if g.opset < 11:
        g.node(op, [x, g.array(np.array(scales, np.float32))], mode=mode)
        return
    places = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    places += ["half_pixel_symmetric"] if g.opset >= 19 else []
    attributes: dict[str, object] = {"mode": mode, "coordinate_transformation_mode": g.one_of([None, *places])}
    if mode in (None, "nearest"):
        rounds = ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]
        attributes["nearest_mode"] = g.one_of([None, *rounds])
    if mode == "cubic":
        attributes["cubic_coeff_a"] = g.one_of([None, -0.5])
        attributes["exclude_outside"] = g.one_of([None, 0, 1])
    axes = None
    if g.opset >= 18:
        if mode in ("linear", "cubic"):
            attributes["antialias"] = g.one_of([None, 0, 1])
        if g.coin(0.3):
            axes = spatial
            attributes["axes"] = [axis - len(shape) if g.coin(0.3) else axis for axis in axes]
            scales, sizes = [scales[axis] for axis in axes], [sizes[axis] for axis in axes]
    roi = "" if g.opset >= 13 else g.array(np.zeros(0, np.float32))
    if g.coin():
        g.node(op, [x, roi, g.array(np.array(scales, np.float32))], **attributes)
    else:
        none = "" if g.opset >= 13 else g.array(np.zeros(0, np.float32))
        if g.opset >= 18 and g.coin(0.3) and axes:
            attributes["keep_aspect_ratio_policy"] = g.one_of(["stretch", "not_larger", "not_smaller"])
        g.node(op, [x, roi, none, g.integers(sizes)], **attributes)


@recipe("Upsample")
def upsample(g: Draw, op: str) -> None:
    if g.opset >= 10:
        raise NotFit("deprecated")
    kind = g.type(op, "X", ("float32", "float64", "float16", "int32", "uint8"))
    x = g.tensor([kind], ranks=(4, 4), least_size=1, finite=True)
    scales = [1.0, 1.0, g.one_of([1.0, 1.5, 2.0]), g.one_of([1.0, 2.0, 3.0])]
    mode = g.one_of([None, "nearest", "linear"])
    if g.opset < 9:
        g.node(op, [x], scales=scales, mode=mode)
    else:
        g.node(op, [x, g.array(np.array(scales, np.float32))], mode=mode)


@recipe("GridSample")
def grid_sample(g: Draw, op: str) -> None:
    kind = g.type(op, "X", FLOATS)
    rank = g.integer(2, 3 if g.opset >= 20 else 2)
    batch = g.integer(1, 2)
    x = g.tensor([kind], (batch, g.integer(1, 3), *(g.integer(1, 5) for _ in range(rank))), finite=True)
    other = kind if g.types(op, "grid") == [] else g.type(op, "grid", FLOATS)
    grid = g.array(g.data((batch, *(g.integer(1, 4) for _ in range(rank)), rank), other, -1.3, 1.3))
    modes = ["linear", "nearest", "cubic"] if g.opset >= 20 else ["bilinear", "nearest", "bicubic"]
    if rank == 3:
        modes = modes[:2]
    g.node(
        op,
        [x, grid],
        mode=g.one_of([None, *modes]),
        padding_mode=g.one_of([None, "zeros", "border", "reflection"]),
        align_corners=g.one_of([None, 0, 1]),
    )
