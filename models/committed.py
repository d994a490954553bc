"""The committed folder: one subfolder per network, arrays shared by its forms, and an index of all of it."""

from __future__ import annotations

import csv
import filecmp
import shutil
import sys
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Callable, Iterable

import numpy as np
import onnx

from exporting import ALL_FORMS, SMALL_FORMS, STYLE_FORMS, Form, export
from network import Network

GENERATED = ("*.onnx", "*.onnx.data", "*.npy")


@dataclass(frozen=True)
class Row:
    """One run of one model for one of its outputs. Files are relative to the index."""

    path: str
    input_name: str
    input_file: str
    output_name: str
    output_file: str
    note: str


def write_index(path: Path, rows: Iterable[Row]) -> None:
    """Tab-separated, one header line with the names of the columns."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for row in rows)


def read_index(path: Path) -> list[Row]:
    with open(path, newline="") as file:
        lines = csv.reader(file, delimiter="\t")
        next(lines)
        return [Row(*line) for line in lines]


def model_names(path: Path) -> tuple[str, list[str]]:
    """The model's input and its outputs."""
    graph = onnx.load(path, load_external_data=False).graph
    constants = {initializer.name for initializer in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise ValueError(f"{path}: {len(inputs)} inputs, expected 1")
    return inputs[0], [value.name for value in graph.output]


def array_names(batch: int, network: Network, output: int | None = None) -> str:
    """`input.npy`, `output.npy`, `output1.npy` (the second output), `input_batch7.npy` and so on."""
    stem = "input" if output is None else "output" + (str(output) if output else "")
    return f"{stem}.npy" if batch == network.batch else f"{stem}_batch{batch}.npy"


def write_arrays(network: Network, folder: Path) -> None:
    """The inputs and PyTorch's outputs, which all styles must agree on bit for bit."""
    for batch in (network.batch, *network.other_batches):
        x = network.make_input(batch)
        np.save(folder / array_names(batch, network), x.numpy())
        expected = None
        for style in network.styles:
            outputs = [output.numpy() for output in network.run(network.build(style), x)]
            if expected is None:
                expected = outputs
            elif not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(expected, outputs)):
                raise ValueError(f"{network.name}: style {style} differs from the first style")
        for k, output in enumerate(expected or []):
            np.save(folder / array_names(batch, network, k), output)


def forms_of(network: Network, style: str) -> list[Form]:
    """Every form for a network that keeps the exporter's notes (the main one), a selection for the others."""
    first = style == next(iter(network.styles))
    forms = ALL_FORMS if network.keep_notes else SMALL_FORMS if first else STYLE_FORMS
    return [form for form in forms if form.opset is None or form.opset >= network.first_opset]


def write_network(network: Network, root: Path) -> list[Row]:
    """Writes `root/<network>/` and returns its rows of the index."""
    folder = root / network.name
    folder.mkdir(parents=True)
    write_arrays(network, folder)
    rows = []
    for style in network.styles:
        for form in forms_of(network, style):
            path = folder / f"{style + '_' if style else ''}{form.name}.onnx"
            export(network, style, form, path)
            input_name, output_names = model_names(path)
            for batch in (network.batch, *network.other_batches) if form.dynamic else (network.batch,):
                for k, output_name in enumerate(output_names):
                    rows.append(
                        Row(
                            f"{network.name}/{path.name}",
                            input_name,
                            f"{network.name}/{array_names(batch, network)}",
                            output_name,
                            f"{network.name}/{array_names(batch, network, k)}",
                            network.note,
                        )
                    )
    return rows


def write_all(networks: list[Network], root: Path, progress: Callable[[str], None]) -> list[Row]:
    """Writes every network below the empty folder `root`, and `root/index.tsv`."""
    rows: list[Row] = []
    for k, network in enumerate(networks):
        added = write_network(network, root)
        rows += added
        models = len({row.path for row in added})
        progress(f"[{k + 1:3d}/{len(networks)}] {network.name}: {models} models")
    write_index(root / "index.tsv", rows)
    return rows


def generated_files(root: Path) -> set[str]:
    """What `write_all` makes, as paths relative to `root`."""
    found = {path.relative_to(root).as_posix() for pattern in GENERATED for path in root.glob(f"*/{pattern}")}
    return found | ({"index.tsv"} if (root / "index.tsv").exists() else set())


def replace_tree(fresh: Path, root: Path) -> str:
    """Makes the generated files below `root` those of `fresh`, touching only what differs; says what it did."""
    new, old = generated_files(fresh), generated_files(root)
    written = 0
    for name in sorted(new):
        target = root / name
        if name in old and filecmp.cmp(fresh / name, target, shallow=False):
            continue
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(fresh / name, target)
        written += 1
    for name in old - new:
        (root / name).unlink()
        if not any((root / name).parent.iterdir()):
            (root / name).parent.rmdir()
    size = sum((root / name).stat().st_size for name in new)
    return (
        f"{len(new)} files, {size / 1024:.0f} KiB: {written} written, {len(new) - written} unchanged, "
        f"{len(old - new)} removed"
    )


def progress_line(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
