"""Segmentation networks: encoder, decoder and the maps that go straight across."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from entry import IMAGE_AXES, Entry, Size, samples


def double_conv(inputs: int, outputs: int, groups: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with GroupNorm and SiLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.GroupNorm(groups, outputs),
        nn.SiLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.GroupNorm(groups, outputs),
        nn.SiLU(),
    )


class UNet(nn.Module):
    """U-Net whose decoder is transposed convolutions, 2x2 with stride 2."""

    def __init__(self, widths: tuple[int, ...], groups: int, classes: int):
        super().__init__()
        self.down = nn.ModuleList()
        channels = 3
        for width in widths:
            self.down.append(double_conv(channels, width, groups))
            channels = width
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.up.append(nn.ConvTranspose2d(channels, width, 2, stride=2))
            self.merge.append(double_conv(2 * width, width, groups))
            channels = width
        self.last = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        across = []
        for block in self.down[:-1]:
            across.append(block(x))
            x = F.max_pool2d(across[-1], 2)
        x = self.down[-1](x)
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([across.pop(), up(x)], 1))
        return self.last(x)


class UNet3d(nn.Module):
    """3-D U-Net with BatchNorm; its decoder interpolates, and its last transposed convolution overlaps itself."""

    def __init__(self, widths: tuple[int, ...], classes: int):
        super().__init__()

        def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm3d(outputs), nn.LeakyReLU(0.01)
            )

        self.first = block(1, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(block(inputs, outputs, 2), block(outputs, outputs))
            for inputs, outputs in zip(widths, widths[1:])
        )
        self.merge = nn.ModuleList(
            block(inputs + outputs, outputs) for inputs, outputs in zip(widths[:1:-1], widths[-2:0:-1])
        )
        self.up = nn.ConvTranspose3d(widths[1], widths[0], 3, stride=2, padding=1, output_padding=1)
        self.last = nn.Conv3d(2 * widths[0], classes, 1)

    def forward(self, x):
        across = [self.first(x)]
        for block in self.down:
            across.append(block(across[-1]))
        x = across.pop()
        for merge in self.merge:
            x = F.interpolate(x, scale_factor=2.0, mode="trilinear", align_corners=False)
            x = merge(torch.cat([across.pop(), x], 1))
        return self.last(torch.cat([across.pop(), self.up(x)], 1)).softmax(1)


class Pyramid(nn.Module):
    """DeepLab-like head: dilated convolutions and a pooled branch, interpolated to the size of the input."""

    def __init__(self, width: int, classes: int):
        super().__init__()

        def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
            padding = dilation * (kernel // 2)
            layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
            return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())

        self.body = nn.Sequential(
            conv(3, width, 3, 2), conv(width, 2 * width, 3, 2), conv(2 * width, 4 * width, 3, 1, 2)
        )
        self.branches = nn.ModuleList([conv(4 * width, width, 1)])
        self.branches.extend(conv(4 * width, width, 3, 1, dilation) for dilation in (6, 12, 18))
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(4 * width, width, 1))
        self.join = conv(5 * width, width, 1)
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        y = self.body(x)
        branches = [branch(y) for branch in self.branches]
        branches.append(F.interpolate(self.pooled(y), size=y.shape[-2:], mode="bilinear", align_corners=False))
        y = self.last(self.join(torch.cat(branches, 1)))
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=True)


def unet(size: Size) -> nn.Module:
    return UNet(*size.pick(((32, 64, 128, 256), 8, 2), ((8, 12, 16), 4, 2)))


def unet_3d(size: Size) -> nn.Module:
    return UNet3d(*size.pick(((16, 32, 64, 128), 3), ((4, 8, 12), 3)))


def deeplab(size: Size) -> nn.Module:
    return Pyramid(*size.pick((64, 21), (4, 5)))


ENTRIES = [
    Entry(
        "deeplab",
        "dilated pyramid with interpolation",
        deeplab,
        samples((3, 256, 256), (3, 40, 36), (3, 33, 44)),
        axes=IMAGE_AXES,
    ),
    Entry(
        "unet",
        "U-Net with transposed convolutions and GroupNorm",
        unet,
        samples((3, 128, 128), (3, 32, 32), (3, 24, 40)),
        axes=IMAGE_AXES,
    ),
    Entry("unet_3d", "3-D U-Net", unet_3d, samples((1, 32, 64, 64), (1, 8, 8, 16))),
]
