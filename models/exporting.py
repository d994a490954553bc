"""Exports a network to ONNX in the forms that one meets in the wild, with the same bytes each time."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch

from network import Network


@dataclass(frozen=True)
class Form:
    """One way to call the exporter.

    opset     None: PyTorch's default exporter (dynamo) with its default opset; else the older exporter with this one
    external  weights in a file `.onnx.data` beside the model (the default exporter's own default)
    dynamic   the batch is a dimension named "batch"; else it is the fixed `network.batch`
    """

    opset: int | None
    external: bool
    dynamic: bool

    @property
    def name(self) -> str:
        exporter = f"opset{self.opset}" if self.opset else "dynamo_external" if self.external else "dynamo"
        return f"{exporter}_{'dynamic' if self.dynamic else 'fixed'}"


OLDER_OPSETS = (9, 11, 13, 17)

ALL_FORMS = [Form(None, external, dynamic) for external in (True, False) for dynamic in (False, True)] + [
    Form(opset, False, dynamic) for opset in OLDER_OPSETS for dynamic in (False, True)
]

# Each exporter, opset and batch kind once; for small networks, whose matrix would be mostly repetition.
SMALL_FORMS = [
    Form(None, True, False),
    Form(None, False, True),
    Form(9, False, True),
    Form(11, False, False),
    Form(13, False, True),
    Form(17, False, False),
]

# For the second and later styles of a network; the older exporter writes them all alike.
STYLE_FORMS = [Form(None, False, True)]


def quiet_exporter() -> None:
    """Silences what the exporter says about packages and interfaces that are not used here."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")


def batch_axes(network: Network, module: torch.nn.Module) -> list[bool]:
    """Per output: does its first dimension follow the batch?"""
    by_batch = {batch: network.run(module, network.make_input(batch)) for batch in (2, 5)}
    return [
        small.dim() > 0 and small.shape[0] == 2 and large.shape[0] == 5
        for small, large in zip(by_batch[2], by_batch[5])
    ]


def export(network: Network, style: str, form: Form, path: Path, names: tuple[str, str] | None = None) -> None:
    """Writes `path`, and `path`.data beside it if the form keeps weights there and they are large enough.

    names  the input's and the output's name; None leaves them to the exporter, except in the older exporter's
           dynamic form, which needs them and gets "input" and "output".
    """
    module = network.build(style)
    x = network.make_input(network.batch)
    with contextlib.redirect_stdout(io.StringIO()):
        if form.opset:
            export_older(network, module, x, form, path, names)
        else:
            export_default(module, x, form, path, names)
    tidy(path, network.keep_notes)


def export_default(module, x, form: Form, path: Path, names: tuple[str, str] | None) -> None:
    options = {"input_names": [names[0]], "output_names": [names[1]]} if names else {}
    if form.dynamic:
        options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    torch.onnx.export(module, (x,), path, dynamo=True, external_data=form.external, verbose=False, **options)


def export_older(network: Network, module, x, form: Form, path: Path, names: tuple[str, str] | None) -> None:
    options = {}
    if form.dynamic or names:
        axes = batch_axes(network, module)
        input_name, output_name = names or ("input", "output")
        outputs = [output_name + ("" if k == 0 else str(k)) for k in range(len(axes))]
        options = {"input_names": [input_name], "output_names": outputs}
        if form.dynamic:
            follows = [name for name, axis in zip(outputs, axes) if axis]
            options["dynamic_axes"] = {name: {0: "batch"} for name in [input_name, *follows]}
    torch.onnx.export(module, (x,), path, dynamo=False, opset_version=form.opset, **options)


def tidy(path: Path, keep_notes: bool) -> None:
    """Makes the file the same on every machine and in every run.

    The default exporter notes stack traces with the paths of source files, and writes attributes in the order of a
    hash set; where no weight is large enough for the external file, it leaves an empty one.
    """
    model = onnx.load(path, load_external_data=False)
    drop_notes(model, keep_notes)
    for node in model.graph.node:
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        del node.attribute[:]
        node.attribute.extend(attributes)
    path.write_bytes(model.SerializeToString(deterministic=True))
    data = path.with_name(path.name + ".data")
    if data.exists() and data.stat().st_size == 0:
        data.unlink()


def drop_notes(model: onnx.ModelProto, keep_notes: bool) -> None:
    """Removes `metadata_props` everywhere, or only the stack traces."""
    graph = model.graph
    holders = [model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for holder in holders:
        kept = [note for note in holder.metadata_props if keep_notes and "stack_trace" not in note.key]
        del holder.metadata_props[:]
        holder.metadata_props.extend(kept)
        if hasattr(holder, "doc_string"):
            holder.ClearField("doc_string")


def machine_paths() -> list[bytes]:
    """Byte strings that must not be in a file that is the same on every machine."""
    folders = [Path.home(), Path(__file__).resolve().parent, Path(torch.__file__).parent, Path(os.getcwd())]
    return [str(folder).encode() + b"/" for folder in folders if str(folder) != "/"] + [
        b"site-packages",
        b"/tmp/",
        b".py",
    ]
