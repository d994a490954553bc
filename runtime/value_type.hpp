// Types of values that are no dense arrays of numbers: tensors of strings, maps, sequences of tensors or of maps, and
// what may be absent. They travel where element types do, under numbers that ONNX has not given away. A value of such a
// type is held (held.hpp): operands, inputs and constants are addresses of a Held instead of elements. Its dimensions
// are those of the tensor of strings; [n] for a sequence of n; [1] or [0] for an optional that is there or is not; [2]
// for a map, which is a pair of tensors of one dimension and one size: its keys (int64 or strings), in ascending order
// and each once, and its values.
#pragma once

#include <cstddef>

#include <linnet/linnet.hpp>

namespace linnet::internal {

inline constexpr unsigned kSequenceBit = 0x40;
inline constexpr unsigned kOptionalBit = 0x80;
inline constexpr unsigned kMapBit = 0x20;         ///< below it the element type of the values, which is below 16
inline constexpr unsigned kStringKeysBit = 0x10;  ///< of a map; without it the keys are int64

constexpr bool is_sequence(DataType type) {
  return (static_cast<unsigned>(type) & (kSequenceBit | kOptionalBit)) == kSequenceBit;
}
constexpr bool is_optional(DataType type) { return (static_cast<unsigned>(type) & kOptionalBit) != 0; }
constexpr bool is_map(DataType type) {
  return (static_cast<unsigned>(type) & (kSequenceBit | kOptionalBit | kMapBit)) == kMapBit;
}
/// Whether the value is an object, rather than a dense array.
constexpr bool is_held(DataType type) {
  return type == DataType::kString || (static_cast<unsigned>(type) & (kSequenceBit | kOptionalBit | kMapBit)) != 0;
}

/// Whether there are maps from keys to values of these types.
constexpr bool can_map(DataType keys, DataType values) {
  const unsigned number = static_cast<unsigned>(values);
  return (keys == DataType::kInt64 || keys == DataType::kString) && number > 0 && number < kStringKeysBit;
}
/// Requires: can_map.
constexpr DataType map_of(DataType keys, DataType values) {
  const unsigned key_bit = keys == DataType::kString ? kStringKeysBit : 0;
  return static_cast<DataType>(static_cast<unsigned>(values) | kMapBit | key_bit);
}
/// Requires: the type of a tensor or of a map.
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
/// Of the tensors in it, however deep; of a map's values.
constexpr DataType element_type_of(DataType type) {
  const unsigned bits = static_cast<unsigned>(type) & ~(kSequenceBit | kOptionalBit);
  return static_cast<DataType>((bits & kMapBit) != 0 ? bits & ~(kMapBit | kStringKeysBit) : bits);
}
/// Of the maps in it, or of a map; kUndefined where there are none.
constexpr DataType key_type_of(DataType type) {
  const unsigned bits = static_cast<unsigned>(type);
  if ((bits & kMapBit) == 0) return DataType::kUndefined;
  return (bits & kStringKeysBit) != 0 ? DataType::kString : DataType::kInt64;
}

}  // namespace linnet::internal
