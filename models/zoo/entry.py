"""What a network of the zoo is: its module in two sizes, its inputs, and what an exporter cannot do with it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from settle import settle

Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Size:
    """Which form of a network is asked for, and where its random inputs come from."""

    full: bool
    case: int = 0
    generator: torch.Generator = field(default_factory=torch.Generator)

    def pick(self, full, narrow):
        """The first one in full size, else the second."""
        return full if self.full else narrow

    @property
    def batch(self) -> int:
        """Cases differ in it; of the full form the first one has a single sample."""
        return self.case + 1 if self.full else (2, 1, 3)[self.case]

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """int64 in [low, high)."""
        return torch.randint(low, high, shape, generator=self.generator)


@dataclass(frozen=True)
class Entry:
    """One network.

    name          letters, digits and underscores; weights and inputs depend on it alone
    note          what it is, in a few words
    build         the module of a size; it returns a tensor or a tuple of them
    inputs        its inputs of a size and case; the fixed forms are exported with case 0
    axes          per input: the dimensions that are symbols in the dynamic forms, with their names
    cases         how many cases the narrow form is tried with; they differ in the dimensions of `axes`
    transformers  whether `build` takes its classes from this package; the narrow form is then committed
    calibrate     whether BatchNorm's statistics are those of runs on such inputs, shifted; else they are random
    fails         exporter ("dynamo" or "opset17") or form of its ("dynamo_dynamic") -> why it cannot write this network;
                  `make zoo` tries it
    tolerance     how far an output may be off, as a share of its largest value, in the narrow form
    """

    name: str
    note: str
    build: Callable[[Size], nn.Module]
    inputs: Callable[[Size], Tensors]
    input_names: tuple[str, ...] = ("input",)
    output_names: tuple[str, ...] = ("output",)
    axes: tuple[Mapping[int, str], ...] = ({0: "batch"},)
    cases: int = 2
    transformers: bool = False
    calibrate: bool = True
    fails: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 4e-6

    def make_inputs(self, full: bool, case: int = 0) -> Tensors:
        """Always the same ones."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name} x {case}".encode()))
        return self.inputs(Size(full, case, generator))

    def make_module(self, full: bool) -> nn.Module:
        """In inference mode, with weights as after a training."""
        torch.manual_seed(zlib.crc32(self.name.encode()))
        module = self.build(Size(full))
        # A map of one pixel needs many samples until its spread is more than rounding.
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name} calibration".encode()))
        count = (2 if full else 16) if self.calibrate else 0
        case = min(1, self.cases - 1) if full else 0  # the one with more samples
        settle(module, [self.inputs(Size(full, case, generator)) for _ in range(count)])
        return module


class Picked(nn.Module):
    """A model of the transformers package that takes tensors and returns a tuple of them.

    inputs   the names of the model's arguments
    outputs  the fields of its result
    """

    def __init__(self, model: nn.Module, inputs: tuple[str, ...], outputs: tuple[str, ...]):
        super().__init__()
        self.model = model
        self.inputs = inputs
        self.outputs = outputs

    def forward(self, *arguments: torch.Tensor):
        result = self.model(**dict(zip(self.inputs, arguments, strict=True)))
        return tuple(getattr(result, name) for name in self.outputs)


IMAGE_AXES = ({0: "batch", 2: "height", 3: "width"},)
SEQUENCE_AXES = ({0: "batch", 2: "length"},)


def samples(
    full: tuple[int, ...], narrow: tuple[int, ...], other: tuple[int, ...] | None = None
) -> Callable[[Size], Tensors]:
    """One input of normal values; the shapes are without the batch. Cases differ in the batch.

    other  the narrow form's shape in the cases after the first, where `axes` has more than the batch
    """

    def make(size: Size) -> Tensors:
        return (size.normal(size.batch, *size.pick(full, other if other and size.case else narrow)),)

    return make


def image_classifier(name: str, note: str, build: Callable[[Size], nn.Module], **options) -> Entry:
    """Images of 224 x 224, in the narrow form of 32 x 32, or of 24 x 24 where it is committed."""
    side = 24 if options.get("transformers") else 32
    return Entry(name, note, build, samples((3, 224, 224), (3, side, side)), **options)
