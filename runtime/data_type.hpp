// Groups of element types, and a visitor that turns a DataType into a C++ type once, outside loops.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/error.hpp"
#include "runtime/float16.hpp"

namespace linnet::internal {

/// A set of element types, for checks in `infer`: `if (!kFloats.has(type)) ...`.
class TypeSet {
 public:
  constexpr TypeSet(std::initializer_list<DataType> types) : bits_(0) {
    for (const DataType type : types) bits_ |= bit(type);
  }
  constexpr bool has(DataType type) const { return (bits_ & bit(type)) != 0; }
  constexpr TypeSet operator|(TypeSet other) const { return TypeSet(bits_ | other.bits_); }

 private:
  constexpr explicit TypeSet(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(DataType type) {
    return static_cast<unsigned>(type) < 64 ? std::uint64_t{1} << static_cast<unsigned>(type) : 0;
  }
  std::uint64_t bits_;
};

inline constexpr TypeSet kFloatTypes{DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16};
inline constexpr TypeSet kSignedTypes{DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64};
inline constexpr TypeSet kUnsignedTypes{DataType::kUint8, DataType::kUint16, DataType::kUint32, DataType::kUint64};
inline constexpr TypeSet kIntegerTypes = kSignedTypes | kUnsignedTypes;
inline constexpr TypeSet kNumericTypes = kFloatTypes | kIntegerTypes;
/// Every type that Linnet can hold in memory.
inline constexpr TypeSet kTensorTypes = kNumericTypes | TypeSet{DataType::kBool};

/// Whether elements of the type may begin there; null and types that Linnet cannot hold are aligned.
inline bool is_aligned(const void* data, DataType type) {
  const std::size_t bytes = size_of(type);
  return bytes == 0 || reinterpret_cast<std::uintptr_t>(data) % bytes == 0;
}

template <typename T>
struct TypeTag {
  using type = T;
};

/// Calls visitor(TypeTag<T>{}) with T = float, double, Float16, Bfloat16, the integers, or bool. Errors: kUnsupported
/// for other types.
template <typename Visitor>
decltype(auto) visit_type(DataType type, Visitor&& visitor) {
  switch (type) {
    case DataType::kFloat32:
      return visitor(TypeTag<float>{});
    case DataType::kFloat64:
      return visitor(TypeTag<double>{});
    case DataType::kFloat16:
      return visitor(TypeTag<Float16>{});
    case DataType::kBfloat16:
      return visitor(TypeTag<Bfloat16>{});
    case DataType::kInt8:
      return visitor(TypeTag<std::int8_t>{});
    case DataType::kInt16:
      return visitor(TypeTag<std::int16_t>{});
    case DataType::kInt32:
      return visitor(TypeTag<std::int32_t>{});
    case DataType::kInt64:
      return visitor(TypeTag<std::int64_t>{});
    case DataType::kUint8:
      return visitor(TypeTag<std::uint8_t>{});
    case DataType::kUint16:
      return visitor(TypeTag<std::uint16_t>{});
    case DataType::kUint32:
      return visitor(TypeTag<std::uint32_t>{});
    case DataType::kUint64:
      return visitor(TypeTag<std::uint64_t>{});
    case DataType::kBool:
      return visitor(TypeTag<bool>{});
    default:
      unsupported("element type ", type, " is not supported");
  }
}

/// As visit_type, for the four floating-point types only.
template <typename Visitor>
decltype(auto) visit_float_type(DataType type, Visitor&& visitor) {
  switch (type) {
    case DataType::kFloat32:
      return visitor(TypeTag<float>{});
    case DataType::kFloat64:
      return visitor(TypeTag<double>{});
    case DataType::kFloat16:
      return visitor(TypeTag<Float16>{});
    case DataType::kBfloat16:
      return visitor(TypeTag<Bfloat16>{});
    default:
      unsupported("element type ", type, " is not a floating-point type");
  }
}

}  // namespace linnet::internal
