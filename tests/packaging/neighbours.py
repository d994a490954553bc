#!/usr/bin/env python3
"""Linnet beside another library that holds protobuf and ONNX code, in one process.

usage: neighbours.py FIRST SECOND LIBRARY MODEL [global]

FIRST and SECOND are "linnet" and one of "onnx" and "torch": which is loaded first. LIBRARY is liblinnet_neighbour.so,
MODEL one that Linnet converts with ONNX's own library ([2, 2] in, in + 1 out). With "global" the neighbour's symbols are
put into the process's global scope, where they come before those of every library that is loaded later. Exit status 0
if both work after both are loaded.
"""

import ctypes
import os
import sys


class Linnet:
    def __init__(self, library, model):
        self.model = model.encode()
        self.run_model = ctypes.CDLL(library).linnet_neighbour_run
        self.run_model.restype = ctypes.c_char_p
        self.run_model.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_float), ctypes.c_size_t]

    def check(self):
        output = (ctypes.c_float * 4)()
        error = self.run_model(self.model, output, 4)
        assert error is None, error
        assert list(output) == [2.0] * 4, list(output)
        with open("/proc/self/maps", encoding="ascii") as maps:
            assert "liblinnet_onnx.so" in maps.read(), "the model did not need ONNX's library"
        # An exception is thrown and caught within the library.
        assert b"no_such_file.onnx" in self.run_model(b"no_such_file.onnx", output, 4)


class Onnx:
    def __init__(self, model):
        import onnx
        import onnx.checker
        import onnx.shape_inference
        import onnx.version_converter

        self.onnx = onnx
        self.model = model

    def check(self):
        proto = self.onnx.load(self.model)
        converted = self.onnx.version_converter.convert_version(proto, 13)
        self.onnx.checker.check_model(converted, full_check=True)
        assert self.onnx.shape_inference.infer_shapes(converted).graph.node[0].op_type == "Add"


class Torch:
    def __init__(self):
        import torch

        self.torch = torch

    def check(self):
        """PyTorch's own protobuf writes a model, and a product runs."""
        import io
        import warnings

        layer = self.torch.nn.Linear(3, 2)
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.torch.onnx.export(layer, (self.torch.ones(1, 3),), file, dynamo=False)
        assert b"Gemm" in file.getvalue()
        assert layer(self.torch.ones(4, 3)).shape == (4, 2)


def main():
    names, (library, model) = sys.argv[1:3], sys.argv[3:5]
    makers = {"linnet": lambda: Linnet(library, model), "onnx": lambda: Onnx(model), "torch": Torch}
    usual = sys.getdlopenflags()
    loaded = []
    for name in names:
        if name != "linnet" and sys.argv[5:] == ["global"]:
            sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
        loaded.append(makers[name]())
        sys.setdlopenflags(usual)
        loaded[-1].check()
    for _ in range(2):
        for part in loaded:
            part.check()
    print("both work")


if __name__ == "__main__":
    main()
