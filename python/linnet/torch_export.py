"""From a PyTorch module, function or exported program to a loaded model in one call."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from linnet.errors import InvalidArgument
from linnet.model import Model, load, open_model

# A protobuf message cannot hold more than 2 GiB; larger models go through a file with external data.
_MOST_BYTES_IN_MEMORY = 3 << 29


def import_torch() -> Any:
    """The package torch. Errors: ImportError that says what to install, also where the exporter's packages are missing."""
    try:
        import onnx  # noqa: F401 - the exporter imports them late, with messages of its own
        import onnxscript  # noqa: F401
        import torch
    except ImportError as error:
        raise ImportError(
            f'linnet.from_torch and linnet.verify need the extra "torch", that is the packages torch, onnx and onnxscript '
            f"({error}): pip install 'linnet[torch]', or pip install '.[torch]' in Linnet's sources",
            name=error.name,
        ) from error
    return torch


@contextlib.contextmanager
def evaluating(modules: Any) -> Iterator[None]:
    """The modules and their parts in evaluation mode; afterwards each is in the mode it was in."""
    modes = {part: part.training for module in modules for part in module.modules()}
    for module in modules:
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


@dataclass
class Source:
    """What is exported: a module with arguments."""

    module: Any
    """What eager PyTorch runs."""
    exported: Any
    """What the exporter gets: the module, or a torch.export.ExportedProgram."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    parts: list[Any] = field(default_factory=list)
    """The modules to put into evaluation mode."""


def _modules_of(function: Any) -> dict[str, Any]:
    """The modules that a function uses, by the names that it has for them."""
    import torch

    while isinstance(function, functools.partial):
        function = function.func
    owner = getattr(function, "__self__", None)
    if isinstance(owner, torch.nn.Module):
        return {"self": owner}
    try:
        used = inspect.getclosurevars(inspect.unwrap(function))
    except TypeError:  # not written in Python
        return {}
    named = {**used.globals, **used.nonlocals}
    return {name: value for name, value in named.items() if isinstance(value, torch.nn.Module)}


def _module_of(function: Any) -> Any:
    """A module whose forward is the function; the modules that it uses are its parts."""
    import torch

    module = torch.nn.Module()
    for name, part in _modules_of(function).items():
        module.add_module(name + "_" * hasattr(module, name), part)
    try:
        inspect.signature(function)
    except ValueError:  # a builtin such as torch.tanh; the exporter needs a signature
        module.forward = lambda *arguments, **keywords: function(*arguments, **keywords)
    else:
        module.forward = function
    return module


def source_of(module: Any, example_inputs: Any, kwargs: Mapping[str, Any] | None, dynamic_shapes: Any) -> Source:
    """Errors: InvalidArgument for what cannot be exported, and without example inputs where they are needed."""
    torch = import_torch()
    if isinstance(module, torch.export.ExportedProgram):
        if dynamic_shapes is not None:
            raise InvalidArgument("an ExportedProgram has its dynamic shapes; they cannot be given again")
        args, known = module.example_inputs if module.example_inputs is not None else ((), {})
        if example_inputs is not None:
            args, known = as_arguments(example_inputs), {}
        return Source(module.module(), module, tuple(args), dict(kwargs if kwargs is not None else known))
    if not isinstance(module, torch.nn.Module):
        if not callable(module):
            kind = type(module).__name__
            raise InvalidArgument(f"expected a torch.nn.Module, a function or a torch.export.ExportedProgram, got {kind}")
        module = _module_of(module)
    if example_inputs is None and not kwargs:
        raise InvalidArgument("example inputs are needed: a tuple of positional arguments, or kwargs")
    return Source(module, module, as_arguments(example_inputs), dict(kwargs or {}), [module])


def as_arguments(example_inputs: Any) -> tuple[Any, ...]:
    """A tuple of positional arguments; a single tensor becomes a tuple of one, None an empty one."""
    if example_inputs is None:
        return ()
    if isinstance(example_inputs, (tuple, list)):
        return tuple(example_inputs)
    return (example_inputs,)


def export(source: Source, dynamic_shapes: Any = None, **export_options: Any) -> Any:
    """A torch.onnx.ONNXProgram of the source, modules in evaluation mode. Errors: those of the exporter."""
    torch = import_torch()
    with evaluating(source.parts), torch.no_grad(), _quiet():
        program = torch.onnx.export(
            source.exported,
            source.args,
            kwargs=source.kwargs or None,
            dynamo=True,
            verbose=False,
            dynamic_shapes=dynamic_shapes,
            **export_options,
        )
    assert program is not None
    return program


def load_program(program: Any, options: dict[str, Any]) -> Model:
    """The program's model, loaded."""
    exported = program.exported_program
    held = [*exported.state_dict.values(), *exported.constants.values()]
    tensors = [value for value in held if hasattr(value, "numel")]
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors) <= _MOST_BYTES_IN_MEMORY:
        return load(program.model_proto, **options)
    with tempfile.TemporaryDirectory(prefix="linnet-") as folder:
        path = os.path.join(folder, "model.onnx")
        program.save(path, external_data=True)
        # The mapped weights stay readable after the folder is gone; the path does not, so it is not kept.
        return Model(open_model(path, options))


def from_torch(
    module: Any,
    example_inputs: Any = None,
    dynamic_shapes: Any = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    input_names: list[str] | None = None,
    output_names: list[str] | None = None,
    opset_version: int | None = None,
    **options: Any,
) -> Model:
    """Exports with PyTorch's exporter (in memory, evaluation mode) and loads the result.

    ``module``: a ``torch.nn.Module``, a function of tensors, or a ``torch.export.ExportedProgram``, whose example inputs
    and dynamic shapes hold. ``example_inputs``: the tuple of positional arguments, or the only one; ``kwargs``: arguments
    by name. Their shapes are the model's, but for the dimensions that ``dynamic_shapes`` names, such as
    ``{"x": {0: "batch"}}`` (see ``torch.onnx.export``). ``options``: those of :func:`linnet.load`. A module is not
    changed, nor are the modules that a function uses.

    Errors: ImportError where torch, onnx or onnxscript is missing (the extra "torch"); InvalidArgument for anything else
    than these; those of the exporter; NotImplemented for operators that Linnet does not have.
    """
    source = source_of(module, example_inputs, kwargs, dynamic_shapes)
    program = export(
        source,
        dynamic_shapes,
        input_names=input_names,
        output_names=output_names,
        opset_version=opset_version,
    )
    return load_program(program, options)
