// Slices of a tensor that tuples of indices name: what GatherND reads and ScatterND writes.
#pragma once

#include <cstddef>
#include <vector>

#include "ops/movement/index_inputs.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// The last dimension of indices (int64, input 1): how long a tuple is, which is 1 to the rank of data (input 0) less
/// `batch_dims`; nothing when it is not known. Errors: kInvalidModel for another type, rank or length.
std::optional<std::size_t> tuple_length(const NodeView& node, std::size_t batch_dims = 0);

/// The tuple stands for the slice data[b..., indices[b..., i..., 0], indices[b..., i..., 1], ...].
class IndexTuples {
 public:
  IndexTuples() = default;
  IndexTuples(DataType type, const Shape& data, const Shape& indices, std::size_t batch_dims = 0);

  std::size_t count() const { return count_; }
  std::size_t slice_bytes() const { return slice_bytes_; }

  /// Errors: kRuntimeFault for an index out of range; those of RunControl::check.
  void check(const RunControl& control, const void* indices) const {
    check_indices(control, DataType::kInt64, indices, count_ * sizes_.size(), sizes_.data(), sizes_.size());
  }

  /// Where the slice of a tuple begins in data, in bytes. Requires: its indices are in range.
  std::size_t offset(const std::int64_t* indices, std::size_t tuple) const {
    std::size_t offset = tuple / tuples_per_batch_ * batch_bytes_;
    const std::int64_t* index = indices + tuple * sizes_.size();
    for (std::size_t i = 0; i < sizes_.size(); ++i) offset += counted_from_front(index[i], sizes_[i]) * strides_[i];
    return offset;
  }

 private:
  std::size_t count_ = 0;
  std::size_t tuples_per_batch_ = 1;
  std::size_t batch_bytes_ = 0;
  std::size_t slice_bytes_ = 0;
  std::vector<std::int64_t> sizes_;   ///< of the axes that a tuple's indices belong to
  std::vector<std::size_t> strides_;  ///< of the same, in bytes
};

/// Any index that the first axis a tuple names has; nothing but for input 1. All of a tuple's axes may be shorter: then
/// the shortest counts.
std::optional<WantedElements> wanted_tuples(const NodeView& node, std::size_t input, std::size_t batch_dims = 0);

}  // namespace linnet::internal
