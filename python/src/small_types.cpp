#include "python/src/small_types.hpp"

#include <cstdint>

namespace linnet::python {
namespace {

struct NamedType {
  const char* name;
  DataType type;
};
constexpr NamedType kTypes[] = {
    {"float8_e4m3fn", DataType::kFloat8e4m3fn},
    {"float8_e4m3fnuz", DataType::kFloat8e4m3fnuz},
    {"float8_e5m2", DataType::kFloat8e5m2},
    {"float8_e5m2fnuz", DataType::kFloat8e5m2fnuz},
    {"float8_e8m0fnu", DataType::kFloat8e8m0},
    {"float4_e2m1fn", DataType::kFloat4e2m1},
    {"int4", DataType::kInt4},
    {"uint4", DataType::kUint4},
    {"int2", DataType::kInt2},
    {"uint2", DataType::kUint2},
};

unsigned mask_of(DataType type) { return (1U << bits_of(type)) - 1; }

}  // namespace

const char* ml_dtypes_name(DataType type) {
  for (const NamedType& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  return nullptr;
}

DataType small_type_of(std::string_view name) {
  for (const NamedType& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  return DataType::kUndefined;
}

bool is_packed(DataType type) { return bits_of(type) != 0 && bits_of(type) < 8; }

void pack(DataType type, const void* elements, std::size_t count, void* packed) {
  const std::size_t bits = bits_of(type);
  const auto* from = static_cast<const std::uint8_t*>(elements);
  auto* to = static_cast<std::uint8_t*>(packed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t shift = i * bits % 8;
    const unsigned before = shift == 0 ? 0 : to[i * bits / 8];
    to[i * bits / 8] = static_cast<std::uint8_t>(before | (from[i] & mask_of(type)) << shift);
  }
}

void unpack(DataType type, void* elements, std::size_t count) {
  const std::size_t bits = bits_of(type);
  const bool is_signed = type == DataType::kInt4 || type == DataType::kInt2;
  const unsigned sign = is_signed ? 1U << (bits - 1) : 0;
  auto* bytes = static_cast<std::uint8_t*>(elements);
  for (std::size_t i = count; i-- > 0;) {  // from the end: what is written was read before
    const unsigned code = bytes[i * bits / 8] >> i * bits % 8 & mask_of(type);
    bytes[i] = static_cast<std::uint8_t>((code ^ sign) - sign);
  }
}

}  // namespace linnet::python
