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
  /// The type that is in it alone; kUndefined where there are more, or none.
  constexpr DataType only() const {
    unsigned number = 0;
    if (bits_ != 0 && (bits_ & (bits_ - 1)) == 0) {
      while (bits_ >> number != 1) ++number;
    }
    return static_cast<DataType>(number);
  }
  constexpr bool operator==(TypeSet other) const { return bits_ == other.bits_; }
  constexpr TypeSet operator|(TypeSet other) const { return TypeSet(bits_ | other.bits_); }

 private:
  constexpr explicit TypeSet(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(DataType type) {
    return static_cast<unsigned>(type) < 32 ? std::uint32_t{1} << static_cast<unsigned>(type) : 0;
  }
  std::uint32_t bits_;
};

inline constexpr TypeSet kInt64Type{DataType::kInt64};
inline constexpr TypeSet kIndexTypes{DataType::kInt32, DataType::kInt64};
inline constexpr TypeSet kInt8Types{DataType::kInt8, DataType::kUint8};
inline constexpr TypeSet kBoolType{DataType::kBool};
inline constexpr TypeSet kStringType{DataType::kString};
inline constexpr TypeSet kFloat32Type{DataType::kFloat32};
inline constexpr TypeSet kFloatTypes{DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16};
inline constexpr TypeSet kSignedTypes{DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64};
inline constexpr TypeSet kUnsignedTypes{DataType::kUint8, DataType::kUint16, DataType::kUint32, DataType::kUint64};
inline constexpr TypeSet kIntegerTypes = kSignedTypes | kUnsignedTypes;
inline constexpr TypeSet kNumericTypes = kFloatTypes | kIntegerTypes;
/// What operators on tensors of any type take, unless they say more.
inline constexpr TypeSet kTensorTypes = kNumericTypes | TypeSet{DataType::kBool};

inline constexpr TypeSet kFloat8Types{DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
                                      DataType::kFloat8e5m2fnuz, DataType::kFloat8e8m0};
inline constexpr TypeSet kSmallFloatTypes = kFloat8Types | TypeSet{DataType::kFloat4e2m1};
inline constexpr TypeSet kSmallIntegerTypes{DataType::kUint4, DataType::kInt4, DataType::kUint2, DataType::kInt2};
inline constexpr TypeSet kSmallTypes = kSmallFloatTypes | kSmallIntegerTypes;
/// Several elements in a byte: see bits_of.
inline constexpr TypeSet kPackedTypes = kSmallIntegerTypes | TypeSet{DataType::kFloat4e2m1};
/// What can be moved element by element, as bytes.
inline constexpr TypeSet kByteTypes = kTensorTypes | kFloat8Types;
/// Every type that Linnet can hold in memory. Only operators that move whole tensors or convert elements take all.
inline constexpr TypeSet kStoredTypes = kByteTypes | kPackedTypes;

/// Bytes of a dense array of `count` elements: the one place that counts them. 0 for a type without a size.
/// Requires: that many fit in memory; else byte_count of runtime/shape.hpp.
inline std::size_t array_bytes(DataType type, std::size_t count) {
  const std::size_t bits = bits_of(type);
  if (bits >= 8) return count * (bits / 8);
  return bits == 0 ? 0 : count / (8 / bits) + (count % (8 / bits) != 0 ? 1 : 0);
}

/// Null for a number that has no name.
const char* type_name(DataType type) noexcept;

/// Whether elements of the type may begin there; null, packed types and those that Linnet cannot hold are aligned.
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
