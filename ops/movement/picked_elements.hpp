// Elements of a tensor that indices along one axis pick out: what GatherElements reads and ScatterElements writes.
#pragma once

#include <algorithm>
#include <vector>

#include "ops/movement/index_inputs.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct AxisAttributes : Attributes {
  std::int64_t axis = 0;
};

/// In [0, rank of data). Errors: kInvalidModel for one outside [-rank, rank).
std::size_t picked_axis(const NodeView& node, std::int64_t axis);

/// Types and shapes of data (input 0) and indices (input 1), which have the same rank, 1 or more; along the other axes
/// indices are no longer than data. Errors: kInvalidModel, kUnsupported.
void require_picked(const NodeView& node, std::int64_t axis);

/// Of the indices: positions along the axis.
std::optional<WantedElements> wanted_picked(const NodeView& node, std::size_t input, std::int64_t axis);

/// The element at [i..., j, k...] of the indices stands for that of data at [i..., index, k...].
class PickedElements {
 public:
  PickedElements(const Shape& data, DataType index_type, const Shape& indices, std::size_t axis);

  std::size_t count() const { return count_; }  ///< of indices
  /// Indices are in parts of so many elements, each with a part of data of its own.
  std::size_t part() const { return part_; }

  /// Errors: kRuntimeFault for an index out of range; those of RunControl::check.
  void check(const RunControl& control, const void* indices) const {
    check_indices(control, index_type_, indices, count_, &axis_size_);
  }

  /// Calls body(position among the indices, element of data) for [first, first + count). Requires: indices in range.
  template <typename Body>
  void visit(const void* indices, std::size_t first, std::size_t count, const Body& body) const {
    constexpr std::size_t kLine = 256;
    std::int64_t line[kLine];
    const std::size_t width = sizes_.back();
    const std::size_t step = strides_.back();
    for (const std::size_t end = first + count; first < end;) {
      const std::size_t column = first % width;
      const std::size_t size = std::min({kLine, width - column, end - first});
      load_line(index_type_, indices, first, size, line);
      const std::size_t row = offset_of_row(first / width);
      for (std::size_t i = 0; i < size; ++i) {
        body(first + i, row + (column + i) * step + counted_from_front(line[i], axis_size_) * axis_stride_);
      }
      first += size;
    }
  }

 private:
  std::size_t offset_of_row(std::size_t row) const;

  DataType index_type_;
  std::size_t count_ = 0;
  std::size_t part_ = 0;
  std::int64_t axis_size_ = 0;
  std::size_t axis_stride_ = 0;
  std::vector<std::size_t> sizes_;    ///< of the indices
  std::vector<std::size_t> strides_;  ///< of data, in elements; 0 along the axis
};

}  // namespace linnet::internal
