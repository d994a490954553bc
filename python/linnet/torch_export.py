"""From a PyTorch module to a loaded model in one call."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

from linnet.errors import InvalidArgument
from linnet.model import Model, load

# A protobuf message cannot hold more than 2 GiB; larger models go through a file with external data.
_MOST_BYTES_IN_MEMORY = 3 << 29


@contextlib.contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """The module and its parts in evaluation mode; afterwards each is in the mode it was in."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on itself and on packages that are not installed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(level)


def as_arguments(example_inputs: Any) -> tuple[Any, ...]:
    """A tuple of positional arguments; a single tensor becomes a tuple of one."""
    if isinstance(example_inputs, (tuple, list)):
        return tuple(example_inputs)
    return (example_inputs,)


def export(module: Any, example_inputs: Any, dynamic_shapes: Any = None, **export_options: Any) -> Any:
    """A torch.onnx.ONNXProgram of the module in evaluation mode. Errors: InvalidArgument; those of the exporter."""
    import torch

    if not isinstance(module, torch.nn.Module):
        raise InvalidArgument(f"expected a torch.nn.Module, got {type(module).__name__}")
    with evaluating(module), torch.no_grad(), _quiet():
        program = torch.onnx.export(
            module,
            as_arguments(example_inputs),
            dynamo=True,
            verbose=False,
            dynamic_shapes=dynamic_shapes,
            **export_options,
        )
    assert program is not None
    return program


def load_program(program: Any, module: Any, options: dict[str, Any]) -> Model:
    """The program's model, loaded."""
    held = list(module.parameters()) + list(module.buffers())
    if sum(tensor.numel() * tensor.element_size() for tensor in held) <= _MOST_BYTES_IN_MEMORY:
        return load(program.model_proto, **options)
    with tempfile.TemporaryDirectory(prefix="linnet-") as folder:
        path = os.path.join(folder, "model.onnx")
        program.save(path, external_data=True)
        return load(path, **options)  # the mapped weights stay readable after the folder is gone


def from_torch(
    module: Any,
    example_inputs: Any,
    dynamic_shapes: Any = None,
    *,
    input_names: list[str] | None = None,
    output_names: list[str] | None = None,
    opset_version: int | None = None,
    **options: Any,
) -> Model:
    """Exports a ``torch.nn.Module`` with PyTorch's exporter (in memory, evaluation mode) and loads the result.

    ``example_inputs``: the tuple of the module's positional arguments, or its only one; their shapes are the model's,
    but for the dimensions that ``dynamic_shapes`` names, such as ``{"x": {0: "batch"}}`` (see ``torch.onnx.export``).
    ``options``: those of :func:`linnet.load`. The module itself is not changed. Needs the packages torch, onnx and
    onnxscript.

    Errors: InvalidArgument unless it is a module; those of the exporter; NotImplemented for operators that Linnet does
    not have.
    """
    program = export(
        module,
        example_inputs,
        dynamic_shapes,
        input_names=input_names,
        output_names=output_names,
        opset_version=opset_version,
    )
    return load_program(program, module, options)
