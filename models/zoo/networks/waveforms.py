"""Networks on sequences of samples that are convolutions in one dimension."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from entry import SEQUENCE_AXES, Entry, Size, samples


class Gated(nn.Module):
    """WaveNet's layer: a dilated causal convolution, tanh times sigmoid, and two ways out."""

    def __init__(self, width: int, skipped: int, dilation: int):
        super().__init__()
        self.past = dilation
        self.conv = nn.Conv1d(width, 2 * width, 2, dilation=dilation)
        self.residual = nn.Conv1d(width, width, 1)
        self.skip = nn.Conv1d(width, skipped, 1)

    def forward(self, x):
        signal, gate = self.conv(F.pad(x, (self.past, 0))).chunk(2, 1)
        y = torch.tanh(signal) * torch.sigmoid(gate)
        return x + self.residual(y), self.skip(y)


class WaveNet(nn.Module):
    def __init__(self, width: int, skipped: int, classes: int, layers: int, stacks: int):
        super().__init__()
        self.first = nn.Conv1d(1, width, 1)
        self.layers = nn.ModuleList(Gated(width, skipped, 1 << k) for _ in range(stacks) for k in range(layers))
        self.last = nn.Sequential(nn.ReLU(), nn.Conv1d(skipped, skipped, 1), nn.ReLU(), nn.Conv1d(skipped, classes, 1))

    def forward(self, x):
        x = self.first(x)
        skips = 0
        for layer in self.layers:
            x, skip = layer(x)
            skips = skips + skip
        return self.last(skips)


class Temporal(nn.Module):
    """The block of a temporal convolution net: padding on both sides, the end is cut off."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int):
        super().__init__()
        self.cut = (kernel - 1) * dilation
        self.one = nn.Conv1d(inputs, outputs, kernel, padding=self.cut, dilation=dilation)
        self.two = nn.Conv1d(outputs, outputs, kernel, padding=self.cut, dilation=dilation)
        self.side = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        y = F.relu(self.one(x)[:, :, : -self.cut].contiguous())
        y = F.relu(self.two(y)[:, :, : -self.cut].contiguous())
        return F.relu(y + (x if self.side is None else self.side(x)))


def temporal(size: Size) -> nn.Module:
    """Temporal convolution net: the last step decides."""

    class Last(nn.Module):
        def forward(self, x):
            return x[:, :, -1]

    inputs, width, levels, classes = size.pick((16, 64, 6, 10), (3, 8, 3, 4))
    layers = [Temporal(inputs if k == 0 else width, width, 3, 1 << k) for k in range(levels)]
    return nn.Sequential(*layers, Last(), nn.Linear(width, classes), nn.LogSoftmax(1))


class Separator(nn.Module):
    """Conv-TasNet's way: a learned basis, depthwise blocks with one norm over all, masks, and the way back."""

    def __init__(self, basis: int, width: int, blocks: int, sources: int):
        super().__init__()
        self.sources = sources
        self.encode = nn.Conv1d(1, basis, 16, stride=8, bias=False)
        self.enter = nn.Sequential(nn.GroupNorm(1, basis), nn.Conv1d(basis, width, 1))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, 2 * width, 1),
                nn.PReLU(),
                nn.GroupNorm(1, 2 * width),
                nn.Conv1d(2 * width, 2 * width, 3, padding=1 << k, dilation=1 << k, groups=2 * width),
                nn.PReLU(2 * width),
                nn.GroupNorm(1, 2 * width),
                nn.Conv1d(2 * width, width, 1),
            )
            for k in range(blocks)
        )
        self.mask = nn.Conv1d(width, sources * basis, 1)
        self.decode = nn.ConvTranspose1d(basis, 1, 16, stride=8, bias=False)

    def forward(self, x):
        coded = F.relu(self.encode(x))
        y = self.enter(coded)
        for block in self.blocks:
            y = y + block(y)
        masks = torch.sigmoid(self.mask(y)).unflatten(1, (self.sources, coded.shape[1]))
        parts = masks * coded.unsqueeze(1)
        return self.decode(parts.flatten(0, 1)).unflatten(0, (-1, self.sources)).squeeze(2)


ENTRIES = [
    Entry(
        "conv_tasnet",
        "Conv-TasNet-like separation of sources",
        lambda size: Separator(*size.pick((256, 128, 8, 2), (12, 8, 3, 2))),
        samples((1, 16000), (1, 200), (1, 136)),
        axes=SEQUENCE_AXES,
    ),
    Entry(
        "temporal",
        "temporal convolution net",
        temporal,
        samples((16, 400), (3, 30), (3, 21)),
        axes=SEQUENCE_AXES,
    ),
    Entry(
        "wavenet",
        "WaveNet",
        lambda size: WaveNet(*size.pick((64, 128, 256, 10, 2), (8, 12, 16, 4, 2))),
        samples((1, 4000), (1, 50), (1, 77)),
        axes=SEQUENCE_AXES,
    ),
]
