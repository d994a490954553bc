#!/usr/bin/env python3
"""Measures Linnet beside ONNX Runtime, OpenVINO and PyTorch and writes docs/benchmarks.md with its pictures, beside what
was measured on other CPUs.

`make bench` builds what this needs and calls it; BENCH="--rounds 3" and the like pass options on.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import re
import sys
import tempfile
from pathlib import Path

from compare import compare
from engines import Machinery
from kernels import measure_kernels
from machine import describe_machine, describe_versions, machine_name
from measure import measure_all
from networks import measure_networks
from markdown import picture_name
from pictures import latency_svg, layers_svg, networks_svg, roofline_svg
from report import Machines, readme_table, report
from report_networks import networks_of

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def cached(build: Path, name: str) -> str:
    """A variable in the build folder's CMakeCache.txt. Errors: SystemExit."""
    found = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else sys.exit(f"{build} is not configured: no {name}")


TABLE = re.compile(r"(?<=<!-- make bench writes this table -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)


def read(docs: Path) -> Machines:
    """What was measured before, by CPU; nothing where the folder has no results yet."""
    path = docs / "benchmarks" / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def pictures(name: str, results: dict) -> dict[str, str]:
    """All drawings of one CPU by their files."""
    drawings = {}
    if results["cases"]:
        drawings[picture_name("latency", name)] = latency_svg(results)
        drawings[picture_name("roofline", name)] = roofline_svg(results)
    if networks_of(results):
        drawings[picture_name("networks", name)] = networks_svg(results)
    for case in networks_of(results):
        if case.get("layers"):
            drawings[picture_name("layers-" + case["name"], name)] = layers_svg(results, case)
    return drawings


def write(machines: Machines, docs: Path) -> None:
    """The page, the pictures and the figures; and the tables in the README beside the folder, if there is one."""
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(machines, indent=1) + "\n")
    for name, results in machines.items():
        for picture, drawing in pictures(name, results).items():
            (folder / picture).write_text(drawing)
    (docs / "benchmarks.md").write_text(report(machines))
    readme = docs.parent / "README.md"
    if readme.exists():
        readme.write_text(TABLE.sub(lambda _: readme_table(machines), readme.read_text()))


def add(results: dict, docs: Path) -> None:
    """Writes the folder anew with these results beside those of other CPUs, in place of older ones of the same CPU, of
    which whole networks stay."""
    machines = read(docs)
    name = machine_name(results["machine"])
    networks = machines.get(name, {}).get("networks")
    machines[name] = {**results, "networks": networks} if networks else results
    write(machines, docs)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def machinery_of(options: argparse.Namespace):
    with tempfile.TemporaryDirectory() as work:
        yield Machinery(
            build=options.build.resolve(),
            peers=options.peers,
            models=REPOSITORY / "models",
            large=Path(cached(options.build, "LINNET_TEST_DATA")) / "large",
            work=Path(work),
        )


def add_networks(options: argparse.Namespace, docs: Path) -> None:
    """Measures whole networks and writes them to what was measured on this kind of CPU before.
    Errors: SystemExit where there are no networks."""
    with machinery_of(options) as machinery:
        networks = measure_networks(machinery, options.networks, options.rounds, options.seconds, tell)
    if not networks:
        sys.exit(f"there are no networks in {options.networks}: run `make zoo`")
    machine, today = describe_machine(), datetime.date.today().isoformat()
    alone = {"cases": [], "machine": machine, "versions": describe_versions(networks), "date": today, "quick": False}
    machines = read(docs)
    results = machines.setdefault(machine_name(machine), alone)
    results["networks"] = {"date": today, "rounds": options.rounds, "seconds": options.seconds, "cases": networks}
    write(machines, docs)


def measure(options: argparse.Namespace) -> dict:
    """All figures but those of whole networks, with what they were measured on."""
    rounds = 1 if options.quick else options.rounds
    seconds = 0.1 if options.quick else options.seconds
    with machinery_of(options) as machinery:
        figures = measure_all(machinery, rounds, seconds, tell)
    program = options.build / "linnet_benchmark"
    if program.exists():
        tell("kernels")
        figures["kernels"] = measure_kernels(program, 0.01 if options.quick else 0.2)
    return {
        "date": datetime.date.today().isoformat(),
        "quick": options.quick,
        "rounds": rounds,
        "seconds": seconds,
        "machine": describe_machine(),
        "versions": describe_versions(figures["cases"]),
        **figures,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build", help="build folder")
    parser.add_argument("--peers", type=Path, help="virtual environment of the peers")
    parser.add_argument("--docs", type=Path, help="folder to write to (docs; --quick: bench_docs in the build folder)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="per engine, thread count and round")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything works")
    parser.add_argument(
        "--networks", type=Path, metavar="FOLDER", help="measure the networks that `make zoo` wrote there, and them alone"
    )
    parser.add_argument("--rewrite", action="store_true", help="write page and pictures anew from results.json")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("OLD.json", "NEW.json"), help="print two results side by side")
    options = parser.parse_args()
    if options.compare:
        print(compare(*(json.loads(path.read_text()) for path in options.compare)), end="")
        return 0
    docs = options.docs or (options.build / "bench_docs" if options.quick else REPOSITORY / "docs")
    if options.rewrite:
        write(read(docs), docs)
    elif options.networks:
        add_networks(options, docs)
    else:
        add(measure(options), docs)
    print(f"wrote {docs / 'benchmarks.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
