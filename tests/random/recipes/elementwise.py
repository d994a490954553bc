"""Operators whose elements depend on those at their own place, broadcasts included."""

from __future__ import annotations

import numpy as np

from case import element_type
from draw import ANY, FLOATS, INTEGERS, NUMBERS, Draw, NotFit, dtype_of
from recipes.table import recipe

UNARY = {  # attributes, and the numbers for which the function is worth a look
    "Abs": {},
    "Acos": {"range": (-1, 1)},
    "Acosh": {"range": (1, 9)},
    "Asin": {"range": (-1, 1)},
    "Asinh": {},
    "Atan": {},
    "Atanh": {"range": (-1, 1)},
    "BitwiseNot": {},
    "Ceil": {},
    "Celu": {"alpha": (0.125, 2)},
    "Cos": {},
    "Cosh": {},
    "Elu": {"alpha": (0, 2)},
    "Erf": {},
    "Exp": {},
    "Floor": {},
    "Gelu": {"approximate": ("none", "tanh")},
    "HardSigmoid": {"alpha": (0, 1), "beta": (0, 1)},
    "HardSwish": {},
    "Identity": {},
    "IsInf": {"detect_negative": (0, 1), "detect_positive": (0, 1)},
    "IsNaN": {},
    "LeakyRelu": {"alpha": (-1, 2)},
    "Log": {"range": (0, 4)},
    "Mish": {},
    "Neg": {},
    "Not": {},
    "Reciprocal": {},
    "Relu": {},
    "Round": {},
    "Selu": {"alpha": (0, 2), "gamma": (1, 2)},
    "Shrink": {"bias": (-1, 1), "lambd": (0, 2)},
    "Sigmoid": {},
    "Sign": {},
    "Sin": {},
    "Sinh": {},
    "Softplus": {},
    "Softsign": {},
    "Sqrt": {"range": (0, 9)},
    "Swish": {"alpha": (-1, 2)},
    "Tan": {},
    "Tanh": {},
    "ThresholdedRelu": {"alpha": (0, 2)},
}


@recipe(*UNARY)
def unary(g: Draw, op: str) -> None:
    schema = g.schema(op)
    attributes = {}
    for name, ends in UNARY[op].items():
        if name == "range" or name not in schema.attributes or g.coin():
            continue
        if isinstance(ends[0], str) or isinstance(ends[0], int) and op == "IsInf":
            attributes[name] = g.one_of(ends)
        else:
            attributes[name] = g.number(*ends)
    least, most = UNARY[op].get("range", (-4.0, 4.0))
    if g.coin(0.1):
        least, most = least * 10, most * 10
    x = g.tensor([g.type(op, schema.inputs[0].name)], least=least, most=most)
    g.node(op, [x], **attributes)


@recipe("Add", "Sub", "Mul", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor")
def binary(g: Draw, op: str) -> None:
    g.node(op, pair(g, [g.type(op, "A")]))


@recipe("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def bitwise(g: Draw, op: str) -> None:
    g.node(op, pair(g, [g.type(op, "A")]))


@recipe("Div")
def division(g: Draw, op: str) -> None:
    kind = g.type(op, "A")
    x = g.tensor([kind])
    g.node(op, [x, divisor(g, kind, g.broadcast_of(g.values[x].shape))])


@recipe("Mod")
def remainder(g: Draw, op: str) -> None:
    kind = g.type(op, "A")
    x = g.tensor([kind])
    fmod = 1 if kind in FLOATS else g.one_of([None, 0, 1])
    g.node(op, [x, divisor(g, kind, g.broadcast_of(g.values[x].shape))], fmod=fmod)


def divisor(g: Draw, kind: str, shape: tuple[int, ...]) -> str:
    """Integers that are not 0: of that ONNX does not say what to do."""
    numbers = g.data(shape, kind)
    if kind in INTEGERS:
        numbers = np.where(numbers == 0, np.array(3, numbers.dtype), numbers)
    return g.array(numbers)


@recipe("Pow")
def power(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    other = kind if g.opset < 12 else g.type(op, "Y")
    x = g.tensor([kind], least=-3 if g.coin() else 0, most=3)
    shape = g.broadcast_of(g.values[x].shape)
    if kind in INTEGERS or g.coin():  # not negative: 1 / 0 is nothing that integers have
        exponents = g.data(shape, "int32", 0, 3).astype(dtype_of(other))
    else:
        exponents = g.data(shape, other, -3, 3)
    g.node(op, [x, g.array(exponents)])


@recipe("BitShift")
def bit_shift(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind], most=100)
    bits = g.array(g.data(g.broadcast_of(g.values[x].shape), kind, 0, 7))
    g.node(op, [x, bits], direction=g.one_of(["LEFT", "RIGHT"]))


@recipe("PRelu")
def p_relu(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind])
    # An infinite slope is multiplied with x only where that is negative.
    slope = g.tensor([kind], g.broadcast_of(g.values[x].shape), finite=True)
    g.node(op, [x, slope])


@recipe("Max", "Min", "Mean", "Sum")
def variadic(g: Draw, op: str) -> None:
    kind = g.type(op, "data_0")
    first = g.tensor([kind])
    shape = g.values[first].shape
    others = [g.tensor([kind], g.broadcast_of(shape)) for _ in range(g.integer(0, 3))]
    names = [first, *others]
    g.random.shuffle(names)
    g.node(op, names)


@recipe("Where")
def where(g: Draw, op: str) -> None:
    kind = g.type(op, "X")
    x = g.tensor([kind])
    shape = g.values[x].shape
    condition = g.tensor(["bool"], g.broadcast_of(shape))
    names = [x, g.tensor([kind], g.broadcast_of(shape))]
    g.random.shuffle(names)
    g.node(op, [condition, *names])


@recipe("Clip")
def clip(g: Draw, op: str) -> None:
    kind = g.type(op, "input")
    x = g.tensor([kind])
    if g.opset < 11:
        g.node(op, [x], min=g.one_of([None, g.number(-3, 0)]), max=g.one_of([None, g.number(0, 3)]))
        return
    low = g.array(g.data((), kind, -2, 0)) if g.coin(0.7) else ""
    high = g.array(g.data((), kind, 0, 2)) if g.coin(0.7) else ""
    g.node(op, [x, low, high] if high else [x, low] if low else [x])


FLOAT8 = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz")
SMALL = FLOAT8 + ("int4", "uint4", "float4_e2m1fn", "int2", "uint2")


@recipe("Cast", "CastLike")
def cast(g: Draw, op: str) -> None:
    source = g.type(op, "input", ANY + SMALL)
    target = g.type(op, "output", ANY + SMALL)
    unsigned = target.startswith("u") or source.startswith("u")
    most = 1 if "2" in (source + target).split("int")[-1][:1] else 3  # what the narrowest integers hold
    shape = g.shape()
    if source in SMALL:
        numbers = g.data(shape, "int32", 0 if unsigned else -2, 1 if source.endswith("int2") else 3)
        x = g.array(numbers.astype(dtype_of(source)))
    else:
        x = g.tensor([source], least=0 if unsigned else -2, most=most, accept=lambda v: in_range(v, target))
    if target not in FLOATS and not in_range(g.values[x], target):
        raise NotFit("numbers beyond the type that they are cast to")
    if op == "Cast":
        saturate = g.one_of([None, 0, 1]) if target in FLOAT8 else None
        g.node(op, [x], to=element_type(dtype_of(target)), saturate=saturate)
    else:
        g.node(op, [x, g.array(np.zeros(g.shape(0, 2), dtype_of(target)))])


def in_range(value: np.ndarray, target: str) -> bool:
    """Whether a cast has one meaning: floats that an integer type cannot hold become anything."""
    if target in FLOATS or target == "bool" or value.dtype.kind in "iub" and target in INTEGERS:
        return True
    wide = value.astype(np.float64)
    if not np.isfinite(wide).all():
        return False
    low, high = {"int2": (-2, 1), "uint2": (0, 3), "int4": (-8, 7), "uint4": (0, 15)}.get(target, (0, 0))
    if target in INTEGERS:
        info = np.iinfo(target)
        low, high = max(info.min, -(2**52)), min(info.max, 2**52)
    elif high == 0:
        low, high = -6, 6
    return bool(((wide >= low) & (wide <= high)).all())


@recipe("BitCast")
def bit_cast(g: Draw, op: str) -> None:
    source = g.type(op, "input", NUMBERS)
    size = dtype_of(source).itemsize
    target = g.one_of([name for name in NUMBERS if dtype_of(name).itemsize == size])
    g.node(op, [g.tensor([source])], to=element_type(dtype_of(target)))


@recipe("Dropout")
def dropout(g: Draw, op: str) -> None:
    x = g.tensor([g.type(op, "data")])
    outputs = g.integer(1, 2) if g.opset >= 10 else 1
    if g.opset < 12:
        g.node(op, [x], outputs, ratio=g.number(0, 1))
        return
    names = [x]
    if g.coin():
        names.append(g.array(g.data((), g.type(op, "ratio"), 0, 0.75)))
        if g.coin():
            names.append(g.array(np.array(False)))
    g.node(op, names, outputs)


@recipe("SwiGLU")
def swiglu(g: Draw, op: str) -> None:
    schema = g.schema(op)
    kind = g.type(op, schema.inputs[0].name)
    x = g.tensor([kind], ranks=(1, 4))
    g.node(op, [x] + [g.tensor([kind], g.values[x].shape) for _ in schema.inputs[1:2]])


def pair(g: Draw, kinds: list[str]) -> list[str]:
    """Two operands that broadcast to each other, in any order."""
    first = g.tensor(kinds)
    shape = g.values[first].shape
    other = g.broadcast_of(shape)
    if g.coin(0.15):  # both ways at once
        other = (g.size(), *other) if len(other) == len(shape) else other
    names = [first, g.tensor([g.values[first].dtype.name], other)]
    g.random.shuffle(names)
    return names
