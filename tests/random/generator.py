"""Graph number `index` of a seed: which operator, which opset, and whether a chain of nodes follows."""

from __future__ import annotations

import numpy as np
from onnx import defs

from case import Case
from draw import Draw, NotFit
from expected import NoAnswer
from recipes.table import read_all

FIRST_OPSET = 7
LAST_OPSET = defs.onnx_opset_version()
PATTERN_OPSET = 13  # axes of ReduceSum, Squeeze and Unsqueeze are inputs, Softmax is of one axis
TRIES = 40

RECIPES = read_all()
# What may follow in a chain: operators that take what others make.
CHAINED = tuple(
    """Add Sub Mul Div Relu Sigmoid Tanh Exp Clip Cast Transpose Reshape Squeeze Unsqueeze Concat Split Slice Pad Gather
    MatMul Gemm Softmax LayerNormalization BatchNormalization ReduceMean ReduceSum ReduceMax Where Identity Flatten
    Expand Tile Erf Sqrt Pow Neg Abs Conv MaxPool AveragePool GlobalAveragePool QuantizeLinear DequantizeLinear Shape
    Equal Less Not Min Max LeakyRelu HardSigmoid HardSwish Gelu Swish CumSum TopK ArgMax ScatterElements Trilu Mod
    RMSNormalization InstanceNormalization GroupNormalization Resize Einsum DynamicQuantizeLinear MatMulInteger Cast
    Dropout Reciprocal Softplus Round Floor Sum Mean PRelu LogSoftmax GatherElements Elu Log""".split()
)


class Nothing(Exception):
    """Every try failed; the text is why the last one did."""


def opsets(operator: str) -> list[int]:
    """One of each form of the operator. A pattern has one form, from the opset on that it is written in."""
    if operator.startswith("pattern"):
        return [PATTERN_OPSET]
    versions = sorted(
        {
            schema.since_version
            for schema in defs.get_all_schemas_with_history()
            if schema.name == operator and schema.domain == "" and not schema.deprecated
        }
    )
    return sorted({max(version, FIRST_OPSET) for version in versions})


OPSETS = {operator: opsets(operator) for operator in RECIPES}


def make_case(
    seed: int, index: int, operators: list[str] | None = None, most_size: int = 9, chains: bool = True
) -> Case:
    """The same case for the same arguments. Errors: Nothing."""
    wanted = operators or list(RECIPES)
    operator = wanted[index % len(wanted)]
    reason = "no try"
    for attempt in range(TRIES):
        random = np.random.default_rng([seed, index, attempt, most_size])
        try:
            return drawn(operator, random, most_size, chains)
        except NotFit as error:
            reason = str(error)
    raise Nothing(f"{operator}: {reason}")


def drawn(operator: str, random: np.random.Generator, most_size: int, chains: bool) -> Case:
    starts = OPSETS[operator]
    start = starts[int(random.integers(len(starts)))]
    following = [version for version in starts if version > start]
    end = following[0] - 1 if following else LAST_OPSET
    g = Draw(random, start if random.random() < 0.5 else int(random.integers(start, end + 1)), most_size)
    nodes = g.integer(2, 6) if chains and g.coin(0.3) else 1
    before = g.integer(0, nodes - 1) if g.coin() else 0
    extend(g, before)
    RECIPES[operator](g, operator)
    extend(g, nodes - len(g.case.nodes))
    g.case.outputs = outputs_of(g)
    if not g.case.outputs:
        raise NotFit("no output is a tensor")
    return g.case


def extend(g: Draw, count: int) -> None:
    """Adds as many nodes as can be."""
    for _ in range(count):
        try:
            operator = g.one_of(CHAINED)
            RECIPES[operator](g, operator)
        except (NotFit, NoAnswer):
            continue


def outputs_of(g: Draw) -> list[str]:
    """What nobody reads, and sometimes what is read, too."""
    made = [name for node in g.case.nodes for name in node.output if name]
    return [name for name in made if is_tensor(g.values[name]) and (name in g.unread or g.coin(0.15))]


def is_tensor(value: object) -> bool:
    return isinstance(value, np.ndarray)
