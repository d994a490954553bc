"""Weights as a training leaves them: no layer is the identity, and values keep their size through all layers.

Fresh modules have BatchNorm statistics 0 and 1, scales 1, biases 0 and sometimes weights so small that a wrong layer
does not show in the output. A test with these would not notice, for example, a bias that is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn


def settle(module: nn.Module, inputs: Sequence[tuple[torch.Tensor, ...]]) -> None:
    """Draws every parameter and every statistic, from PyTorch's global generator. Leaves `module` in inference mode.

    inputs  BatchNorm's statistics become the means of runs on each of them, shifted by a part of their spread, so that
            folding them is not the identity. Without any: they are random.
    """
    with torch.no_grad():
        for layer in module.modules():
            for name, parameter in layer.named_parameters(recurse=False):
                draw(layer, name, parameter)
        module.eval()
        layers = [layer for layer in module.modules() if getattr(layer, "running_mean", None) is not None]
        for layer in layers:
            layer.running_mean.normal_(std=0.3)
            layer.running_var.uniform_(0.5, 2.0)
            for name, buffer in layer.named_buffers(recurse=False):  # a frozen BatchNorm's scale and shift
                if name in ("weight", "bias"):
                    draw(layer, name, buffer)
        calibrate(module, layers, inputs)


def draw(layer: nn.Module, name: str, parameter: torch.Tensor) -> None:
    """One parameter. Matrices and filters keep the variance of what goes through a rectifier."""
    if name in ("original0", "weight_g"):  # weight normalization's lengths
        parameter.uniform_(0.7, 1.3)
    elif isinstance(layer, nn.Embedding):
        parameter.normal_(std=0.5)
    elif parameter.dim() >= 2:
        transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
        # Of a transposed convolution's taps, each output sees one in stride.
        inputs = parameter.shape[0] * math.prod(parameter.shape[2:]) / math.prod(layer.stride) if transposed else (
            math.prod(parameter.shape[1:])
        )
        parameter.normal_(std=math.sqrt(1.6 / max(inputs, 1)))
    elif "norm" in type(layer).__name__.lower() and name == "weight":
        parameter.uniform_(0.5, 1.5)
    elif name.startswith("layer_scale") or name in ("lambda1", "gamma"):
        parameter.uniform_(0.3, 0.7)
    else:
        parameter.normal_(std=0.1)


def calibrate(module: nn.Module, layers: list[nn.Module], inputs: Sequence[tuple[torch.Tensor, ...]]) -> None:
    """Sets the statistics of `layers` to the means of those in runs on `inputs`, shifted.

    A layer gets its own just before it runs, so that the next ones see what they will see later.
    """
    hooks = [layer.register_forward_pre_hook(Meter(layer)) for layer in layers]
    for one in inputs if hooks else ():  # nothing is measured without such a layer
        module(*one)
    for hook in hooks:
        hook.remove()


class Meter:
    """Measures what goes into a BatchNorm, of any class, and sets its statistics."""

    def __init__(self, layer: nn.Module):
        self.runs = 0
        self.mean = torch.zeros_like(layer.running_mean)
        self.square = torch.zeros_like(layer.running_var)
        self.shift = 0.2 * torch.randn_like(self.mean)
        self.stretch = torch.empty_like(self.mean).uniform_(0.7, 1.4)

    def __call__(self, layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        x = arguments[0]
        axes = [axis for axis in range(x.dim()) if axis != 1]
        self.runs += 1
        self.mean.lerp_(x.mean(axes), 1 / self.runs)
        self.square.lerp_(x.square().mean(axes), 1 / self.runs)
        # A channel that hardly varies beside its mean would be nothing but rounding.
        variance = torch.maximum(self.square - self.mean.square(), self.mean.square() / 4) + 1e-3
        layer.running_mean.copy_(self.mean + self.shift * variance.sqrt())
        layer.running_var.copy_(variance * self.stretch)
