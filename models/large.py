"""Multi-layer perceptrons for benchmarks; too large to commit, so they are made into the build folder."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import numpy as np
from torch import nn

from committed import Row, write_index
from exporting import Form, export
from network import Network


def mlp(sizes: list[int], between: Callable[[int], nn.Module], last: nn.Module | None = None) -> nn.Module:
    """Linear layers of the given sizes; `between(k)` follows layer k, and `last` follows the last layer."""
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(inputs, outputs))
        if k < len(sizes) - 2:
            layers.append(between(k))
    return nn.Sequential(*layers, *([last] if last else []))


def relu_mlp(sizes: list[int], batch: int) -> Network:
    name = "mlp_" + "_".join(map(str, sizes))
    return Network(
        name, "-".join(map(str, sizes)) + " ReLU", {"": lambda: mlp(sizes, lambda k: nn.ReLU())}, (sizes[0],), batch
    )


def mixed_mlp(sizes: list[int], batch: int) -> Network:
    """LeakyReLU, Sigmoid and Tanh after the first three layers, Softmax at the end."""
    activations = (nn.LeakyReLU, nn.Sigmoid, nn.Tanh)
    name = "mlp_" + "_".join(map(str, sizes))
    note = "-".join(map(str, sizes)) + " LeakyReLU, Sigmoid, Tanh, Softmax"
    return Network(
        name, note, {"": lambda: mlp(sizes, lambda k: activations[k](), nn.Softmax(dim=1))}, (sizes[0],), batch
    )


def large_networks() -> list[Network]:
    """`batch` is the larger of the batches that the benchmarks use; the smaller is 1."""
    return [
        relu_mlp([16, 32, 32, 1], batch=16),
        mixed_mlp([256, 256, 256, 256, 10], batch=64),
        relu_mlp([512, 1024, 1024, 256], batch=64),
        relu_mlp([1024, 4096, 4096, 1000], batch=256),
    ]


INSIDE = "mlp_512_1024_1024_256"


def write_large(folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Writes `<name>.onnx` (dynamic batch, input "input", output "output"), its arrays and `index.tsv`. The weights lie
    beside the models, but for `<name>_inside.onnx`, another form of one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    networks = large_networks()
    rows = []
    for k, network in enumerate(networks):
        path = folder / f"{network.name}.onnx"
        export(network, "", Form(None, external=True, dynamic=True), path, names=("input", "output"))
        paths = [path]
        if network.name == INSIDE:
            paths.append(folder / f"{network.name}_inside.onnx")
            export(network, "", Form(17, external=False, dynamic=True), paths[1], names=("input", "output"))
        for batch in (1, network.batch):
            x = network.make_input(batch)
            (output,) = network.run(network.build(""), x)
            files = [f"{network.name}_{kind}_batch{batch}.npy" for kind in ("input", "output")]
            np.save(folder / files[0], x.numpy())
            np.save(folder / files[1], output.numpy())
            for form in paths:
                rows.append(Row(form.name, "input", files[0], "output", files[1], network.note))
        progress(f"[{k + 1}/{len(networks)}] {path}")
    write_index(folder / "index.tsv", rows)
    return rows
