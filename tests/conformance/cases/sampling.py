"""Pooling, Resize and GridSample: which cells a result is made of."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch

from .case import Array, Case, Values


def avgpool(name: str, what: str, shape: tuple[int, ...], stride: int, include_pad: bool) -> Case:
    def expected(x: Array) -> list[Array]:
        pool = torch.nn.functional.avg_pool2d(
            torch.tensor(x), 3, stride, 1, ceil_mode=True, count_include_pad=include_pad)
        return [pool.numpy()]

    return Case(
        name=name,
        what=what,
        opset=19,
        graph=f"""(float[n, c, h, w] x) => (float[n, c, i, j] y) {{
            y = AveragePool <ceil_mode = 1, count_include_pad = {int(include_pad)}, kernel_shape = [3, 3],
                pads = [1, 1, 1, 1], strides = [{stride}, {stride}]> (x)
        }}""",
        inputs=[{"x": Values(name).floats(*shape)}],
        expected=expected,
    )


def maxpool_dilated_indices() -> Case:
    def expected(x: Array) -> list[Array]:
        """Strides 2 and 1, dilations 2, a pad above and one at the right, by ONNX's text."""
        images, channels, height, width = x.shape
        rows, columns = (height + 1 - 3) // 2 + 1, width + 1 - 3 + 1
        largest = np.full((images, channels, rows, columns), -np.inf)
        index = np.zeros(largest.shape, np.int64)
        for image, channel, i, j in np.ndindex(*largest.shape):
            for row in (2 * i - 1, 2 * i + 1):
                for column in (j, j + 2):
                    inside = 0 <= row < height and column < width
                    if inside and x[image, channel, row, column] > largest[image, channel, i, j]:
                        largest[image, channel, i, j] = x[image, channel, row, column]
                        index[image, channel, i, j] = ((image * channels + channel) * height + row) * width + column
        return [largest, index]

    return Case(
        name="maxpool_dilated_indices",
        what="Indices count over the whole tensor, with dilations and unequal pads",
        opset=12,
        graph="""(float[2, 2, 5, 5] x) => (float[2, 2, 2, 4] y, int64[2, 2, 2, 4] k) {
            y, k = MaxPool <dilations = [2, 2], kernel_shape = [2, 2], pads = [1, 0, 0, 1], strides = [2, 1]> (x)
        }""",
        inputs=[{"x": Values("maxpool_dilated_indices").shuffled(2, 2, 5, 5)}],
        expected=expected,
    )


def resize_nearest_tie(mode: str) -> Case:
    def expected(x: Array, s: Array) -> list[Array]:
        """half_pixel in exact fractions; the scale is the quotient of the sizes."""
        length, size = x.shape[2], int(s[2])
        half = Fraction(1, 2)
        nearest = []
        for i in range(size):
            coordinate = (i + half) * length / size - half
            up = coordinate + half  # floor of it is the nearest, ties up
            tie = up.denominator == 1
            nearest.append(up.__floor__() - (1 if tie and mode == "round_prefer_floor" else 0))
        return [x[:, :, np.clip(nearest, 0, length - 1)]]

    name = "resize_nearest_tie_" + mode.removeprefix("round_prefer_")
    return Case(
        name=name,
        what="a coordinate that is exactly between two, although the scale is no float",
        opset=19,
        graph=f"""(float[1, 1, 28] x) => (float[1, 1, 6] y) {{
            y = Resize <coordinate_transformation_mode = "half_pixel", mode = "nearest", nearest_mode = "{mode}">
                (x, "", "", s)
        }}""",
        inputs=[{"x": Values(name).floats(1, 1, 28)}],
        constants={"s": np.array([1, 1, 6])},
        expected=expected,
    )


def resize_antialias(mode: str) -> Case:
    """PyTorch's exporter writes its antialiasing with exclude_outside; its cubic one has the coefficient -0.5."""

    def expected(x: Array, s: Array) -> list[Array]:
        torch_mode = {"linear": "bilinear", "cubic": "bicubic"}[mode]
        small = torch.nn.functional.interpolate(
            torch.tensor(x), tuple(map(int, s[2:])), mode=torch_mode, align_corners=False, antialias=True)
        return [small.numpy()]

    name = f"resize_{mode}_antialias"
    return Case(
        name=name,
        what="antialias, down by a fraction",
        opset=19,
        graph=f"""(float[1, 2, 10, 7] x) => (float[1, 2, 4, 3] y) {{
            y = Resize <antialias = 1, coordinate_transformation_mode = "half_pixel", cubic_coeff_a = -0.5,
                exclude_outside = 1, mode = "{mode}"> (x, "", "", s)
        }}""",
        inputs=[{"x": Values(name).floats(1, 2, 10, 7)}],
        constants={"s": np.array([1, 2, 4, 3])},
        expected=expected,
    )


def resize_crop_extrapolate() -> Case:
    def along(x: Array, axis: int, begin: float, end: float, size: int) -> Array:
        """Linear between `begin` and `end`, shares of the axis; 7.5 outside of it."""
        last = x.shape[axis] - 1
        at = begin * last + np.arange(size) * (end - begin) * last / (size - 1)
        low = np.clip(np.floor(at).astype(int), 0, last)
        high = np.clip(low + 1, 0, last)
        share = (at - low).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
        value = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
        outside = ((at < 0) | (at > last)).reshape(share.shape)
        return np.where(outside, np.nan, value)

    def expected(x: Array, roi: Array, s: Array) -> list[Array]:
        for axis in (2, 3):
            x = along(x, axis, roi[axis], roi[axis + 4], int(s[axis]))
        return [np.where(np.isnan(x), 7.5, x)]

    return Case(
        name="resize_crop_extrapolate",
        what="a region that reaches outside on both sides gets extrapolation_value there",
        opset=13,
        graph="""(float[1, 1, 5, 6] x) => (float[1, 1, 4, 9] y) {
            y = Resize <coordinate_transformation_mode = "tf_crop_and_resize", extrapolation_value = 7.5,
                mode = "linear"> (x, roi, "", s)
        }""",
        inputs=[{"x": Values("resize_crop_extrapolate").floats(1, 1, 5, 6)}],
        constants={"roi": np.array([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.25], np.float32), "s": np.array([1, 1, 4, 9])},
        expected=expected,
    )


def gridsample_cubic(padding: str) -> Case:
    def expected(x: Array, g: Array) -> list[Array]:
        sampled = torch.nn.functional.grid_sample(
            torch.tensor(x), torch.tensor(g), mode="bicubic", padding_mode=padding, align_corners=False)
        return [sampled.numpy()]

    name = "gridsample_cubic_" + padding
    values = Values(name)
    return Case(
        name=name,
        what="cubic: points outside keep their fraction, each of their 16 cells is padded by itself",
        opset=20,
        graph=f"""(float[n, 2, 4, 5] x, float[n, h, w, 2] g) => (float[n, 2, h, w] y) {{
            y = GridSample <align_corners = 0, mode = "cubic", padding_mode = "{padding}"> (x, g)
        }}""",
        inputs=[{"x": values.floats(1, 2, 4, 5), "g": values.floats(1, 3, 4, 2, least=-1.4, most=1.4)}],
        expected=expected,
    )


def roialign_output_half_pixel() -> Case:
    def bilinear(image: Array, y: float, x: float) -> Array:
        """Of [channel, row, column]; 0 more than one cell outside, else the nearest cells."""
        rows, columns = image.shape[1:]
        if not (-1 <= y <= rows and -1 <= x <= columns):
            return np.zeros(image.shape[0])
        y, x = max(y, 0.0), max(x, 0.0)
        low_y, low_x = min(int(y), rows - 1), min(int(x), columns - 1)
        high_y, high_x = min(low_y + 1, rows - 1), min(low_x + 1, columns - 1)
        share_y = y - low_y if low_y < rows - 1 else 0.0
        share_x = x - low_x if low_x < columns - 1 else 0.0
        above = image[:, low_y, low_x] * (1 - share_x) + image[:, low_y, high_x] * share_x
        below = image[:, high_y, low_x] * (1 - share_x) + image[:, high_y, high_x] * share_x
        return above * (1 - share_y) + below * share_y

    def expected(x: Array, r: Array, b: Array) -> list[Array]:
        """Two cells by two with two samples by two in each; a region is one cell wide and high at least."""
        y = np.zeros((len(r), x.shape[1], 2, 2))
        for region, (left, top, right, bottom) in enumerate(r):
            height, width = max(bottom - top, 1.0) / 2, max(right - left, 1.0) / 2
            for i, j in np.ndindex(2, 2):
                samples = [bilinear(x[b[region]], top + (i + p) * height, left + (j + q) * width)
                           for p in (0.25, 0.75) for q in (0.25, 0.75)]
                y[region, :, i, j] = np.mean(samples, 0)
        return [y]

    return Case(
        name="roialign_output_half_pixel",
        what="output_half_pixel: a region smaller than a cell counts as one; outside is 0",
        opset=16,
        graph="""(float[1, 2, 5, 5] x, float[3, 4] r, int64[3] b) => (float[3, 2, 2, 2] y) {
            y = RoiAlign <coordinate_transformation_mode = "output_half_pixel", mode = "avg", output_height = 2,
                output_width = 2, sampling_ratio = 2, spatial_scale = 1.0> (x, r, b)
        }""",
        inputs=[
            {
                "x": Values("roialign_output_half_pixel").floats(1, 2, 5, 5),
                "r": np.array([[0.5, 0, 4, 3], [1, 2, 1.4, 2.1], [2, 3, 7, 9]], np.float32),
                "b": np.array([0, 0, 0]),
            }
        ],
        expected=expected,
    )


def affinegrid(name: str, what: str, graph: str, *shapes: tuple[int, ...]) -> Case:
    """A data set for each shape of the images that the grid is for."""
    values = Values(name)
    inputs = [
        {"theta": values.floats(shape[0], len(shape) - 2, len(shape) - 1), "size": np.array(shape)} for shape in shapes
    ]
    return Case(
        name=name,
        what=what,
        opset=20,
        graph=graph,
        inputs=inputs,
        expected=lambda theta, size: [
            torch.nn.functional.affine_grid(torch.tensor(theta), size.tolist(), align_corners=False).numpy()
        ],
    )


def centercroppad_int32() -> Case:
    def expected(x: Array, shape: Array) -> list[Array]:
        return [np.pad(x, [(1, 1), (0, 0)])[:, 1:4]]

    return Case(
        name="centercroppad_int32",
        what="The wanted shape is int32, which ONNX's own definition of CenterCropPad mixes with int64",
        opset=18,
        graph="""(float[2, 6] x, int32[2] shape) => (float[n, m] y) {
            y = CenterCropPad (x, shape)
        }""",
        inputs=[{"x": Values("centercroppad_int32").floats(2, 6), "shape": np.array([4, 3], np.int32)}],
        expected=expected,
    )


CASES = [
    affinegrid(
        "affinegrid_one_image",
        "ONNX's own definition of AffineGrid squeezes a batch of 1 away",
        """(float[1, 2, 3] theta, int64[4] size) => (float[1, h, w, 2] grid) {
            grid = AffineGrid (theta, size)
        }""",
        (1, 3, 4, 5),
    ),
    affinegrid(
        "affinegrid_open_rank",
        "Only the run tells whether images have two axes or three",
        """(float[n, r, c] theta, int64[k] size) => (float grid) {
            grid = AffineGrid (theta, size)
        }""",
        (1, 3, 4, 5),
        (2, 1, 2, 3, 4),
    ),
    centercroppad_int32(),
    roialign_output_half_pixel(),
    avgpool("avgpool_ceil_include_pad", "the last windows divide by their cells inside the padded area",
            (1, 2, 6, 5), 2, True),
    avgpool("avgpool_ceil_no_empty_window", "a window that would start in the padding behind is none, not NaN",
            (1, 1, 2, 3), 3, False),
    maxpool_dilated_indices(),
    resize_nearest_tie("round_prefer_ceil"),
    resize_nearest_tie("round_prefer_floor"),
    resize_antialias("linear"),
    resize_antialias("cubic"),
    resize_crop_extrapolate(),
    gridsample_cubic("border"),
    gridsample_cubic("reflection"),
    gridsample_cubic("zeros"),
]
