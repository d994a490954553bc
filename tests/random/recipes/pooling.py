"""What windows and regions make of their elements."""

from __future__ import annotations

import numpy as np

from draw import Draw, NotFit
from recipes.products import Window, image
from recipes.table import recipe


@recipe("MaxPool")
def max_pool(g: Draw, op: str) -> None:
    x = image(g, [g.type(op, "X")])
    window = Window(g, list(g.values[x].shape[2:]), g.opset >= 10, pads_below_kernel=True)
    attributes = window.attributes()
    if g.opset >= 10 and window.auto in (None, "NOTSET"):
        attributes["ceil_mode"] = g.one_of([None, 0, 1])
    outputs = g.integer(1, 2) if g.opset >= 8 else 1
    order = g.one_of([None, 0, 1]) if g.opset >= 8 else None
    if np.isnan(g.values[x].astype(np.float64)).any():
        raise NotFit("ONNX does not order NaN")
    g.node(op, [x], outputs, kernel_shape=window.kernel, storage_order=order, **attributes)


@recipe("AveragePool", "LpPool")
def average_pool(g: Draw, op: str) -> None:
    x = image(g, [g.type(op, "X")])
    has = g.schema(op).attributes
    window = Window(g, list(g.values[x].shape[2:]), "dilations" in has, pads_below_kernel=True)
    attributes = window.attributes()
    if "ceil_mode" in has and window.auto in (None, "NOTSET"):
        attributes["ceil_mode"] = g.one_of([None, 0, 1])
    if "count_include_pad" in has:
        attributes["count_include_pad"] = g.one_of([None, 0, 1])
    if "p" in has:
        attributes["p"] = g.one_of([None, 1, 2, 3])
    g.node(op, [x], kernel_shape=window.kernel, **attributes)


@recipe("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(g: Draw, op: str) -> None:
    x = image(g, [g.type(op, "X")])
    g.node(op, [x], p=g.one_of([None, 1, 2, 3]) if op == "GlobalLpPool" else None)


@recipe("MaxUnpool")
def max_unpool(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    sizes = [g.integer(1, 3) for _ in range(g.integer(1, 2))]
    shape = (g.integer(1, 2), g.integer(1, 2), *sizes)
    out = [2 * size for size in sizes]
    count = int(np.prod(out))
    planes = shape[0] * shape[1]
    picked = [g.random.permutation(count)[: int(np.prod(sizes))] + plane * count for plane in range(planes)]
    names = [g.array(g.data(shape, kind)), g.array(np.stack(picked).reshape(shape).astype(np.int64))]
    g.node(op, names, kernel_shape=[2] * len(sizes), strides=[2] * len(sizes))


@recipe("RoiAlign")
def roi_align(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = image(g, [kind], g.integer(1, 3), 2)
    batch, _, height, width = g.values[x].shape
    count = g.integer(0 if g.coin(0.05) else 1, 3)
    rois = np.sort(g.random.uniform(0, max(height, width), (count, 2, 2)), axis=1).reshape(count, 4)
    rois[:, 2:] += 0.5
    mode = {"coordinate_transformation_mode": g.one_of([None, "half_pixel", "output_half_pixel"])}
    g.node(
        op,
        [x, g.array(rois.astype(g.values[x].dtype)), g.integers(g.integer(0, batch - 1) for _ in range(count))],
        mode=g.one_of([None, "avg", "max"]),
        output_height=g.integer(1, 3),
        output_width=g.integer(1, 3),
        sampling_ratio=g.integer(0, 2),
        spatial_scale=g.one_of([0.5, 1.0]),
        **(mode if g.opset >= 16 else {}),
    )
