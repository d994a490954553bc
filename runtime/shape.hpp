// Dimensions: numbers, or symbols until the inputs of a run are known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/error.hpp"

namespace linnet::internal {

/// A dimension, or an element of a small integer tensor that describes a shape: a number, a symbol (an index into
/// Graph::symbols, equal symbols are equal numbers) or unknown. Numbers may be negative only as tensor elements (the -1
/// of Reshape).
class Dim {
 public:
  constexpr Dim() = default;
  constexpr Dim(std::int64_t value) : value_(value), kind_(Kind::kNumber) {}
  static constexpr Dim symbol(std::uint32_t index) { return Dim(Kind::kSymbol, index); }
  static constexpr Dim unknown() { return Dim(); }

  constexpr bool known() const { return kind_ == Kind::kNumber; }
  constexpr bool is_symbol() const { return kind_ == Kind::kSymbol; }
  /// Requires: known().
  constexpr std::int64_t value() const { return value_; }
  /// Requires: is_symbol().
  constexpr std::uint32_t symbol_index() const { return static_cast<std::uint32_t>(value_); }

  /// Certainly the same number.
  constexpr bool same(Dim other) const {
    return kind_ != Kind::kUnknown && kind_ == other.kind_ && value_ == other.value_;
  }
  /// Certainly different numbers.
  constexpr bool differs(Dim other) const { return known() && other.known() && value_ != other.value_; }
  constexpr bool is(std::int64_t number) const { return known() && value_ == number; }

 private:
  enum class Kind : std::uint8_t { kUnknown, kNumber, kSymbol };
  constexpr Dim(Kind kind, std::int64_t value) : value_(value), kind_(kind) {}
  std::int64_t value_ = 0;
  Kind kind_ = Kind::kUnknown;
};

using Dims = std::vector<Dim>;

/// "?" for unknown and symbols; names of symbols are the graph's to print.
void append(std::string& out, Dim dim);

bool all_known(const Dims& dims);
/// Requires: all_known(dims).
Shape to_shape(const Dims& dims);
Dims to_dims(const Shape& shape);

/// a * b, or nothing when it overflows. Requires: a, b >= 0.
std::optional<std::int64_t> checked_product(std::int64_t a, std::int64_t b);
/// Number of elements; a zero dimension makes it 0 whatever the others are. Errors: kInvalidModel for a negative
/// dimension or overflow.
std::int64_t element_count(const Shape& shape);
/// Bytes of a dense tensor; several elements of a packed type share one. Errors: kInvalidModel when it overflows,
/// kUnsupported for a type without a size.
std::size_t byte_count(DataType type, const Shape& shape);
/// Of memory that is there: nothing overflows.
std::size_t byte_count(const ConstTensorView& view) noexcept;
/// Number of elements if every dimension is known (or one is 0).
Dim element_count(const Dims& dims);

/// Axis in [-rank, rank) to [0, rank). Errors: kInvalidModel naming the axis and the range.
std::int64_t normalized_axis(std::int64_t axis, std::size_t rank);
/// As above, for axes that may also name the end: [-rank, rank].
std::int64_t normalized_axis_or_end(std::int64_t axis, std::size_t rank);

/// NumPy's broadcasting of two shapes. Errors: kInvalidModel naming both shapes.
Dims broadcast(const Dims& a, const Dims& b);

/// Row-major strides in elements. Requires: element_count(shape) does not overflow.
std::vector<std::int64_t> row_major_strides(const Shape& shape);

}  // namespace linnet::internal
