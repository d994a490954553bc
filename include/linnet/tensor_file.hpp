// Tensors in files: NumPy's .npy and ONNX's TensorProto (.pb).
#pragma once

#include <linnet/linnet.hpp>

#include <string>

namespace linnet {

/// Reads a .npy file (versions 1 to 3, C or Fortran order, little-endian; float16 as '<f2').
/// Errors: kIo for a missing file, kInvalidArgument for a damaged or unsupported one, which says what the file seems to
/// be (an .npz archive, a pickle) or hold (Python objects, text).
LINNET_API Tensor read_npy(const std::string& path);
/// Writes version 1.0 in C order. bfloat16 is written as '<V2', as ml_dtypes does.
/// Errors: kIo, kInvalidArgument for a type that .npy cannot hold: those below 16 bits that are not NumPy's.
LINNET_API void write_npy(const std::string& path, const ConstTensorView& tensor);
/// Reads a serialized ONNX TensorProto. Errors: kIo, kInvalidModel, kUnsupported.
LINNET_API Tensor read_tensor_proto(const std::string& path);
/// Writes a serialized ONNX TensorProto without a name. Errors: kIo, kInvalidArgument for a type without a size.
LINNET_API void write_tensor_proto(const std::string& path, const ConstTensorView& tensor);

}  // namespace linnet
