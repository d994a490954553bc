#!/usr/bin/env python3
"""Compares Linnet's outputs on real models with ONNX Runtime's: one line for each row of models.tsv, and exit status 1
where not all agree.

`make real` builds what this needs and calls it; REAL="--only silero" and the like pass options on. The models come out
of wheels of the Python index and stay in the cache folder.

A line begins with what became of the row:
  agrees    outputs differ by no more than the row's tolerance, as a share of the output's range
  differs   they differ by more
  refused   Linnet says that it cannot run the model, and why
  broken    Linnet crashed, hung or printed what cannot be read
  no model  the package, or ONNX Runtime, or the row's inputs are at fault
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from agreement import Array, describe, difference
from inputs import make_inputs, ports_of
from listing import ListError, Row, read_list
from locate import first_difference
from packages import PackageError, model_path
from runtimes import Broken, PeerError, Refused, run_linnet, run_onnxruntime

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Verdict:
    """What became of a row; `largest` is the largest difference where the outputs could be compared."""

    result: str
    text: str
    largest: float | None = None


def judge(expected: dict[str, Array], actual: dict[str, Array], tolerance: float) -> Verdict:
    """Of all outputs, by the one that is farthest off."""
    if list(expected) != list(actual):
        return Verdict("differs", f"outputs {', '.join(actual)}, expected {', '.join(expected)}")
    shares = {name: difference(expected[name], actual[name]) for name in expected}
    worst = max(shares, key=lambda name: shares[name])
    if shares[worst] <= tolerance:
        return Verdict("agrees", f"{shares[worst]:.1e} of the range", shares[worst])
    return Verdict("differs", f'output "{worst}": {describe(expected[worst], actual[worst])}', shares[worst])


def compare(row: Row, options: argparse.Namespace) -> Verdict:
    """Runs the row in both. Errors: none; they are verdicts."""
    try:
        model = model_path(options.cache, row.package, row.version, row.file)
        inputs = make_inputs(ports_of(model), row.inputs)
        expected = run_onnxruntime(model, inputs)

        def linnet(path: Path) -> dict[str, Array]:
            return run_linnet(options.linnet, path, inputs, options.option)

        verdict = judge(expected, linnet(model), row.tolerance)
        if verdict.result == "differs" and options.locate:
            folder = options.locate / re.sub(r"\W+", "_", row.title)
            try:
                found = first_difference(model, inputs, linnet, row.tolerance, folder)
            except (Refused, Broken, PeerError, AttributeError) as error:
                found = f"the node could not be found: {error}"
            return Verdict(verdict.result, f"{verdict.text}; {found}", verdict.largest)
        return verdict
    except Refused as error:
        return Verdict("refused", str(error))
    except Broken as error:
        return Verdict("broken", str(error))
    except PeerError as error:
        return Verdict("no model", f"ONNX Runtime: {error}")
    except (PackageError, ListError) as error:
        return Verdict("no model", str(error))


def parse_options() -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linnet" / "real"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--linnet", type=Path, default=HERE.parent.parent / "build" / "linnet", help="the command")
    parser.add_argument("--peers", type=Path, help="virtual environment that holds ONNX Runtime")
    parser.add_argument("--cache", type=Path, default=cache, help=f"folder that keeps the models ({cache})")
    parser.add_argument("--list", type=Path, default=HERE / "models.tsv", help="the models (models.tsv)")
    parser.add_argument("--only", default="", help="regular expression for the rows' titles")
    parser.add_argument("--option", action="append", default=[], help="for linnet run, such as --option=--threads=1")
    parser.add_argument("--locate", type=Path, metavar="DIR", help="keep the first node that differs here, as a test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the results as JSON into this file")
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    if options.peers:
        sys.path.extend(str(path) for path in sorted(options.peers.glob("lib/python3*/site-packages")))
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        sys.exit(f"ONNX Runtime is not there ({error}); tools/setup.sh bench installs it")
    if not options.linnet.exists():
        sys.exit(f"there is no {options.linnet}; make build makes it")
    try:
        rows = [row for row in read_list(options.list) if re.search(options.only, row.title)]
    except ListError as error:
        sys.exit(str(error))
    results = []
    for row in rows:
        verdict = compare(row, options)
        print(f"{verdict.result:8}  {row.title}: {verdict.text}", flush=True)
        results.append({**asdict(row), **asdict(verdict)})
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    counts = collections.Counter(entry["result"] for entry in results)
    print(", ".join(f"{count} {result}" for result, count in counts.items()) or "no row has such a title")
    return 0 if results and counts["agrees"] == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
