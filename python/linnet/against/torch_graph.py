"""Runs the common operators of an ONNX model as calls of PyTorch, node by node: what the module they were exported from
would do in eager mode. Operators that are not in the table are refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional

from linnet.errors import NotImplemented

Tensor = Any
Attributes = dict[str, Any]


def _gemm(attributes: Attributes, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    if attributes.get("transA"):
        a = a.T
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    if attributes.get("transB") and alpha == 1.0 and beta == 1.0 and (c is None or c.dim() == 1):
        return functional.linear(a, b, c)
    product = alpha * (a @ (b.T if attributes.get("transB") else b))
    return product if c is None else product + beta * c


def _softmax(call: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda attributes, x: call(x, dim=attributes.get("axis", -1))


def _flatten(attributes: Attributes, x: Tensor) -> Tensor:
    axis = attributes.get("axis", 1)
    axis += x.dim() if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _reshape(attributes: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    sizes = shape.tolist()
    if not attributes.get("allowzero"):
        sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return x.reshape(sizes)


def _layer_norm(attributes: Attributes, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    axis = attributes.get("axis", -1)
    shape = x.shape[axis if axis >= 0 else x.dim() + axis :]
    return functional.layer_norm(x, shape, scale, bias, attributes.get("epsilon", 1e-5))


def _clip(_: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return torch.clamp(x, low, high)


_CALLS: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, a, b: a + b,
    "Clip": _clip,
    "Concat": lambda attributes, *parts: torch.cat(parts, dim=attributes["axis"]),
    "Div": lambda _, a, b: a / b,
    "Elu": lambda attributes, x: functional.elu(x, attributes.get("alpha", 1.0)),
    "Exp": lambda _, x: torch.exp(x),
    "Flatten": _flatten,
    "Gelu": lambda attributes, x: functional.gelu(x, approximate=attributes.get("approximate", b"none").decode()),
    "Gemm": _gemm,
    "Identity": lambda _, x: x,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda attributes, x: functional.leaky_relu(x, attributes.get("alpha", 0.01)),
    "LogSoftmax": _softmax(torch.log_softmax),
    "MatMul": lambda _, a, b: a @ b,
    "Mul": lambda _, a, b: a * b,
    "Relu": lambda _, x: torch.relu(x),
    "Reshape": _reshape,
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Softmax": _softmax(torch.softmax),
    "Sqrt": lambda _, x: torch.sqrt(x),
    "Sub": lambda _, a, b: a - b,
    "Tanh": lambda _, x: torch.tanh(x),
    "Transpose": lambda attributes, x: x.permute(attributes.get("perm", list(range(x.dim()))[::-1])),
}


class TorchGraph:
    """Errors: NotImplemented, naming the operators that are not in the table; the Softmax forms before opset 13 are."""

    def __init__(self, path: str) -> None:
        model = onnx.load(path)
        opset = max((entry.version for entry in model.opset_import if entry.domain == ""), default=0)
        missing = sorted({node.op_type for node in model.graph.node if node.op_type not in _CALLS})
        if opset < 13:
            missing += sorted({n.op_type for n in model.graph.node if n.op_type in ("Softmax", "LogSoftmax")})
        if missing:
            raise NotImplemented(f"no form in PyTorch for: {', '.join(missing)} (opset {opset})")
        self._constants = {
            initializer.name: torch.from_numpy(numpy_helper.to_array(initializer).copy())
            for initializer in model.graph.initializer
        }
        self._nodes = [
            (
                _CALLS[node.op_type],
                {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute},
                list(node.input),
                node.output[0],
            )
            for node in model.graph.node
        ]
        self._outputs = [output.name for output in model.graph.output]

    def run(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        values = {**self._constants, **inputs}
        for call, attributes, names, output in self._nodes:
            values[output] = call(attributes, *(values[name] if name else None for name in names))
        return [values[name] for name in self._outputs]
