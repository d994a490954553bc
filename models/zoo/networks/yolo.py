"""YOLO-like detectors with what follows the last convolution in the graph."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

import operators  # noqa: F401  defines torch.ops.zoo
from entry import Entry, Size, samples
from networks.blocks import conv_norm

STRIDES = (8, 16, 32)


class Split(nn.Module):
    """Half of the channels go through bottlenecks; all the halves are joined (C2f)."""

    def __init__(self, inputs: int, outputs: int, count: int):
        super().__init__()
        half = outputs // 2
        self.enter = conv_norm(inputs, 2 * half, 1, activation=nn.SiLU)
        self.blocks = nn.ModuleList(
            nn.Sequential(conv_norm(half, half, 3, activation=nn.SiLU), conv_norm(half, half, 3, activation=nn.SiLU))
            for _ in range(count)
        )
        self.leave = conv_norm((2 + count) * half, outputs, 1, activation=nn.SiLU)

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(parts[-1] + block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class Pools(nn.Module):
    """Spatial pyramid: three max poolings one after the other, joined (SPPF)."""

    def __init__(self, width: int):
        super().__init__()
        self.enter = conv_norm(width, width // 2, 1, activation=nn.SiLU)
        self.leave = conv_norm(2 * width, width, 1, activation=nn.SiLU)

    def forward(self, x):
        maps = [self.enter(x)]
        for _ in range(3):
            maps.append(F.max_pool2d(maps[-1], 5, 1, 2))
        return self.leave(torch.cat(maps, 1))


class Detector(nn.Module):
    """Boxes (x1, y1, x2, y2 in pixels) and class scores of every cell of three maps.

    The sides of a box are means of a distribution over `bins` distances (distribution focal loss).
    """

    def __init__(self, width: int, count: int, classes: int, bins: int):
        super().__init__()
        self.bins = bins

        def down(inputs: int, outputs: int) -> nn.Sequential:
            return nn.Sequential(conv_norm(inputs, outputs, 3, 2, activation=nn.SiLU), Split(outputs, outputs, count))

        small, middle, large = 4 * width, 8 * width, 16 * width
        self.first = nn.Sequential(conv_norm(3, width, 3, 2, activation=nn.SiLU), down(width, 2 * width))
        self.down = nn.ModuleList([down(2 * width, small), down(small, middle), down(middle, large)])
        self.pools = Pools(large)
        self.up = nn.ModuleList([Split(large + middle, middle, count), Split(middle + small, small, count)])
        self.again = nn.ModuleList(
            [conv_norm(small, small, 3, 2, activation=nn.SiLU), conv_norm(middle, middle, 3, 2, activation=nn.SiLU)]
        )
        self.merge = nn.ModuleList([Split(small + middle, middle, count), Split(middle + large, large, count)])
        self.boxes = nn.ModuleList(self.branch(inputs, 4 * bins) for inputs in (small, middle, large))
        self.scores = nn.ModuleList(self.branch(inputs, classes) for inputs in (small, middle, large))

    @staticmethod
    def branch(inputs: int, outputs: int) -> nn.Sequential:
        hidden = max(inputs // 2, 8)
        return nn.Sequential(conv_norm(inputs, hidden, 3, activation=nn.SiLU), nn.Conv2d(hidden, outputs, 1))

    def maps(self, x) -> list[torch.Tensor]:
        """The three maps that the heads see, the largest first."""
        x = self.first(x)
        small = self.down[0](x)
        middle = self.down[1](small)
        large = self.pools(self.down[2](middle))
        middle = self.up[0](torch.cat([F.interpolate(large, scale_factor=2.0, mode="nearest"), middle], 1))
        small = self.up[1](torch.cat([F.interpolate(middle, scale_factor=2.0, mode="nearest"), small], 1))
        middle = self.merge[0](torch.cat([self.again[0](small), middle], 1))
        return [small, middle, self.merge[1](torch.cat([self.again[1](middle), large], 1))]

    def detect(self, x) -> tuple[torch.Tensor, torch.Tensor]:
        boxes, scores = [], []
        weights = torch.arange(self.bins, dtype=x.dtype)
        for y, stride, box, score in zip(self.maps(x), STRIDES, self.boxes, self.scores):
            rows = torch.arange(y.shape[2], dtype=x.dtype) + 0.5
            columns = torch.arange(y.shape[3], dtype=x.dtype) + 0.5
            grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).reshape(1, -1, 2)
            sides = box(y).flatten(2).transpose(1, 2).unflatten(2, (4, self.bins)).softmax(-1) @ weights
            boxes.append(torch.cat([grid - sides[..., :2], grid + sides[..., 2:]], -1) * stride)
            scores.append(score(y).flatten(2).transpose(1, 2).sigmoid())
        return torch.cat(boxes, 1), torch.cat(scores, 1)


class Suppressed(Detector):
    """Rows of (sample, x1, y1, x2, y2, class, score), after NonMaxSuppression."""

    def __init__(self, least: float, *arguments):
        super().__init__(*arguments)
        self.least = least

    def forward(self, x):
        boxes, scores = self.detect(x)
        chosen = torch.ops.zoo.suppress(boxes[..., [1, 0, 3, 2]], scores.transpose(1, 2), self.least)
        sample, label, box = chosen[:, 0], chosen[:, 1], chosen[:, 2]
        columns = [sample[:, None].to(boxes.dtype), boxes[sample, box], label[:, None].to(boxes.dtype)]
        return torch.cat([*columns, scores[sample, box, label][:, None]], 1)


class Best(Detector):
    """The best `count` boxes of a sample with class and score, as detectors without suppression give them."""

    def __init__(self, count: int, *arguments):
        super().__init__(*arguments)
        self.count = count

    def forward(self, x):
        boxes, scores = self.detect(x)
        classes = scores.shape[2]
        cells = scores.amax(-1).topk(self.count).indices.unsqueeze(-1)
        boxes = boxes.gather(1, cells.expand(-1, -1, 4))
        scores, found = scores.gather(1, cells.expand(-1, -1, classes)).flatten(1).topk(self.count)
        boxes = boxes.gather(1, (found // classes).unsqueeze(-1).expand(-1, -1, 4))
        return torch.cat([boxes, scores.unsqueeze(-1), (found % classes).unsqueeze(-1).to(boxes.dtype)], -1)


def suppressed(size: Size) -> nn.Module:
    return Suppressed(*size.pick((0.97, 16, 1, 80, 16), (0.6, 4, 1, 3, 4)))


def best(size: Size) -> nn.Module:
    return Best(*size.pick((20, 16, 1, 80, 16), (4, 4, 1, 3, 4)))


INPUTS = samples((3, 640, 640), (3, 64, 64))
ENTRIES = [
    # PyTorch itself is 7e-6 and 3e-6 (5e-6 on another CPU) off in float32: a few channels a layer, and means over a few
    # distances.
    Entry("yolo", "YOLO-like detector with NonMaxSuppression", suppressed, INPUTS, tolerance=4e-5),
    Entry("yolo_top", "YOLO-like detector that keeps the best boxes", best, INPUTS, tolerance=2e-5),
]
