"""A smaller case with the same kind of finding."""

from __future__ import annotations

from collections.abc import Callable

from case import Case
from expected import NoAnswer, run
from generator import Nothing, make_case
from trial import Finding, Invalid, examine

Examine = Callable[[Case], "Finding | None"]
REDRAWS = 150


def shrunk(case: Case, finding: Finding, examine: Examine = examine) -> tuple[Case, Finding]:
    """The node alone that makes the wrong output, on what it read, if that is enough; else a shorter chain.

    A case of one node is then drawn anew with smaller sizes, and the one with the fewest elements is taken."""
    best = (case, finding)
    for smaller in [*alone(case), *shorter(case)]:
        found = still(smaller, finding, examine)
        if found is not None:
            best = (smaller, found)
            break
    if len(best[0].nodes) > 1:
        return best
    return redrawn(*best, examine)


def still(case: Case, finding: Finding, examine: Examine) -> Finding | None:
    """What the smaller case shows, if it is of the same kind."""
    try:
        found = examine(case)
    except (Invalid, NoAnswer):
        return None
    return found if found is not None and found.kind == finding.kind else None


def alone(case: Case) -> list[Case]:
    """Each node by itself, on the values that it read."""
    if len(case.nodes) < 2:
        return []
    values = run(case, None)
    cases = []
    for node in reversed(case.nodes):
        arrays = {name: values[name] for name in node.input if name}
        if all(hasattr(value, "dtype") for value in arrays.values()):
            cases.append(Case(case.opset, [node], arrays, [name for name in node.output if name]))
    return cases


def shorter(case: Case) -> list[Case]:
    """Without the last nodes; without the first ones, whose values become inputs."""
    values = run(case, None)
    cases = []
    for first in range(len(case.nodes)):
        for last in range(len(case.nodes), first, -1):
            nodes = case.nodes[first:last]
            if len(nodes) == len(case.nodes):
                continue
            made = {name for node in nodes for name in node.output}
            read = [name for node in nodes for name in node.input if name and name not in made]
            arrays = {name: values[name] for name in dict.fromkeys(read)}
            outputs = [name for node in nodes for name in node.output if hasattr(values.get(name), "dtype")]
            if all(hasattr(value, "dtype") for value in arrays.values()) and outputs:
                cases.append(Case(case.opset, nodes, arrays, outputs))
    return sorted(cases, key=lambda smaller: len(smaller.nodes))


def redrawn(case: Case, finding: Finding, examine: Examine) -> tuple[Case, Finding]:
    best = (case, finding)
    for index in range(REDRAWS):
        try:
            smaller = make_case(0, index, [case.operators()[0]], most_size=3, chains=False)
        except (Nothing, NoAnswer):
            continue
        if weight(smaller) >= weight(best[0]):
            continue
        found = still(smaller, finding, examine)
        if found is not None:
            best = (smaller, found)
    return best


def weight(case: Case) -> int:
    return sum(array.size + 1 for array in case.arrays.values()) + 100 * len(case.nodes)
