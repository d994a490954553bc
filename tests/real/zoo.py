#!/usr/bin/env python3
"""Runs what `make zoo` exported in Linnet's backends; exit status 1 where one is wrong.

  python tests/real/zoo.py DIR [--only RE] [--backend NAME]...

A line per model and backend: `right` where no output is farther from PyTorch's float64 than twice ONNX Runtime's, with
both distances as shares of the output's range; `wrong`, `refused` and `broken` otherwise. Where ONNX Runtime cannot run
the model, the share in the index stands for twice its distance.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import onnx
from agreement import Array, describe, difference
from runtimes import Broken, PeerError, Refused, run_linnet, run_onnxruntime

HERE = Path(__file__).resolve().parent
ROUNDING = 2.0**-22  # of float32 results near the end of the range; nobody is asked for more


@dataclass(frozen=True)
class Line:
    """A folder of the index; see models/zoo/writing.py."""

    folder: Path
    tolerance: float


def read_index(root: Path) -> list[Line]:
    rows = [line.split("\t") for line in (root / "index.tsv").read_text().splitlines()]
    return [Line(root / row[0], float(row[1])) for row in rows]


def arrays(data_set: Path, side: str) -> dict[str, Array]:
    """`<side>_<k>.pb` in order, by name."""
    files = sorted(data_set.glob(f"{side}_*.pb"), key=lambda file: int(file.stem.split("_")[1]))
    tensors = [onnx.load_tensor(file) for file in files]
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in tensors}


def peer_distances(line: Line, data_set: Path, expected: dict[str, Array]) -> dict[str, float] | str:
    """Of ONNX Runtime's outputs, or why it has none."""
    try:
        outputs = run_onnxruntime(line.folder / "model.onnx", arrays(data_set, "input"))
    except PeerError as error:
        return str(error)
    return {name: difference(expected[name], outputs[name]) for name in expected}


def judge(expected: dict[str, Array], actual: dict[str, Array], peer: dict[str, float] | str, tolerance: float) -> str:
    """`right` or `wrong`, and the output that is nearest to its bound or past it."""
    found = []
    for name, wanted in expected.items():
        own = difference(wanted, actual[name])
        other = tolerance / 2 if isinstance(peer, str) else peer[name]
        bound = max(2 * other, ROUNDING)
        told = f"{own:.1e} of the range, ONNX Runtime {'cannot' if isinstance(peer, str) else f'{other:.1e}'}"
        if own > bound:
            told = f'output "{name}": {describe(wanted, actual[name])}; {told}'
        found.append((own / bound, f"{'right' if own <= bound else 'wrong'}\t{told}"))
    return max(found)[1]


def run_line(line: Line, backend: str, options: argparse.Namespace, peers: dict[Path, dict[str, float] | str]) -> str:
    """What became of one model in one backend: a word, a tab and the rest."""
    result = "broken\tno data"
    for data_set in sorted(line.folder.glob("test_data_set_*")):
        expected = arrays(data_set, "output")
        if data_set not in peers:
            peers[data_set] = peer_distances(line, data_set, expected)
        try:
            inputs = arrays(data_set, "input")
            actual = run_linnet(options.linnet, line.folder / "model.onnx", inputs, ["--backend", backend])
        except Refused as error:
            return f"refused\t{error}"
        except Broken as error:
            return f"broken\t{error}"
        result = judge(expected, actual, peers[data_set], line.tolerance)
        if not result.startswith("right"):
            break
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `make zoo` wrote")
    parser.add_argument("--linnet", type=Path, default=HERE.parent.parent / "build" / "linnet", help="the command")
    parser.add_argument("--peers", type=Path, help="virtual environment that holds ONNX Runtime")
    parser.add_argument("--only", default="", help="regular expression for the folders' names")
    parser.add_argument("--backend", action="append", help="auto, onednn, reference or simd (the first three)")
    options = parser.parse_args()
    if options.peers:
        sys.path.extend(str(path) for path in sorted(options.peers.glob("lib/python3*/site-packages")))
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    if not (options.folder / "index.tsv").exists():
        sys.exit(f"there is no {options.folder / 'index.tsv'}; make zoo makes it")
    counts: collections.Counter[str] = collections.Counter()
    peers: dict[Path, dict[str, float] | str] = {}
    for line in read_index(options.folder):
        if not re.search(options.only, line.folder.name):
            continue
        for backend in options.backend or ["auto", "onednn", "reference"]:
            word, told = run_line(line, backend, options, peers).split("\t", 1)
            print(f"{word:8}  {line.folder.name}, {backend}: {told}", flush=True)
            counts[word] += 1
    print(", ".join(f"{count} {word}" for word, count in counts.items()) or "no network has such a name")
    return 0 if counts and set(counts) == {"right"} else 1


if __name__ == "__main__":
    sys.exit(main())
