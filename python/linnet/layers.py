"""Which values of an exported model are the outputs of which calls of a module's layers."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LayerCall:
    """A call of a submodule in a run of eager PyTorch."""

    path: str  # "" for the module itself
    kind: str  # the class
    call: int  # counts the calls of this submodule, from 0
    outputs: tuple[Any, ...]  # copies of the tensors it returned


def record_calls(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[LayerCall]:
    """Runs the module and returns its calls in the order in which they ended; the last is the module's own."""
    import torch
    from torch.utils import _pytree

    calls: list[LayerCall] = []
    counts: dict[str, int] = {}

    def hook_for(path: str) -> Any:
        def hook(part: Any, _inputs: Any, output: Any) -> None:
            tensors = [leaf for leaf in _pytree.tree_leaves(output) if isinstance(leaf, torch.Tensor)]
            call = counts.get(path, 0)
            counts[path] = call + 1
            # Copies: the next layer may work in place.
            calls.append(LayerCall(path, type(part).__name__, call, tuple(t.detach().clone() for t in tensors)))

        return hook

    handles = [part.register_forward_hook(hook_for(path)) for path, part in module.named_modules()]
    try:
        with torch.no_grad():
            module(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def scopes_of(node: Any) -> list[str]:
    """The paths of the modules that a node of the exported graph belongs to, outermost first; [] when it says nothing."""
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            return [str(scope) for scope in ast.literal_eval(entry.value)[:-1]]
    return []


def _groups(nodes: list[Any], path: str, calls: int) -> list[list[int]]:
    """The nodes of each call of the module, by number; [] when the calls cannot be told apart."""
    members = [number for number, node in enumerate(nodes) if path in scopes_of(node)]
    if not members:
        return []
    if calls == 1:
        return [members]
    runs = [[members[0]]]
    for number in members[1:]:
        if number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) == calls:
        return runs
    if len(members) % calls == 0:  # calls that follow each other directly
        size = len(members) // calls
        return [members[start : start + size] for start in range(0, len(members), size)]
    return []


def _results(graph: Any, members: list[int]) -> list[str]:
    """Values that a group of nodes makes and that others, or the graph's outputs, use; in order."""
    inside = set(members)
    used = {output.name for output in graph.output}
    for number, node in enumerate(graph.node):
        if number not in inside:
            used.update(node.input)
    return [name for number in members for name in graph.node[number].output if name in used]


def values_of_calls(graph: Any, calls: list[LayerCall]) -> list[list[str]]:
    """For every call the values that may be its outputs, in the graph's order; [] where the graph does not say."""
    nodes = list(graph.node)
    totals: dict[str, int] = {}
    for call in calls:
        totals[call.path] = totals.get(call.path, 0) + 1
    groups = {path: _groups(nodes, path, total) for path, total in totals.items()}
    values = []
    for call in calls:
        if call.path == "":
            values.append([output.name for output in graph.output])
        elif call.call < len(groups[call.path]):
            values.append(_results(graph, groups[call.path][call.call]))
        else:
            values.append([])
    return values


def nodes_of_layer(graph: Any, path: str) -> list[Any]:
    return [node for node in graph.node if path == "" or path in scopes_of(node)]
