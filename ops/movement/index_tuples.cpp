#include "ops/movement/index_tuples.hpp"

#include <algorithm>

#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {

std::optional<std::size_t> tuple_length(const NodeView& node, std::size_t batch_dims) {
  const std::size_t rank = node.input_rank(0);
  const Dims& indices = node.input_dims(1);
  if (rank == 0) invalid_model("input data is a scalar, expected rank 1 or more");
  if (indices.empty()) invalid_model("input indices is a scalar, expected rank 1 or more");
  const Dim length = indices.back();
  if (!length.known()) return std::nullopt;
  const auto most = static_cast<std::int64_t>(rank - std::min(rank, batch_dims));
  if (length.value() < 1 || length.value() > most) {
    invalid_model("the last dimension of indices is ", length, ", expected 1 to ", most);
  }
  return static_cast<std::size_t>(length.value());
}

IndexTuples::IndexTuples(DataType type, const Shape& data, const Shape& indices, std::size_t batch_dims) {
  const auto length = static_cast<std::size_t>(indices.back());
  const auto first = static_cast<std::ptrdiff_t>(batch_dims);
  const auto last = first + static_cast<std::ptrdiff_t>(length);
  count_ = static_cast<std::size_t>(element_count(indices)) / length;
  sizes_.assign(data.begin() + first, data.begin() + last);
  slice_bytes_ = byte_count(type, Shape(data.begin() + last, data.end()));
  const std::vector<std::int64_t> strides = row_major_strides(data);
  for (std::size_t i = batch_dims; i < batch_dims + length; ++i) {
    strides_.push_back(static_cast<std::size_t>(strides[i]) * size_of(type));
  }
  const auto batches = static_cast<std::size_t>(element_count(Shape(data.begin(), data.begin() + first)));
  if (batches > 0 && count_ > 0) tuples_per_batch_ = count_ / batches;
  batch_bytes_ = byte_count(type, Shape(data.begin() + first, data.end()));
}

std::optional<WantedElements> wanted_tuples(const NodeView& node, std::size_t input, std::size_t batch_dims) {
  const std::optional<std::size_t> length = input == 1 ? tuple_length(node, batch_dims) : std::nullopt;
  if (!length) return std::nullopt;
  const Dims& data = node.input_dims(0);
  Dim shortest = data[batch_dims];
  for (std::size_t i = batch_dims; i < batch_dims + *length; ++i) {
    if (!shortest.known() || !data[i].known()) {
      shortest = Dim::unknown();
    } else if (data[i].value() < shortest.value()) {
      shortest = data[i];
    }
  }
  return wanted_indices(shortest, text("indices into ", *length, " axes from axis ", batch_dims));
}

}  // namespace linnet::internal
