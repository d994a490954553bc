// The C interface of liblinnet_onnx.so, which holds ONNX's own C++ library: what ONNX knows and Linnet does not. It is
// opened only when it is needed. No exception crosses it. Thread-safety: every function may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

enum LinnetOnnxStatus : int {
  kLinnetOnnxDone = 0,
  kLinnetOnnxUnknownOperator = 1,  ///< ONNX has no operator of this name at this opset
  kLinnetOnnxNoFunction = 2,       ///< it has, but does not define it through others
  kLinnetOnnxFailed = 3,           ///< the error text says why
  kLinnetOnnxOutOfMemory = 4,
};

inline constexpr std::int32_t kLinnetOnnxSequence = 0x40;
inline constexpr std::int32_t kLinnetOnnxOptional = 0x80;

/// What is known of a node's input.
struct LinnetOnnxType {
  /// TensorProto.DataType, with kLinnetOnnxSequence and kLinnetOnnxOptional for what the tensors are in; 0: unknown, or
  /// an input left out.
  std::int32_t elem_type;
  bool ranked;
  std::size_t rank;
  const std::int64_t* dims;  ///< -1 for an unknown one
};

/// Receives a serialized message. Must not throw; returns false when it cannot take it (out of memory).
using LinnetOnnxEmit = bool (*)(void* context, const void* bytes, std::size_t size);

/// Raised whenever this file changes.
inline constexpr int kLinnetOnnxInterface = 4;
using LinnetOnnxInterface = int (*)();

/// Makes what ONNX's library makes once: its table of operators. To be called before all else: kLinnetOnnxOutOfMemory
/// when memory may not suffice, and then again. ONNX itself would go on with a part of the table.
using LinnetOnnxStart = int (*)();

/// Emits the FunctionProto that defines `op_type` of `domain` at `opset`, with its own opset imports and the defaults
/// of its attributes. `node` is the serialized NodeProto, without attribute references. `error` receives a text of at
/// most `error_size` - 1 bytes.
using LinnetOnnxFunctionBody = int (*)(const char* domain, const char* op_type, int opset, const void* node,
                                       std::size_t node_size, const LinnetOnnxType* input_types,
                                       std::size_t input_count, LinnetOnnxEmit emit, void* context, char* error,
                                       std::size_t error_size);

/// Checks the serialized ModelProto and emits it raised to `opset` of ONNX's own domain, at most 7: cmake/onnx leaves
/// out the steps behind it.
using LinnetOnnxConvertVersion = int (*)(const void* model, std::size_t size, int opset, LinnetOnnxEmit emit,
                                         void* context, char* error, std::size_t error_size);

// Exported as linnet_onnx_interface, linnet_onnx_start, linnet_onnx_function_body and linnet_onnx_convert_version.
}
