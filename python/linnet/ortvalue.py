"""OrtValue and IOBinding with ONNX Runtime's forms."""

from __future__ import annotations

import copy
import ctypes
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet import _linnet, _types
from linnet.errors import InvalidArgument, NotImplemented

if TYPE_CHECKING:
    from linnet.model import TensorInfo
    from linnet.session import InferenceSession


def check_device(device_type: str, device_id: int) -> None:
    """Errors: NotImplemented for any device but the CPU."""
    if device_type != "cpu" or device_id != 0:
        raise NotImplemented(f"device {device_type}:{device_id} is not supported; Linnet runs on cpu:0")


def check_shape(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Errors: InvalidArgument for negative dimensions and for more bytes than an address can count."""
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize > sys.maxsize:
        raise InvalidArgument(f"{list(shape)} is no shape of an array")


def plain_array(array: Any) -> np.ndarray[Any, Any]:
    """``numpy.asarray`` of whatever loses nothing by it. Errors: InvalidArgument for a masked array."""
    if np.ma.is_masked(array):
        raise InvalidArgument("elements of the array are masked; array.filled(value) gives them one")
    return np.asarray(array)


def is_strings(array: np.ndarray[Any, Any]) -> bool:
    """Whether these are the elements of a tensor of strings."""
    if array.dtype.kind in "UST":
        return True
    return array.dtype.kind == "O" and array.size > 0 and all(isinstance(item, (str, bytes)) for item in array.flat)


class OrtValue:
    """A tensor on the CPU; shares the memory of the array that it was made from, by the class methods. What a run gives
    may be a sequence of tensors, a map, maps, or an optional that is not there, too."""

    __slots__ = ("_array", "_type")

    def __init__(self, array: Any, type_text: str | None = None) -> None:
        """``array``: contiguous, kept alive by this object; a list of arrays for a sequence, None for an optional that is
        not there, both with their type. Use :meth:`ortvalue_from_numpy`."""
        self._array = array
        self._type = type_text

    @property
    def _tensor(self) -> np.ndarray[Any, Any]:
        """Errors: InvalidArgument where this is no tensor."""
        if not self.is_tensor():
            raise InvalidArgument(f"the value is {self.data_type()}, expected a tensor; session.run() gives it as it is")
        array: np.ndarray[Any, Any] = self._array
        return array

    @classmethod
    def ortvalue_from_numpy(cls, numpy_obj: Any, device_type: str = "cpu", device_id: int = 0) -> OrtValue:
        """Shares the array's memory; an array that is not contiguous is copied. Errors: NotImplemented for its dtype."""
        check_device(device_type, device_id)
        array = plain_array(numpy_obj)
        if is_strings(array):
            return cls(array)
        _types.check_not_packed(_types.element_type(array.dtype))
        if not array.dtype.isnative:
            raise InvalidArgument(f"arrays of {array.dtype.str} are not supported: their bytes are swapped")
        return cls(array if array.flags.c_contiguous else np.ascontiguousarray(array))

    @classmethod
    def ortvalue_from_numpy_with_onnx_type(cls, data: Any, onnx_element_type: int) -> OrtValue:
        """Takes the array's bits for elements of another type of the same size, such as uint16 for bfloat16. Shares the
        array's memory. Errors: InvalidArgument for another size; NotImplemented for a type that Linnet lacks."""
        array = plain_array(data)
        dtype = _types.numpy_dtype(_types.element_type(onnx_element_type))
        if array.dtype.itemsize != dtype.itemsize:
            raise InvalidArgument(f"elements of {array.dtype} have not the size of {dtype}")
        return cls(np.ascontiguousarray(array).view(dtype))

    @classmethod
    def ortvalue_from_shape_and_type(
        cls, shape: Sequence[int], element_type: Any, device_type: str = "cpu", device_id: int = 0
    ) -> OrtValue:
        """Uninitialised. ``element_type``: a NumPy dtype or ONNX's number. Errors: InvalidArgument for a wrong shape;
        NotImplemented for strings."""
        check_device(device_type, device_id)
        dtype = _types.numpy_dtype(_types.element_type(element_type))
        check_shape(shape, dtype)
        return cls(np.empty(tuple(shape), dtype))

    @classmethod
    def from_dlpack(cls, dlpack: Any) -> OrtValue:
        """Shares the memory of any object with ``__dlpack__`` on the CPU. Errors: InvalidArgument for PyTorch's negated
        views, whose memory holds other numbers."""
        if hasattr(dlpack, "is_neg") and dlpack.is_neg():
            raise InvalidArgument("the tensor is a negated view; tensor.resolve_neg() is one with memory of its own")
        return cls.ortvalue_from_numpy(np.from_dlpack(dlpack))

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy, as ONNX Runtime gives. ``numpy.from_dlpack(value)`` gives the memory itself."""
        return self._tensor.copy()

    def data_ptr(self) -> int:
        return int(self._tensor.ctypes.data)

    def shape(self) -> list[int]:
        return list(self._tensor.shape)

    def data_type(self) -> str:
        """Such as ``"tensor(float)"`` or ``"seq(tensor(float))"``."""
        if self._type is not None:
            return self._type
        return _types.type_text("tensor", self._element_type())

    def _element_type(self) -> _types.ElementType:
        return _types.element_type("str" if is_strings(self._tensor) else self._tensor.dtype)

    def element_type(self) -> int:
        """ONNX's number of the element type."""
        return self._element_type().number

    def tensor_size_in_bytes(self) -> int:
        return int(self._tensor.nbytes)

    def device_name(self) -> str:
        return "cpu"

    def has_value(self) -> bool:
        return self._array is not None

    def is_tensor(self) -> bool:
        return self._type is None

    def is_sparse_tensor(self) -> bool:
        return False

    def is_tensor_sequence(self) -> bool:
        return self._type is not None and self._type.startswith("seq(tensor")

    def update_inplace(self, np_arr: Any) -> None:
        """Copies an array of the same dtype and shape into this tensor. Errors: InvalidArgument."""
        array = plain_array(np_arr)
        if array.dtype != self._tensor.dtype or array.shape != self._tensor.shape:
            raise InvalidArgument(
                f"the value is {self._tensor.dtype}{list(self._tensor.shape)}, the array {array.dtype}{list(array.shape)}"
            )
        np.copyto(self._tensor, array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """A copy, or with ``copy=False`` the memory itself."""
        return np.array(self._tensor, dtype=dtype, copy=copy is not False)

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._tensor.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._tensor.__dlpack_device__()


def ort_value(made: Any, info: TensorInfo) -> OrtValue:
    """What a run gave for this output."""
    if info.kind == "tensor" or isinstance(made, np.ndarray):
        return OrtValue(made)
    if made is None or info.keys is not None:
        return OrtValue(made, info.onnx_type)
    return OrtValue(made, _types.type_text("sequence", _types.element_type(info.dtype)))


def array_at(address: int, dtype: np.dtype[Any], shape: Sequence[int]) -> np.ndarray[Any, Any]:
    """An array over memory that the caller vouches for. Errors: InvalidArgument for a wrong shape."""
    check_shape(shape, dtype)
    count = math.prod(shape)
    if count == 0:
        return np.empty(tuple(shape), dtype)
    memory = memoryview((ctypes.c_ubyte * (count * dtype.itemsize)).from_address(address))
    return np.frombuffer(memory, dtype, count).reshape(tuple(shape))


class IOBinding:
    """Inputs and outputs bound to memory from run to run; made by ``InferenceSession.io_binding()``.

    Arrays and OrtValues are read and written where they lie, and kept alive while bound. Memory that is bound by address
    (``buffer_ptr``) is the caller's to keep. An input array that is not contiguous is copied when it is bound. One thread
    at a time: a call while another thread runs the binding raises InvalidArgument.
    """

    __slots__ = ("_session", "_core", "_order", "_memory")

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._core = _linnet.Binding(session._model._core)
        self._order: list[int] = []
        self._memory: dict[int, np.ndarray[Any, Any]] = {}

    def __reduce__(self) -> Any:
        raise TypeError("cannot copy or pickle a linnet.IOBinding, which is tied to memory; make one with io_binding()")

    def bind_cpu_input(self, name: str, arr_on_cpu: Any) -> None:
        """Reads from an array (NumPy, PyTorch, anything with DLPack) at every run."""
        self._core.bind_input(self._session._model._input_index(name), arr_on_cpu)

    def bind_input(
        self, name: str, device_type: str, device_id: int, element_type: Any, shape: Sequence[int], buffer_ptr: int
    ) -> None:
        """Reads from an address at every run. Errors: InvalidArgument for a wrong type or shape."""
        check_device(device_type, device_id)
        index = self._session._model._input_index(name)
        kind = _types.element_type(element_type)
        self._core.bind_input_memory(index, kind.number, list(shape), buffer_ptr)

    def bind_ortvalue_input(self, name: str, ortvalue: OrtValue) -> None:
        self._core.bind_input(self._session._model._input_index(name), ortvalue._array)

    def bind_output(
        self,
        name: str,
        device_type: str = "cpu",
        device_id: int = 0,
        element_type: Any = None,
        shape: Sequence[int] | None = None,
        buffer_ptr: int | None = None,
    ) -> None:
        """Without an address every run makes a new OrtValue for this output, whose type and shape the run decides (those
        given here are not looked at, as in ONNX Runtime); with one, it writes there."""
        check_device(device_type, device_id)
        index = self._session._model._output_index(name)
        if buffer_ptr is None:
            self._core.bind_output_new(index)
            self._memory.pop(index, None)
        else:
            if element_type is None or shape is None:
                raise InvalidArgument(f'output "{name}": an address needs element_type and shape as well')
            kind = _types.element_type(element_type)
            memory = array_at(buffer_ptr, _types.numpy_dtype(kind), shape)
            self._core.bind_output_memory(index, kind.number, list(shape), buffer_ptr)
            self._memory[index] = memory
        self._note(index)

    def bind_ortvalue_output(self, name: str, ortvalue: OrtValue) -> None:
        index = self._session._model._output_index(name)
        self._core.bind_output(index, ortvalue._tensor)
        self._memory.pop(index, None)
        self._note(index)

    def _note(self, index: int) -> None:
        if index in self._order:
            self._order.remove(index)
        self._order.append(index)

    def _made(self) -> list[tuple[Any, TensorInfo]]:
        made = []
        for index in self._order:
            info = self._session._model._outputs[index]
            array = self._memory[index] if index in self._memory else self._core.output(index)
            if array is None and not info.kind.startswith("optional"):
                raise InvalidArgument("there are no outputs yet: run the binding first")
            made.append((array, info))
        return made

    def get_outputs(self) -> list[OrtValue]:
        """In the order in which they were bound. Errors: InvalidArgument before the first run."""
        return [ort_value(array, info) for array, info in self._made()]

    def copy_outputs_to_cpu(self) -> list[Any]:
        """Copies, in the order in which the outputs were bound."""
        return [copy.deepcopy(array) for array, _ in self._made()]

    def clear_binding_inputs(self) -> None:
        self._core.unbind_inputs()

    def clear_binding_outputs(self) -> None:
        self._core.unbind_outputs()
        self._order.clear()
        self._memory.clear()

    def synchronize_inputs(self) -> None:
        """Nothing to wait for on the CPU."""

    def synchronize_outputs(self) -> None:
        """Nothing to wait for on the CPU."""
