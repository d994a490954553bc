#include "ops/movement/picked_elements.hpp"

#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {

std::size_t picked_axis(const NodeView& node, std::int64_t axis) {
  return static_cast<std::size_t>(normalized_axis(axis, node.input_rank(0)));
}

void require_picked(const NodeView& node, std::int64_t axis) {
  const Dims& data = node.input_dims(0);
  const Dims& indices = node.input_dims(1);
  if (data.empty()) invalid_model("input data is a scalar, expected rank 1 or more");
  if (indices.size() != data.size()) {
    invalid_model("input indices has rank ", indices.size(), ", expected ", data.size(), ", that of data");
  }
  const std::size_t along = picked_axis(node, axis);
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i == along || !data[i].known() || !indices[i].known() || indices[i].value() <= data[i].value()) continue;
    invalid_model("dimension ", i, " of indices is ", indices[i], ", that of data only ", data[i]);
  }
}

std::optional<WantedElements> wanted_picked(const NodeView& node, std::size_t input, std::int64_t axis) {
  if (input != 1) return std::nullopt;
  const std::size_t along = picked_axis(node, axis);
  return wanted_indices(node.input_dims(0)[along], text("an index into axis ", along));
}

PickedElements::PickedElements(const Shape& data, DataType index_type, const Shape& indices, std::size_t axis)
    : index_type_(index_type), count_(static_cast<std::size_t>(element_count(indices))), axis_size_(data[axis]) {
  if (count_ == 0) return;
  const std::vector<std::int64_t> strides = row_major_strides(data);
  sizes_.assign(indices.begin(), indices.end());
  strides_.assign(strides.begin(), strides.end());
  axis_stride_ = strides_[axis];
  strides_[axis] = 0;
  part_ = 1;
  for (std::size_t i = axis; i < sizes_.size(); ++i) part_ *= sizes_[i];
}

std::size_t PickedElements::offset_of_row(std::size_t row) const {
  std::size_t offset = 0;
  for (std::size_t i = sizes_.size() - 1; i-- > 0;) {
    offset += row % sizes_[i] * strides_[i];
    row /= sizes_[i];
  }
  return offset;
}

}  // namespace linnet::internal
