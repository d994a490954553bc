// TensorProto, SequenceProto and OptionalProto, as ONNX's tests keep inputs and outputs -> Held.
#pragma once

#include "loaders/onnx/tensor.hpp"
#include "runtime/held.hpp"

namespace linnet::internal::onnx {

/// Which message `bytes` holds, `kind` says. An optional that is not there, and an empty sequence, are taken to hold
/// float32. Errors: those of read_tensor; kUnsupported for sequences of anything but tensors, and for optionals of
/// anything but the two.
std::shared_ptr<const Held> read_value(Span bytes, ValueKind kind, const TensorSource& source);

}  // namespace linnet::internal::onnx
