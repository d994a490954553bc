#include "runtime/node_view.hpp"

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

Shape NodeView::extent(const Value& value) {
  Shape shape = to_shape(value.type.dims);
  if (value.room.size > 0) shape[value.room.axis] = value.room.size;
  return shape;
}

std::optional<Dims> NodeView::input_elements(std::size_t index) const {
  const Value& value = input_value(index);
  if (value.constant != nullptr) {
    const bool integral = (kIntegerTypes | TypeSet{DataType::kBool}).has(value.constant->type);
    if (!integral || value.constant->count() > static_cast<std::int64_t>(InferContext::kMaxElements))
      return std::nullopt;
    const std::vector<std::int64_t> integers = integers_of(*value.constant);
    return Dims(integers.begin(), integers.end());
  }
  if (value.elements != nullptr) return *value.elements;
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> NodeView::input_integers(std::size_t index) const {
  const std::optional<Dims> elements = input_elements(index);
  if (!elements || !all_known(*elements)) return std::nullopt;
  return to_shape(*elements);
}

void InferContext::set_output(std::size_t index, DataType type, Dims dims) {
  if (!has_output(index)) return;
  if (options_->limits.rank != 0 && dims.size() > options_->limits.rank) {
    fail(ErrorCode::kLimitExceeded, "output ", node_->op->outputs.name(index), " has rank ", dims.size(),
         ", the limit is ", options_->limits.rank);
  }
  for (const Dim dim : dims) {
    if (dim.known() && dim.value() < 0)
      invalid_model("output ", node_->op->outputs.name(index), " would have shape ", dims,
                    ", with a negative dimension");
  }
  Value& value = (*mutable_values_)[node_->outputs[index]];
  value.type = {type, true, std::move(dims)};
  value.elements.reset();
}

void InferContext::set_output(std::size_t index, Dims dims) {
  if (has_output(index)) set_output(index, node_->op->outputs.of(index)->type(*this), std::move(dims));
}

void InferContext::set_output_unranked(std::size_t index, DataType type) {
  if (!has_output(index)) return;
  Value& value = (*mutable_values_)[node_->outputs[index]];
  value.type = {type, false, {}};
  value.elements.reset();
}

void InferContext::set_output_elements(std::size_t index, Dims elements) {
  if (!has_output(index) || elements.size() > kMaxElements) return;
  (*mutable_values_)[node_->outputs[index]].elements = new_shared<const Dims>(std::move(elements));
}

}  // namespace linnet::internal
