"""Places between the elements of an image."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from formulas.table import Array, by_torch, formula


@formula("Upsample")
def upsample(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    """Also Resize of opset 10: output element i is the input's at i / scale."""
    x = inputs[0]
    scales = attributes["scales"] if opset < 9 else inputs[1]
    for axis, scale in enumerate(scales):
        size = x.shape[axis]
        places = np.arange(int(np.floor(size * float(np.float32(scale))))) / float(np.float32(scale))
        low = np.clip(np.floor(places).astype(int), 0, size - 1)
        if attributes.get("mode", b"nearest") == b"nearest":
            # Of Resize where it makes less: not in ONNX's text, but what runtimes agreed on.
            x = np.take(x, np.clip(np.ceil(places).astype(int), 0, size - 1) if scale < 1 else low, axis)
        else:
            high = np.minimum(low + 1, size - 1)
            share = (places - low).reshape((-1,) + (1,) * (x.ndim - axis - 1))
            x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return [x if inputs[0].dtype.kind == "f" else np.round(x)]


@formula("Resize")
def resize(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    if opset >= 11:
        raise NotImplementedError
    return upsample(attributes, inputs, opset)


@formula("RoiAlign")
def roi_align(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    x, rois, batches = inputs
    height, width = attributes.get("output_height", 1), attributes.get("output_width", 1)
    ratio, scale = attributes.get("sampling_ratio", 0), attributes.get("spatial_scale", 1.0)
    half_pixel = opset >= 16 and attributes.get("coordinate_transformation_mode", b"half_pixel") == b"half_pixel"
    largest = attributes.get("mode", b"avg") == b"max"
    made = np.zeros((len(rois), x.shape[1], height, width))
    for index, roi in enumerate(rois):
        left, top, right, bottom = roi * scale - (0.5 if half_pixel else 0.0)
        sizes = [bottom - top, right - left]
        if not half_pixel:
            sizes = [max(size, 1.0) for size in sizes]
        steps = [sizes[0] / height, sizes[1] / width]
        counts = [ratio if ratio > 0 else int(np.ceil(size / n)) for size, n in zip(sizes, (height, width))]
        image = x[int(batches[index])]
        for row, column in itertools.product(range(height), range(width)):
            taps = []
            for i, j in itertools.product(range(counts[0]), range(counts[1])):
                y_at = top + steps[0] * (row + (i + 0.5) / counts[0])
                x_at = left + steps[1] * (column + (j + 0.5) / counts[1])
                taps.append(bilinear_parts(image, y_at, x_at))
            parts = np.array(taps)  # [taps, corners, channels]
            if parts.size:
                made[index, :, row, column] = parts.max((0, 1)) if largest else parts.sum(1).mean(0)
    return [made]


def bilinear_parts(image: Array, y: float, x: float) -> Array:
    """The weighted elements of the four corners around a place, each [channels]; zeros outside the image."""
    height, width = image.shape[1:]
    if y < -1 or y > height or x < -1 or x > width:
        return np.zeros((4, image.shape[0]))
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    ly, lx = y - top, x - left
    return np.stack(
        [
            (1 - ly) * (1 - lx) * image[:, top, left],
            (1 - ly) * lx * image[:, top, right],
            ly * (1 - lx) * image[:, bottom, left],
            ly * lx * image[:, bottom, right],
        ]
    )


@formula("GridSample")
def grid_sample(attributes: dict[str, Any], inputs: list[Any], opset: int) -> list[Any]:
    modes = {"linear": "bilinear", "cubic": "bicubic"}
    mode = attributes.get("mode", b"bilinear" if opset < 20 else b"linear").decode()
    return [
        by_torch(
            torch.nn.functional.grid_sample,
            inputs[0],
            inputs[1],
            mode=modes.get(mode, mode),
            padding_mode=attributes.get("padding_mode", b"zeros").decode(),
            align_corners=bool(attributes.get("align_corners", 0)),
        )
    ]
