"""ONNX's backend interface, so that ``onnx.backend.test.BackendTest(linnet.backend, __name__)`` runs. Needs onnx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict

from linnet.errors import InvalidArgument, InvalidGraph, LimitExceeded, NotImplemented
from linnet.model import Model, load


class LinnetRep(BackendRep):  # type: ignore[misc]
    """A prepared model; ``model`` is the :class:`linnet.Model`."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """``inputs``: a sequence of arrays in the model's order, a dictionary by name, or a single array. Returns a named
        tuple of NumPy arrays, lists of them for sequences, and None for an optional that is not there. Errors:
        InvalidArgument; NotImplemented for keywords, of which there are none."""
        if kwargs:
            raise NotImplemented(f"run has no options, got {', '.join(kwargs)}")
        infos = self.model.inputs
        if isinstance(inputs, dict):
            feed = inputs
        else:
            arrays = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            if len(arrays) != len(infos):
                raise InvalidArgument(f"{len(arrays)} inputs given, the model wants {len(infos)}")
            feed = {info.name: array for info, array in zip(infos, arrays)}
        results = self.model.run(feed)
        made: tuple[Any, ...] = namedtupledict("Outputs", list(results))(*results.values())
        return made


def _in_order(names: list[str], arrays: dict[str, Any]) -> list[Any]:
    """The arrays that are there, by name. Errors: InvalidArgument for another name."""
    for name in arrays:
        if name not in names:
            raise InvalidArgument(f"the node has no input {name}")
    return [arrays[name] for name in names if name in arrays]


def _value_info(name: str, value: Any) -> onnx.ValueInfoProto:
    """The type of an array, or of a list of arrays, which is a sequence."""
    if isinstance(value, list):
        number = helper.np_dtype_to_tensor_dtype(value[0].dtype) if value else onnx.TensorProto.FLOAT
        return helper.make_tensor_sequence_value_info(name, number, None)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def _as_array(value: Any) -> Any:
    """Strings as objects, which ONNX has a type for; lists of arrays as they are."""
    if isinstance(value, list) and all(isinstance(item, np.ndarray) for item in value):
        return value
    array = np.asarray(value)
    return array.astype(object) if array.dtype.kind in "US" else array


class LinnetBackend(Backend):  # type: ignore[misc]
    @classmethod
    def supports_device(cls, device: str) -> bool:
        """True for "CPU" only."""
        return bool(Device(device).type == DeviceType.CPU)

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the model can be loaded. Errors: InvalidArgument for wrong options."""
        if not cls.supports_device(device):
            return False
        try:
            load(model, **kwargs)
        except (InvalidGraph, LimitExceeded, NotImplemented):
            return False
        return True

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> LinnetRep:
        """Loads a model; ``kwargs`` are the options of :func:`linnet.load`. Errors: NotImplemented for another device;
        those of load."""
        if not cls.supports_device(device):
            raise NotImplemented(f"device {device} is not supported; Linnet runs on CPU")
        return LinnetRep(load(model, **kwargs))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Runs one node on arrays, one per input that is not left out, in the node's order or in a dictionary by name;
        a list of arrays is a sequence. ``outputs_info``: dtype and shape of each output; without it they are inferred.
        ``opset_version`` chooses the operator's version (the newest otherwise)."""
        opset = kwargs.pop("opset_version", None)
        names = [name for name in node.input if name]
        arrays = _in_order(names, inputs) if isinstance(inputs, dict) else list(inputs)
        if len(arrays) != len(names):
            raise InvalidArgument(f"{len(arrays)} inputs given, the node has {len(names)}")
        feed = {name: _as_array(array) for name, array in zip(names, arrays)}
        graph_inputs = [_value_info(name, array) for name, array in feed.items()]
        outputs = [name for name in node.output if name]
        if outputs_info is None:
            infos = [helper.make_empty_tensor_value_info(name) for name in outputs]
        else:
            infos = [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
                for name, (dtype, shape) in zip(outputs, outputs_info)
            ]
        graph = helper.make_graph([node], "node", graph_inputs, infos)
        opsets = [helper.make_opsetid(node.domain, opset)] if opset else None
        model = helper.make_model(graph, opset_imports=opsets)
        if outputs_info is None:
            model = onnx.shape_inference.infer_shapes(model)
        return cls.run_model(model, feed, device, **kwargs)


supports_device = LinnetBackend.supports_device
is_compatible = LinnetBackend.is_compatible
prepare = LinnetBackend.prepare
run_model = LinnetBackend.run_model
run_node = LinnetBackend.run_node
