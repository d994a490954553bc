"""Image classifiers that the transformers package has no class for."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from entry import Size, image_classifier
from networks.blocks import conv_norm, head


class DenseLayer(nn.Module):
    """BatchNorm before the convolutions; the result is put behind the input."""

    def __init__(self, inputs: int, growth: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(inputs, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth),
            nn.ReLU(inplace=True),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return torch.cat([x, self.layers(x)], 1)


def densenet(size: Size) -> nn.Module:
    """DenseNet-121."""
    growth, channels = size.pick(32, 4), size.pick(64, 8)
    layers = [conv_norm(3, channels, 7, 2), nn.MaxPool2d(3, 2, 1)]
    blocks = size.pick((6, 12, 24, 16), (2, 3))
    for k, count in enumerate(blocks):
        for _ in range(count):
            layers.append(DenseLayer(channels, growth))
            channels += growth
        layers += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        if k + 1 < len(blocks):
            layers += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
            channels //= 2
    return nn.Sequential(*layers, head(channels, size.pick(1000, 10)))


class Inception(nn.Module):
    """Four branches side by side: 1x1, 3x3, a factorised 7x7 and a pooled one."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.one = conv_norm(inputs, 2 * width, 1)
        self.three = nn.Sequential(conv_norm(inputs, 2 * width, 1), conv_norm(2 * width, 3 * width, 3))
        self.seven = nn.Sequential(
            conv_norm(inputs, width, 1),
            nn.Conv2d(width, width, (1, 7), padding=(0, 3), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, (7, 1), padding=(3, 0), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.pooled = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv_norm(inputs, width, 1))

    def forward(self, x):
        return torch.cat([self.one(x), self.three(x), self.seven(x), self.pooled(x)], 1)


class Reduction(nn.Module):
    """Halves the map: a strided convolution beside a pooling, both without padding."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.branch = nn.Sequential(nn.Conv2d(inputs, width, 3, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, x):
        return torch.cat([self.branch(x), F.max_pool2d(x, 3, 2)], 1)


def inception(size: Size) -> nn.Module:
    """Inception-v3's kinds of block, in a net of its size."""
    width = size.pick(48, 4)
    blocks = size.pick((3, 4, 2), (1, 1))
    channels = 4 * width
    layers = [conv_norm(3, width, 3, 2), conv_norm(width, 2 * width, 3), nn.MaxPool2d(3, 2, ceil_mode=True)]
    layers.append(conv_norm(2 * width, channels, 3))
    for k, count in enumerate(blocks):
        for _ in range(count):
            layers.append(Inception(channels, width << k))
            channels = 7 * (width << k)
        if k + 1 < len(blocks):
            layers.append(Reduction(channels, 2 * (width << k)))
            channels += 2 * (width << k)
    return nn.Sequential(*layers, head(channels, size.pick(1000, 10)))


class Shuffle(nn.Module):
    """ShuffleNetV2's block: half of the channels pass by, then the halves are interleaved."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        half = outputs // 2
        self.stride = stride
        self.main = nn.Sequential(
            conv_norm(inputs if stride == 2 else half, half, 1),
            conv_norm(half, half, 3, stride, groups=half, activation=None),
            conv_norm(half, half, 1),
        )
        if stride == 2:
            self.side = nn.Sequential(conv_norm(inputs, inputs, 3, 2, inputs, None), conv_norm(inputs, half, 1))

    def forward(self, x):
        if self.stride == 2:
            joined = torch.cat([self.side(x), self.main(x)], 1)
        else:
            left, right = x.chunk(2, 1)
            joined = torch.cat([left, self.main(right)], 1)
        return shuffle(joined)


def shuffle(x: torch.Tensor) -> torch.Tensor:
    """Interleaves the halves of the channels, as torchvision writes it."""
    batch, channels, height, width = x.shape
    return x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)


def shufflenet(size: Size) -> nn.Module:
    """ShuffleNetV2 x1.0."""
    layers = [conv_norm(3, size.pick(24, 8), 3, 2), nn.MaxPool2d(3, 2, 1)]
    channels = size.pick(24, 8)
    for outputs, count in size.pick(((116, 4), (232, 8), (464, 4)), ((16, 2), (32, 2))):
        for k in range(count):
            layers.append(Shuffle(channels, outputs, 1 if k else 2))
            channels = outputs
    last = size.pick(1024, 24)
    return nn.Sequential(*layers, conv_norm(channels, last, 1), head(last, size.pick(1000, 10)))


class Fire(nn.Module):
    """SqueezeNet's block: few channels, then a 1x1 and a 3x3 side by side."""

    def __init__(self, inputs: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.one = nn.Conv2d(squeezed, expanded, 1)
        self.three = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


def squeezenet(size: Size) -> nn.Module:
    """SqueezeNet 1.1; pools with ceil_mode, and no linear layer."""
    scale = size.pick(1, 8)
    fires = size.pick(
        ((16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)),
        ((16, 64), None, (32, 128), None, (48, 192)),
    )
    channels, classes = 64 // scale, size.pick(1000, 10)
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]
    for fire in fires:
        if fire is None:
            layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        else:
            layers.append(Fire(channels, fire[0] // scale, fire[1] // scale))
            channels = 2 * fire[1] // scale
    layers += [nn.Dropout(), nn.Conv2d(channels, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers)


def vgg(size: Size) -> nn.Module:
    """VGG-11 with BatchNorm: weights beyond every cache, most of them in the first linear layer."""
    channels = 3
    layers: list[nn.Module] = []
    for width in size.pick((64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0), (8, 0, 12, 0, 16, 16, 0)):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2, 2))
    hidden, side = size.pick(4096, 32), size.pick(7, 4)
    layers += [nn.Flatten(), nn.Linear(channels * side * side, hidden), nn.ReLU(), nn.Dropout()]
    layers += [nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, size.pick(1000, 10))]
    return nn.Sequential(*layers)


class Inverted(nn.Module):
    """MobileNetV3's inverted residual: expansion, depthwise, squeeze-and-excite, projection."""

    def __init__(self, inputs: int, hidden: int, outputs: int, kernel: int, stride: int, excite: bool, hard: bool):
        super().__init__()
        activation = nn.Hardswish if hard else nn.ReLU
        self.expand = conv_norm(inputs, hidden, 1, activation=activation) if hidden != inputs else nn.Identity()
        self.depthwise = conv_norm(hidden, hidden, kernel, stride, hidden, activation)
        self.excite = (
            nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(hidden, max(hidden // 4, 4), 1),
                nn.ReLU(),
                nn.Conv2d(max(hidden // 4, 4), hidden, 1),
                nn.Hardsigmoid(),
            )
            if excite
            else None
        )
        self.project = conv_norm(hidden, outputs, 1, activation=None)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.depthwise(self.expand(x))
        if self.excite is not None:
            y = y * self.excite(y)
        y = self.project(y)
        return x + y if self.residual else y


MOBILENET_V3_LARGE = (
    # hidden, outputs, kernel, stride, excite, hard
    (16, 16, 3, 1, False, False),
    (64, 24, 3, 2, False, False),
    (72, 24, 3, 1, False, False),
    (72, 40, 5, 2, True, False),
    (120, 40, 5, 1, True, False),
    (120, 40, 5, 1, True, False),
    (240, 80, 3, 2, False, True),
    (200, 80, 3, 1, False, True),
    (184, 80, 3, 1, False, True),
    (184, 80, 3, 1, False, True),
    (480, 112, 3, 1, True, True),
    (672, 112, 3, 1, True, True),
    (672, 160, 5, 2, True, True),
    (960, 160, 5, 1, True, True),
    (960, 160, 5, 1, True, True),
)
MOBILENET_V3_NARROW = (
    (8, 8, 3, 1, False, False),
    (16, 12, 3, 2, False, False),
    (24, 12, 5, 1, True, False),
    (24, 16, 5, 2, True, True),
    (32, 16, 3, 1, True, True),
)


def mobilenet_v3(size: Size) -> nn.Module:
    """MobileNetV3-Large."""
    channels = size.pick(16, 8)
    layers: list[nn.Module] = [conv_norm(3, channels, 3, 2, activation=nn.Hardswish)]
    for hidden, outputs, kernel, stride, excite, hard in size.pick(MOBILENET_V3_LARGE, MOBILENET_V3_NARROW):
        layers.append(Inverted(channels, hidden, outputs, kernel, stride, excite, hard))
        channels = outputs
    last, hidden, classes = size.pick((960, 1280, 1000), (32, 24, 10))
    layers += [conv_norm(channels, last, 1, activation=nn.Hardswish), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(last, hidden), nn.Hardswish(), nn.Dropout(), nn.Linear(hidden, classes))


ENTRIES = [
    image_classifier("densenet121", "DenseNet-121", densenet),
    image_classifier("inception", "Inception blocks with factorised 7x7", inception),
    image_classifier("mobilenet_v3_large", "MobileNetV3-Large", mobilenet_v3),
    image_classifier("shufflenet_v2", "ShuffleNetV2 x1.0", shufflenet),
    image_classifier("squeezenet", "SqueezeNet 1.1", squeezenet),
    image_classifier("vgg11", "VGG-11 with BatchNorm", vgg),
]
