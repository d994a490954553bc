#include "runtime/data_type.hpp"

#include "runtime/value_type.hpp"

namespace linnet::internal {
namespace {

/// By ONNX's number.
constexpr const char* kTypeNames[] = {
    "undefined", "float32",    "uint8",      "int8",         "uint16",         "int16",      "int32",
    "int64",     "string",     "bool",       "float16",      "float64",        "uint32",     "uint64",
    "complex64", "complex128", "bfloat16",   "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
    "uint4",     "int4",       "float4e2m1", "float8e8m0",   "uint2",          "int2",
};

}  // namespace

const char* type_name(DataType type) noexcept {
  const auto number = static_cast<std::size_t>(type);
  return number < sizeof(kTypeNames) / sizeof(kTypeNames[0]) ? kTypeNames[number] : nullptr;
}

}  // namespace linnet::internal

namespace linnet {

std::string name_of(DataType type) {
  if (internal::type_name(internal::element_type_of(type)) != nullptr) {
    if (internal::is_optional(type)) return "optional(" + name_of(internal::type_inside(type)) + ")";
    if (internal::is_sequence(type)) return "sequence(" + name_of(internal::type_inside(type)) + ")";
    if (internal::is_map(type))
      return "map(" + name_of(internal::key_type_of(type)) + ", " + name_of(internal::element_type_of(type)) + ")";
  }
  const char* const name = internal::type_name(type);
  return name != nullptr ? name : "type " + std::to_string(static_cast<unsigned>(type));
}

std::size_t bits_of(DataType type) noexcept {
  switch (type) {
    case DataType::kUint2:
    case DataType::kInt2:
      return 2;
    case DataType::kUint4:
    case DataType::kInt4:
    case DataType::kFloat4e2m1:
      return 4;
    case DataType::kUint8:
    case DataType::kInt8:
    case DataType::kBool:
    case DataType::kFloat8e4m3fn:
    case DataType::kFloat8e4m3fnuz:
    case DataType::kFloat8e5m2:
    case DataType::kFloat8e5m2fnuz:
    case DataType::kFloat8e8m0:
      return 8;
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return 16;
    case DataType::kFloat32:
    case DataType::kInt32:
    case DataType::kUint32:
      return 32;
    case DataType::kFloat64:
    case DataType::kInt64:
    case DataType::kUint64:
    case DataType::kComplex64:
      return 64;
    case DataType::kComplex128:
      return 128;
    case DataType::kString:
    case DataType::kUndefined:
      return 0;
  }
  return 0;
}

std::size_t size_of(DataType type) noexcept { return bits_of(type) / 8; }

}  // namespace linnet
