// Tensors as slices along an axis, or without an axis as the elements of one row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/op.hpp"

namespace linnet::internal {

/// The attribute `axis`, which may be left out.
std::optional<std::int64_t> parse_axis(ParseContext& context);

/// The dimensions of a number of slices that only the run knows. Errors: kInvalidModel for an axis outside [-r,r).
Dims dims_of_some(const Dims& dims, std::optional<std::int64_t> axis);

/// Element [o, i, k] of slice i is element (o * size + i) * inner + k of the tensor.
struct Slices {
  Slices() = default;
  /// Requires: an axis in range.
  Slices(const Shape& tensor, std::optional<std::int64_t> along);
  /// The shape of so many of them.
  Shape shape_of(std::size_t count) const;

  Shape shape;                                 ///< of all
  std::size_t axis = 0;                        ///< of `shape`
  std::size_t outer = 0, size = 0, inner = 0;  ///< no outer ones where there are no elements
};

}  // namespace linnet::internal
