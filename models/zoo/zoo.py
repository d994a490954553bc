#!/usr/bin/env python3
"""Exports networks that PyTorch users run, with random weights, inputs and PyTorch's outputs in float64.

python models/zoo/zoo.py --narrow DIR    narrow forms of our own networks, for `make test`
python models/zoo/zoo.py --committed     narrow forms of the transformers package's networks, into committed/
python models/zoo/zoo.py --full DIR      all networks in full size, for `make zoo`
python models/zoo/zoo.py --list          what there is, and what the exporters cannot write

--only RE keeps the networks whose name matches; what other networks wrote before stays.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent

try:
    import torch

    from entry import Entry
    from writing import COMMITTED_FORMS, FULL_FORMS, NARROW_FORMS, Form, write_network

    from exporting import quiet_exporter  # writing.py says where this is
except ImportError as error:
    sys.exit(f"{Path(__file__).name} needs what tools/setup.sh installs ({error})")


def all_entries() -> list[Entry]:
    """Of every file in networks/, in the order of their names. Errors: ValueError where two have the same."""
    families = [importlib.import_module(f"networks.{file.stem}") for file in (HERE / "networks").glob("*.py")]
    entries = sorted((entry for family in families for entry in family.ENTRIES), key=lambda entry: entry.name)
    for one, next_one in zip(entries, entries[1:]):
        if one.name == next_one.name:
            raise ValueError(f"two networks are named {one.name}")
    return entries


def write_all(entries: Sequence[Entry], full: bool, forms: Sequence[Form], root: Path, keep: bool) -> int:
    """Fills `root` with the networks; with `keep`, those that are not in `entries` stay.

    Returns the exit status: 1 where a network could not be written. The others are written all the same.
    """
    if root.exists() and any(root.iterdir()) and not (root / "README.txt").exists():
        sys.exit(f"{root} is not empty and was not written by this script; name another folder")
    root.mkdir(parents=True, exist_ok=True)
    (root / "README.txt").write_text("Models written by models/zoo/zoo.py\n")
    index = root / "index.tsv"
    written = {f"{entry.name}_{form.name}" for entry in entries for form in forms}
    before = index.read_text().splitlines(keepends=True) if keep and index.exists() else []
    lines = [line for line in before if line.split("\t")[0] not in written]
    for folder in [path for path in root.iterdir() if path.is_dir() and (path.name in written or not keep)]:
        shutil.rmtree(folder)
    failed = 0
    for entry in entries:
        start = time.monotonic()
        try:
            added = write_network(entry, full, forms, root)
        except Exception:  # a network and its exporters fail in their own ways; the others are written
            print(f"{entry.name}: {traceback.format_exc(limit=-2)}", file=sys.stderr, flush=True)
            for form in forms:
                shutil.rmtree(root / f"{entry.name}_{form.name}", ignore_errors=True)
            failed += 1
            continue
        lines += [str(line) for line in added]
        print(f"{entry.name}: {len(added)} models, {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
    index.write_text("".join(sorted(lines)))
    return 1 if failed else 0


def print_list(entries: Sequence[Entry]) -> int:
    for entry in entries:
        print(f"{entry.name}: {entry.note}{' (transformers)' if entry.transformers else ''}")
        for exporter, reason in entry.fails.items():
            print(f"  not with {exporter}: {reason}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--narrow", metavar="DIR", type=Path, help="write the narrow forms of our own networks")
    task.add_argument("--committed", action="store_true", help="write the narrow forms of transformers' networks")
    task.add_argument("--full", metavar="DIR", type=Path, help="write all networks in full size")
    task.add_argument("--list", action="store_true", help="print what there is")
    parser.add_argument("--only", metavar="RE", help="only networks with such a name")
    options = parser.parse_args()
    quiet_exporter()
    torch.set_num_threads(1)
    keep = options.only is not None
    entries = [entry for entry in all_entries() if re.search(options.only or "", entry.name)]
    if options.list:
        return print_list(entries)
    if options.full:
        return write_all(entries, True, FULL_FORMS, options.full, keep)
    if options.committed:
        chosen = [entry for entry in entries if entry.transformers]
        return write_all(chosen, False, COMMITTED_FORMS, HERE / "committed", keep)
    return write_all([entry for entry in entries if not entry.transformers], False, NARROW_FORMS, options.narrow, keep)


if __name__ == "__main__":
    sys.exit(main())
