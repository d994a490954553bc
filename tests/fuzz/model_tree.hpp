// A serialized ONNX model as a tree of fields: what a fuzzer changes without breaking the lengths around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::test {

/// The messages of onnx.proto that a model is made of; kBytes is what is none: strings, names, data, packed numbers.
enum class Kind { kBytes, kModel, kGraph, kNode, kAttribute, kTensor, kValueInfo, kType, kTensorType, kShape, kDim };

struct Field {
  int number = 0;
  int wire_type = 0;
  std::uint64_t value = 0;  ///< of wire types 0 (varint), 1 and 5 (8 and 4 bytes)
  std::string bytes;        ///< of wire type 2, where it is kBytes
  Kind kind = Kind::kBytes;
  std::vector<Field> fields;  ///< of wire type 2, where it is a message
};

/// Nothing where the bytes are no message, or nest deeper than models do.
std::optional<std::vector<Field>> read_fields(std::string_view bytes, Kind kind);
std::string write_fields(const std::vector<Field>& fields);

}  // namespace linnet::test
