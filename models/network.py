"""What a network to export is: its modules, its input, and PyTorch's own answer."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn

Draw = Callable[[tuple, torch.Generator], torch.Tensor]


def draw_normal(scale: float = 1.0, dtype: torch.dtype = torch.float32) -> Draw:
    """Inputs from a normal distribution with standard deviation `scale`."""
    return lambda shape, generator: (scale * torch.randn(shape, generator=generator)).to(dtype)


def draw_indices(count: int) -> Draw:
    """int64 inputs in [0, count)."""
    return lambda shape, generator: torch.randint(0, count, shape, generator=generator)


def draw_special(shape: tuple, generator: torch.Generator) -> torch.Tensor:
    """Normal values, with the first ones replaced by float32's corner cases."""
    values = 10 * torch.randn(shape, generator=generator)
    special = torch.tensor(
        [0.0, -0.0, float("inf"), -float("inf"), float("nan"), 1e-40, -1e-40, 89.0, -89.0, 3e38, -3e38]
    )
    count = min(values.numel(), special.numel())
    values.view(-1)[:count] = special[:count]
    return values


@dataclass(frozen=True)
class Network:
    """One function, written in one or more ways that all compute the same.

    styles        name -> what builds the module; "" where there is only one way. All styles get the same weights.
    sample_shape  the input's shape without its first dimension, the batch
    batch         samples in the committed input (and in the exports with a fixed batch)
    other_batches what the forms with a dynamic batch are tried with besides `batch`
    draw          makes an input of the given shape
    first_opset   the first opset in which the older exporter can write it
    keep_notes    keep what the default exporter notes on nodes and values (scopes, FX nodes)
    """

    name: str
    note: str
    styles: dict[str, Callable[[], nn.Module]]
    sample_shape: tuple
    batch: int = 3
    other_batches: tuple = (1,)
    draw: Draw = draw_normal()
    first_opset: int = 9
    keep_notes: bool = False

    def build(self, style: str) -> nn.Module:
        """The module in inference mode, with weights that depend on the network's name alone."""
        torch.manual_seed(zlib.crc32(self.name.encode()))
        return self.styles[style]().eval()

    def make_input(self, batch: int) -> torch.Tensor:
        """The input with `batch` samples; always the same one."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name} x {batch}".encode()))
        return self.draw((batch, *self.sample_shape), generator)

    def run(self, module: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
        """PyTorch's outputs; `x` stays as it is even where the module works in place."""
        with torch.inference_mode():
            result = module(x.clone())
        return list(result) if isinstance(result, tuple) else [result]
