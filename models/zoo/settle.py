"""Weights as a training leaves them: no layer is the identity, and values keep their size through all layers.

Fresh modules have BatchNorm statistics 0 and 1, scales 1, biases 0 and sometimes weights so small that a wrong layer
does not show in the output. A test with these would not notice, for example, a bias that is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


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
        calibrated = [layer for layer in layers if isinstance(layer, BATCH_NORMS)]
        if inputs and calibrated:
            calibrate(module, calibrated, inputs)


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
    """Sets the statistics of `layers` to those of runs on `inputs`, shifted."""
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean of all runs
        layer.train()
    for one in inputs:
        module(*one)
    for layer, momentum in zip(layers, momenta):
        layer.eval()
        layer.momentum = momentum
        spread = layer.running_var.sqrt()
        layer.running_mean.add_(0.2 * spread * torch.randn_like(spread))
        layer.running_var.mul_(torch.empty_like(spread).uniform_(0.7, 1.4)).add_(1e-3)
