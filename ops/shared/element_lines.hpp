// Elements of any type as lines of double, float, int64 or uint64, so that a loop is written for these and not for
// every type.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ops/kernels/half.hpp"
#include "runtime/data_type.hpp"
#include "runtime/small_float.hpp"

namespace linnet::internal {

constexpr bool is_half(DataType type) { return type == DataType::kFloat16 || type == DataType::kBfloat16; }

/// Requires: is_half.
constexpr kernels::HalfType half_type(DataType type) {
  return type == DataType::kFloat16 ? kernels::HalfType::kFloat16 : kernels::HalfType::kBfloat16;
}

/// line[i] is element first + i, for i < count. To float: of floating-point types but float64 and of integers of 16
/// bits and less, exact, and of int32, rounded. To double: of any numeric type, exact but for 64-bit integers, which
/// are rounded. To integers: of integers and bools (1 for every byte but 0), modulo 2^64: a negative element stays
/// negative in int64. Requires: `elements` are aligned to their type.
void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, float* line);
void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, double* line);
void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, std::int64_t* line);
void load_line(DataType type, const void* elements, std::size_t first, std::size_t count, std::uint64_t* line);

/// Element first + i becomes line[i]. From float: to floating-point types but float64, and whole numbers to integers of
/// 16 bits and less that have them; from double: to any floating-point type, both rounded once, to nearest even (small
/// floats as SmallFloatRounding has it). From integers: to integers, the low bits. Of a packed type, the bits behind
/// the last element that share its byte become 0: what shares a byte is stored in order, by one thread.
void store_line(DataType type, const float* line, std::size_t first, std::size_t count, void* elements);
void store_line(DataType type, const double* line, std::size_t first, std::size_t count, void* elements);
void store_line(DataType type, const std::int64_t* line, std::size_t first, std::size_t count, void* elements);
void store_line(DataType type, const std::uint64_t* line, std::size_t first, std::size_t count, void* elements);

/// As store_line, for a type of kSmallFloatTypes.
void store_small_floats(DataType type, const SmallFloatRounding& rounding, const double* line, std::size_t first,
                        std::size_t count, void* elements);

inline constexpr TypeSet kSignedLineTypes = kSignedTypes | TypeSet{DataType::kInt4, DataType::kInt2};
inline constexpr TypeSet kFloatLineTypes = kFloatTypes | kSmallFloatTypes;

/// Calls visitor(TypeTag<W>{}) with the W that holds every value of `type`: double, int64 or (of unsigned types and
/// bool) uint64.
template <typename Visitor>
decltype(auto) visit_line_type(DataType type, Visitor&& visitor) {
  if (kSignedLineTypes.has(type)) return visitor(TypeTag<std::int64_t>{});
  if (kFloatLineTypes.has(type)) return visitor(TypeTag<double>{});
  return visitor(TypeTag<std::uint64_t>{});
}

/// The least and the largest value of an integer type, in what visit_line_type gives for it.
template <typename W>
struct IntegerRange {
  W lowest;
  W highest;
};
template <typename W>
IntegerRange<W> integer_range(DataType type) {
  if (type == DataType::kBool) return {0, 1};
  const std::size_t unused_bits = 8 * sizeof(W) - bits_of(type);
  return {static_cast<W>(std::numeric_limits<W>::lowest() >> unused_bits),
          static_cast<W>(std::numeric_limits<W>::max() >> unused_bits)};
}

/// The nearest number of the range towards zero; 0 of NaN. V is a floating-point type.
template <typename W, typename V>
W cut(IntegerRange<W> range, V value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<V>(range.lowest)) return range.lowest;
  if (value >= static_cast<V>(range.highest)) return range.highest;
  return static_cast<W>(value);
}

}  // namespace linnet::internal
