"""ONNX's element types under their various names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from linnet.errors import InvalidArgument, NotImplemented


class ElementType(NamedTuple):
    number: int  # of TensorProto.DataType
    name: str  # NumPy's or ml_dtypes'
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
    ElementType(17, "float8_e4m3fn", "float8e4m3fn"),
    ElementType(18, "float8_e4m3fnuz", "float8e4m3fnuz"),
    ElementType(19, "float8_e5m2", "float8e5m2"),
    ElementType(20, "float8_e5m2fnuz", "float8e5m2fnuz"),
    ElementType(21, "uint4", "uint4"),
    ElementType(22, "int4", "int4"),
    ElementType(23, "float4_e2m1fn", "float4e2m1"),
    ElementType(24, "float8_e8m0fnu", "float8e8m0"),
    ElementType(25, "uint2", "uint2"),
    ElementType(26, "int2", "int2"),
]
_OF_ML_DTYPES = range(16, 27)
_PACKED = (21, 22, 23, 25, 26)
_BY_NUMBER = {kind.number: kind for kind in _ALL}
_BY_NAME = {kind.name: kind for kind in _ALL}


def by_number(number: int) -> ElementType:
    """Errors: NotImplemented for a number that Linnet has no name for."""
    if number not in _BY_NUMBER:
        raise NotImplemented(f"element type {number} is not supported")
    return _BY_NUMBER[number]


KINDS = ("tensor", "sequence", "optional", "optional sequence", "map", "map sequence")  # by the extension's numbers


def type_text(kind: str, element: ElementType, keys: ElementType | None = None) -> str:
    """As ONNX Runtime writes the type of an input, output or value: "optional(seq(tensor(float)))". ``keys``: of maps."""
    text = f"tensor({element.onnx_name})"
    if keys is not None:
        text = f"map({keys.onnx_name},{text})"
    if kind.endswith("sequence"):
        text = f"seq({text})"
    return f"optional({text})" if kind.startswith("optional") else text


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
    """NumPy's dtype, or ml_dtypes' of bfloat16 and smaller types. Errors: NotImplemented for strings, for types that
    Linnet packs, whose arrays have other bytes than its tensors, and without that package."""
    if kind.name == "str":
        raise NotImplemented("strings have no memory that could be shared or filled")
    check_not_packed(kind)
    if kind.number not in _OF_ML_DTYPES:
        return np.dtype(kind.name)
    try:
        import ml_dtypes
    except ImportError:
        raise NotImplemented(f"{kind.name} arrays need the package ml_dtypes") from None
    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, kind.name))
    return dtype


def check_not_packed(kind: ElementType) -> None:
    """Errors: NotImplemented for a type of which Linnet has several elements in a byte, and arrays have one."""
    if kind.number in _PACKED:
        raise NotImplemented(f"memory of {kind.name} elements cannot be shared: Linnet packs them; give the array itself")
