"""ONNX's element types under their various names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from linnet.errors import InvalidArgument, NotImplemented


class ElementType(NamedTuple):
    number: int  # of TensorProto.DataType
    name: str  # NumPy's, or "bfloat16"
    onnx_name: str  # as in "tensor(float)"


_ALL = [
    ElementType(1, "float32", "float"),
    ElementType(2, "uint8", "uint8"),
    ElementType(3, "int8", "int8"),
    ElementType(4, "uint16", "uint16"),
    ElementType(5, "int16", "int16"),
    ElementType(6, "int32", "int32"),
    ElementType(7, "int64", "int64"),
    ElementType(8, "str", "string"),
    ElementType(9, "bool", "bool"),
    ElementType(10, "float16", "float16"),
    ElementType(11, "float64", "double"),
    ElementType(12, "uint32", "uint32"),
    ElementType(13, "uint64", "uint64"),
    ElementType(14, "complex64", "complex64"),
    ElementType(15, "complex128", "complex128"),
    ElementType(16, "bfloat16", "bfloat16"),
]
_BY_NUMBER = {kind.number: kind for kind in _ALL}
_BY_NAME = {kind.name: kind for kind in _ALL}


def by_number(number: int) -> ElementType:
    """Errors: NotImplemented for a number that Linnet has no name for."""
    if number not in _BY_NUMBER:
        raise NotImplemented(f"element type {number} is not supported")
    return _BY_NUMBER[number]


def element_type(value: Any) -> ElementType:
    """From ONNX's number, a NumPy dtype or scalar type, or a dtype's name. Errors: InvalidArgument, NotImplemented."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return by_number(int(value))
    if isinstance(value, str) and value in _BY_NAME:
        return _BY_NAME[value]
    try:
        name = np.dtype(value).name
    except TypeError as error:
        raise InvalidArgument(f"{value!r} is no element type: {error}") from None
    if name not in _BY_NAME:
        raise NotImplemented(f"arrays of {name} are not supported")
    return _BY_NAME[name]


def numpy_dtype(kind: ElementType) -> np.dtype[Any]:
    """NumPy's dtype; bfloat16 is that of ml_dtypes. Errors: NotImplemented for strings and without that package."""
    if kind.name == "str":
        raise NotImplemented("arrays of strings are not supported")
    if kind.name != "bfloat16":
        return np.dtype(kind.name)
    try:
        import ml_dtypes
    except ImportError:
        raise NotImplemented("bfloat16 arrays need the package ml_dtypes") from None
    dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return dtype
