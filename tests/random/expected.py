"""What a graph has to compute: ONNX's reference evaluator, node by node, with floats of every type in float64.

Each result is rounded to its type as ONNX infers it. `samples` evaluates a graph several times with disturbed values,
which tells how much rounding may change (see `tolerance.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from bodies import OPERATORS, run_control
from case import Case, element_type
from formulas import FORMULAS, Some
from tolerance import EITHER_ZERO, is_disturbed, is_plain_float, norm_error, ulp, ulps

# What their results are depends on the type in which they are computed, or the evaluator looks at the type.
NARROW = frozenset(
    """BitCast Cast CastLike ConstantOfShape DynamicQuantizeLinear EyeLike NonMaxSuppression
    RandomNormal RandomUniform Range RandomNormalLike RandomUniformLike
    Bernoulli Multinomial""".split()
)


class NoAnswer(Exception):
    """The reference evaluator cannot evaluate this, or ONNX does not infer a type for it."""


def evaluate(
    node: onnx.NodeProto, values: dict[str, Any], opset: int, random: np.random.Generator | None = None
) -> list[Any]:
    """The outputs of a node. With `random`, of disturbed inputs where rounding within the node may act like that.

    Errors: NoAnswer."""
    given = {name: values[name] for name in dict.fromkeys(read_by(node)) if name in values}
    kinds = output_types(node, {name: type_of(value) for name, value in given.items()}, opset)
    if node.op_type in OPERATORS:
        made = run_control(node, given, lambda inner, around: evaluate(inner, around, opset, random))
        return [narrowed(value, kind) for value, kind in zip(made, kinds)]
    # By position: a value that is read twice is disturbed in two ways.
    renamed = onnx.NodeProto()
    renamed.CopyFrom(node)
    renamed.input[:] = [name and f"input_{position}" for position, name in enumerate(node.input)]
    read: dict[str, Any] = {}
    for position, name in enumerate(node.input):
        if name and node.op_type in NARROW:
            read[f"input_{position}"] = given[name]
        elif name:
            count = 1.0 if random is not None and is_disturbed(node.op_type, position) else 0.0
            read[f"input_{position}"] = widened(given[name], count, random)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = computed(renamed, read, opset)
            return [narrowed(value, kind) for value, kind in zip(made, kinds)]
    except Exception as error:  # of any kind: it is written for valid models of its own tests
        raise NoAnswer(f"{node.op_type}: {type(error).__name__}: {error}") from None


def computed(node: onnx.NodeProto, given: dict[str, Any], opset: int) -> list[Any]:
    if node.op_type in FORMULAS:
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        attributes["operator"] = node.op_type
        try:
            return FORMULAS[node.op_type](attributes, [given.get(name) for name in node.input], opset)
        except NotImplementedError:
            pass  # the formula is for another opset
    evaluator = ReferenceEvaluator(one_node_model(node, {}, opset, list(given)))
    if node.op_type not in NARROW:
        for runner in evaluator.rt_nodes_:
            for name, value in list(vars(runner).items()):
                if isinstance(value, np.float32):  # with Python's numbers it would make float32
                    setattr(runner, name, float(value))
    return evaluator.run(None, given)


def read_by(node: onnx.NodeProto) -> list[str]:
    """The names that a node and the graphs in it read, in order."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        for graph in [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else attribute.graphs:
            for inner in graph.node:
                names += read_by(inner)
            names += [output.name for output in graph.output]
    return names


def one_node_model(
    node: onnx.NodeProto, types: dict[str, onnx.TypeProto], opset: int, inputs: Sequence[str]
) -> onnx.ModelProto:
    ports = [onnx.ValueInfoProto(name=name, type=types.get(name)) for name in inputs]
    results = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    imports = [helper.make_opsetid("", opset)]
    if node.domain:
        imports.append(helper.make_opsetid(node.domain, 4))
    graph = helper.make_graph([node], "one", ports, results)
    return helper.make_model(graph, opset_imports=imports, ir_version=onnx.IR_VERSION)


def type_of(value: Any) -> onnx.TypeProto:
    if isinstance(value, (list, tuple)):
        inner = type_of(value[0]) if value else helper.make_tensor_type_proto(TensorProto.FLOAT, None)
        return helper.make_sequence_type_proto(inner)
    if isinstance(value, Some):
        return helper.make_optional_type_proto(type_of(value.value))
    return helper.make_tensor_type_proto(element_type(value.dtype), value.shape)


def output_types(node: onnx.NodeProto, types: dict[str, onnx.TypeProto], opset: int) -> list[onnx.TypeProto]:
    model = one_node_model(node, types, opset, list(types))
    try:
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as error:
        raise NoAnswer(f"{node.op_type}: {error}") from None
    return [output.type for output in inferred.graph.output]


def widened(value: Any, count: float = 0.0, random: np.random.Generator | None = None) -> Any:
    """Floats as float64, moved by up to `count` ULP of their type. Zeros, infinities and NaN stay."""
    if isinstance(value, (list, tuple)):
        return [widened(item, count, random) for item in value]
    if isinstance(value, Some):
        return Some(widened(value.value, count, random))
    if not isinstance(value, np.ndarray) or not is_plain_float(value.dtype):
        return value
    wide = value.astype(np.float64)
    if random is None or count == 0:
        return wide
    # Never near none, or a few samples may miss what one element does.
    step = ulp(value, value.dtype) * random.uniform(0.5, 1.0, value.shape) * random.choice((-count, count), value.shape)
    return np.where(np.isfinite(wide) & (wide != 0), wide + step, wide)


def narrowed(value: Any, kind: onnx.TypeProto) -> Any:
    which = kind.WhichOneof("value")
    if which == "sequence_type":
        return [narrowed(item, kind.sequence_type.elem_type) for item in value]
    if which == "optional_type":
        return Some(narrowed(value.value, kind.optional_type.elem_type))
    if which != "tensor_type":
        raise NoAnswer("no type is inferred")
    number = kind.tensor_type.elem_type
    array = np.asarray(value)
    if number == TensorProto.STRING:
        return array.astype(object)
    return array.astype(helper.tensor_dtype_to_np_dtype(number))


def samples(case: Case, count: int, seed: int) -> list[dict[str, Any]]:
    """All values of the graph: first the expected ones, then `count` times those with what rounding may change.

    Results of the later samples are as computed; what reads them finds them disturbed by their own bounds too."""
    found = [run(case, None)]
    alone = len(case.nodes) == 1
    if any(op in EITHER_ZERO or ulps(op, np.dtype(np.float32), alone) > 0 for op in case.operators()):
        random = np.random.default_rng(seed)
        found += [run(case, random) for _ in range(count)]
    return found


def run(case: Case, random: np.random.Generator | None) -> dict[str, Any]:
    read: dict[str, Any] = dict(case.arrays)
    made = dict(read)
    for node in case.nodes:
        for name, value in zip(node.output, evaluate(node, read, case.opset, random)):
            made[name] = value
            read[name] = value if random is None else wiggled(node.op_type, value, random)
    return made


def wiggled(op: str, value: Any, random: np.random.Generator) -> Any:
    """A result moved by as much as the operator may be off."""
    if not isinstance(value, np.ndarray) or not is_plain_float(value.dtype):
        return value
    moved = widened(value, ulps(op, value.dtype), random)
    if op in EITHER_ZERO or is_disturbed(op, 0):
        moved = np.where(moved == 0, np.copysign(moved, random.choice((-1.0, 1.0), value.shape)), moved)
    moved = moved + norm_error(op, value) * random.choice((-1.0, 1.0), value.shape)
    return np.asarray(moved).astype(value.dtype)
