#!/usr/bin/env python3
"""Random small graphs of every operator, run on Linnet in several ways and compared with ONNX's reference evaluator.

    random_graphs.py [--graphs N] [--first I] [--seed S] [--only OPERATOR,...] [--keep FOLDER]
    [--write FOLDER] [--jobs N]

The last line is `N graphs: N agree, N differ, ...`. Exit status 1 if there is any difference that docs/deviations.md
does not explain, a refusal, or a crash. Graph number I of seed S is the same every time: --first I --graphs 1.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).resolve().parent))

from case import Case, element_type, to_model, to_tensor  # noqa: E402
from expected import NoAnswer, run  # noqa: E402
from generator import RECIPES, Nothing, make_case  # noqa: E402
from known import explanation  # noqa: E402
from shrink import shrunk  # noqa: E402
from trial import Finding, Invalid, examine  # noqa: E402

CHUNK = 50  # graphs of one process, so that one that crashes loses little


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first graph")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), help="operators, with commas between them")
    parser.add_argument("--keep", type=Path, help="folder for the models that differ, as tests for `linnet test`")
    parser.add_argument("--write", type=Path, help="write all models with their data into this folder, and run none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    unknown = sorted(set(options.only or []) - set(RECIPES))
    if unknown:
        parser.error(f"no recipe for {', '.join(unknown)}")
    counts: collections.Counter[str] = collections.Counter()
    with multiprocessing.Pool(options.jobs) as pool:  # each process of it waits for children
        chunks = range(options.first, options.first + options.graphs, CHUNK)
        end = options.first + options.graphs
        jobs = [(options, start, min(start + CHUNK, end)) for start in chunks]
        for texts, found in pool.imap(run_chunk, jobs):
            counts.update(found)
            for text in texts:
                print(text, flush=True)
    total = sum(counts.values())
    print(f"{total} graphs: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    bad = counts["differ"] + counts["crash"]
    return 1 if bad or not counts["agree"] + counts["written"] else 0


def run_chunk(job: tuple[argparse.Namespace, int, int]) -> tuple[list[str], collections.Counter[str]]:
    """Graphs from start to end, in a child. When one crashes, a new child goes on behind it."""
    options, start, end = job
    texts: list[str] = []
    counts: collections.Counter[str] = collections.Counter()
    while start < end:
        for index, what, text in answers(options, start, end):
            counts[what] += 1
            texts += [text] if text else []
            start = index + 1
        if start < end:
            counts["crash"] += 1
            texts.append(f"graph {start} of seed {options.seed} ended the process: --first {start} --graphs 1 --jobs 1")
            start += 1
    return texts, counts


def answers(options: argparse.Namespace, start: int, end: int) -> Iterator[tuple[int, str, str]]:
    """What a child says of each graph, as far as it comes."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as pipe:
                for index in range(start, end):
                    what, text = one_graph(options, index)
                    pipe.write(f"{index}\0{what}\0{text}\1")
                    pipe.flush()
        except BaseException:  # it counts as a crash; the child must not go on as the pool's process
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    for answer in told.split("\1")[:-1]:
        index, what, text = answer.split("\0")
        yield int(index), what, text


def one_graph(options: argparse.Namespace, index: int) -> tuple[str, str]:
    """What became of a graph, in a word, and what there is to say."""
    name = f"graph_{options.seed}_{index}"
    try:
        case = make_case(options.seed, index, options.only)
        if options.write:
            keep(case, options.write / name)
            return "written", ""
        finding = examine(case)
    except (Nothing, NoAnswer):
        return "without an answer", ""
    except Invalid:
        return "not valid", ""
    if finding is None:
        return "agree", ""
    if explanation(case, finding):
        return "explained", ""
    case, finding = shrunk(case, finding)
    if explanation(case, finding):
        return "explained", ""
    if options.keep:
        keep(case, options.keep / name)
    return "differ", report(case, finding, f"graph {index} of seed {options.seed}")


def report(case: Case, finding: Finding, title: str) -> str:
    lines = [f"== {title}, opset {case.opset}: {finding}", onnx.printer.to_text(to_model(case).graph)]
    for name, array in case.arrays.items():
        lines.append(f"{name} = {np.array2string(array, threshold=40, separator=', ')}")
    return "\n".join(lines)


def keep(case: Case, folder: Path) -> None:
    """The model with its data, as `linnet test` wants it."""
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    model = to_model(case)
    values = run(case, None)
    for output in model.graph.output:
        kind = onnx.helper.make_tensor_type_proto(element_type(values[output.name].dtype), None)
        output.type.CopyFrom(kind)
    onnx.save(model, folder / "model.onnx")
    for side, names in (("input", [port.name for port in model.graph.input]), ("output", case.outputs)):
        for place, name in enumerate(names):
            (data / f"{side}_{place}.pb").write_bytes(to_tensor(values[name], name).SerializeToString())


if __name__ == "__main__":
    sys.exit(main())
