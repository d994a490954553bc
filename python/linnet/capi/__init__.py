"""Where scripts for ONNX Runtime look for its exceptions."""

from linnet.capi import onnxruntime_pybind11_state

__all__ = ["onnxruntime_pybind11_state"]
