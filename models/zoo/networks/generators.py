"""Networks that make images."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from entry import IMAGE_AXES, Entry, Size, samples


def dcgan(size: Size) -> nn.Module:
    """The generator of DCGAN: transposed convolutions from one pixel to 64 x 64."""
    width, latent = size.pick((64, 100), (4, 8))
    channels = [latent, *(width * factor for factor in size.pick((8, 4, 2, 1), (4, 2, 1)))]
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(zip(channels, channels[1:])):
        layers.append(nn.ConvTranspose2d(inputs, outputs, 4, 2 if k else 1, 1 if k else 0, bias=False))
        layers += [nn.BatchNorm2d(outputs), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(size: Size) -> nn.Module:
    """The discriminator of DCGAN: strided convolutions with LeakyReLU."""
    width = size.pick(64, 6)
    channels = [3, *(width << k for k in range(size.pick(4, 2)))]
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(zip(channels, channels[1:])):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
        layers += [*([nn.BatchNorm2d(outputs)] if k else []), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4, bias=False), nn.Sigmoid(), nn.Flatten(0))


class Espcn(nn.Module):
    """ESPCN: all convolutions at the small size, then depth becomes space; beside it the interpolated image."""

    def __init__(self, width: int, scale: int):
        super().__init__()
        self.scale = scale
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(width, width // 2, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(width // 2, scale * scale, 3, padding=1),
            nn.PixelShuffle(scale),
        )

    def forward(self, x):
        larger = F.interpolate(x, scale_factor=float(self.scale), mode="bicubic", align_corners=False)
        return self.layers(x) + larger


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width, affine=True),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width, affine=True),
        )

    def forward(self, x):
        return x + self.layers(x)


class Upsample(nn.Module):
    """Nearest neighbour, then a convolution."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3))

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def style_transfer(size: Size) -> nn.Module:
    """Fast neural style: reflected borders and InstanceNorm throughout."""
    width, blocks = size.pick((32, 5), (4, 1))

    def conv(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
        return [
            nn.ReflectionPad2d(kernel // 2),
            nn.Conv2d(inputs, outputs, kernel, stride),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(),
        ]

    def up(inputs: int, outputs: int) -> list[nn.Module]:
        return [Upsample(inputs, outputs), nn.InstanceNorm2d(outputs, affine=True), nn.ReLU()]

    layers = [*conv(3, width, 9, 1), *conv(width, 2 * width, 3, 2), *conv(2 * width, 4 * width, 3, 2)]
    layers += [Residual(4 * width) for _ in range(blocks)]
    layers += [*up(4 * width, 2 * width), *up(2 * width, width), nn.ReflectionPad2d(4), nn.Conv2d(width, 3, 9)]
    return nn.Sequential(*layers)


ENTRIES = [
    Entry("dcgan", "DCGAN's generator", dcgan, samples((100, 1, 1), (8, 1, 1))),
    Entry("dcgan_discriminator", "DCGAN's discriminator", discriminator, samples((3, 64, 64), (3, 16, 16))),
    Entry(
        "espcn",
        "ESPCN super-resolution, beside a bicubic one",
        lambda size: Espcn(*size.pick((64, 3), (8, 3))),
        samples((1, 224, 224), (1, 14, 13), (1, 9, 17)),
        axes=IMAGE_AXES,
    ),
    Entry(
        "style_transfer",
        "fast neural style",
        style_transfer,
        samples((3, 224, 224), (3, 24, 28), (3, 32, 20)),
        axes=IMAGE_AXES,
    ),
]
