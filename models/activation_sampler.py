#!/usr/bin/env python3
"""Exports the networks that Linnet is tested with from PyTorch to ONNX, with inputs and PyTorch's outputs.

python models/activation_sampler.py                 writes the committed models, below this folder
python models/activation_sampler.py --check         exports anew to a temporary folder and compares
python models/activation_sampler.py --large DIR     writes the large models for benchmarks to DIR
python models/activation_sampler.py --operators     prints the operators in the committed models, by opset
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

try:
    import onnx  # noqa: F401
    import onnxscript  # noqa: F401
    import torch
    from torch import nn
except ImportError as error:
    sys.exit(f"{Path(__file__).name} needs PyTorch and ONNX ({error}): python -m pip install torch onnx onnxscript")

from activation_networks import activation_networks
from checking import check_models, check_paths, check_tree, operators
from committed import progress_line, read_index, replace_tree, write_all
from exporting import quiet_exporter
from large import write_large
from layer_zoo import layer_zoo
from network import Network

HERE = Path(__file__).resolve().parent


class ActivationSamplerNet(nn.Module):
    """batch x 100 -> class probabilities, batch x 5; one activation of each kind on the way."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(100, 64)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(64, 32)
        self.tanh = nn.Tanh()
        self.fc3 = nn.Linear(32, 5)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.relu(self.fc1(x))  # batch x 64
        x = self.tanh(self.fc2(x))  # batch x 32
        return self.softmax(self.fc3(x))  # batch x 5


def sampler_network() -> Network:
    return Network(
        "activation_sampler",
        "ActivationSamplerNet 100-64-32-5",
        {"": ActivationSamplerNet},
        (100,),
        batch=4,
        other_batches=(1, 7),
        keep_notes=True,
    )


def all_networks() -> list[Network]:
    return [sampler_network(), *activation_networks(), *layer_zoo()]


def export_fresh(folder: Path) -> Path:
    write_all(all_networks(), folder, progress_line)
    return folder


def write_committed() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        fresh = export_fresh(Path(temporary))
        print(replace_tree(fresh, HERE))
    return report(check_paths(HERE, {row.path for row in read_index(HERE / "index.tsv")}))


def check_committed() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        fresh = export_fresh(Path(temporary))
        status = report(check_tree(HERE, fresh, progress_line))
    if status == 0:
        rows = read_index(HERE / "index.tsv")
        print(f"{len({row.path for row in rows})} models, {len(rows)} results: all agree")
    return status


def make_large(folder: Path) -> int:
    rows = write_large(folder, progress_line)
    # The reference evaluator multiplies one sample in a second even for the largest; whole batches take minutes.
    return report(check_models(folder, [row for row in rows if row.input_file.endswith("_batch1.npy")], progress_line))


def print_operators() -> int:
    for version, names in operators(HERE, read_index(HERE / "index.tsv")).items():
        print(f"opset {version}: {' '.join(sorted(names))}")
    return 0


def report(problems: list[str]) -> int:
    """Prints the problems; the exit status."""
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="export anew to a temporary folder and compare")
    task.add_argument("--large", metavar="DIR", type=Path, help="write the large models to DIR")
    task.add_argument("--operators", action="store_true", help="print the operators in use, by opset")
    options = parser.parse_args()
    quiet_exporter()
    torch.set_num_threads(1)
    if options.check:
        return check_committed()
    if options.large:
        return make_large(options.large)
    return print_operators() if options.operators else write_committed()


if __name__ == "__main__":
    sys.exit(main())
