// Types of values that are no dense arrays of numbers: tensors of strings, sequences of tensors, and what may be
// absent. They travel where element types do, under numbers that ONNX has not given away. A value of such a type is
// held (held.hpp): operands, inputs and constants are addresses of a Held instead of elements. Its dimensions are those
// of the tensor of strings; [n] for a sequence of n tensors; [1] or [0] for an optional that is there or is not.
#pragma once

#include <cstddef>

#include <linnet/linnet.hpp>

namespace linnet::internal {

inline constexpr unsigned kSequenceBit = 0x40;
inline constexpr unsigned kOptionalBit = 0x80;

constexpr bool is_sequence(DataType type) {
  return (static_cast<unsigned>(type) & (kSequenceBit | kOptionalBit)) == kSequenceBit;
}
constexpr bool is_optional(DataType type) { return (static_cast<unsigned>(type) & kOptionalBit) != 0; }
/// Whether the value is an object, rather than a dense array.
constexpr bool is_held(DataType type) {
  return type == DataType::kString || (static_cast<unsigned>(type) & (kSequenceBit | kOptionalBit)) != 0;
}

/// Requires: the type of a tensor.
constexpr DataType sequence_of(DataType element) {
  return static_cast<DataType>(static_cast<unsigned>(element) | kSequenceBit);
}
/// Requires: the type of a tensor or of a sequence.
constexpr DataType optional_of(DataType type) {
  return static_cast<DataType>(static_cast<unsigned>(type) | kOptionalBit);
}
/// What a sequence or an optional has in it; of a tensor the type itself.
constexpr DataType type_inside(DataType type) {
  const unsigned bits = static_cast<unsigned>(type);
  return static_cast<DataType>(bits & ~(is_optional(type) ? kOptionalBit : kSequenceBit));
}
/// Of the tensors in it, however deep.
constexpr DataType element_type_of(DataType type) {
  return static_cast<DataType>(static_cast<unsigned>(type) & ~(kSequenceBit | kOptionalBit));
}

}  // namespace linnet::internal
