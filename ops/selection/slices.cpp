#include "ops/selection/slices.hpp"

namespace linnet::internal {

std::optional<std::int64_t> parse_axis(ParseContext& context) {
  if (!context.has("axis")) return std::nullopt;
  return context.require_int("axis");
}

Dims dims_of_some(const Dims& dims, std::optional<std::int64_t> axis) {
  if (!axis) return {Dim::unknown()};
  Dims some = dims;
  some[static_cast<std::size_t>(normalized_axis(*axis, dims.size()))] = Dim::unknown();
  return some;
}

Slices::Slices(const Shape& tensor, std::optional<std::int64_t> along)
    : shape(along ? tensor : Shape{element_count(tensor)}),
      axis(along ? static_cast<std::size_t>(normalized_axis(*along, tensor.size())) : 0),
      size(static_cast<std::size_t>(shape[axis])) {
  if (element_count(tensor) == 0) return;
  const auto at_axis = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  outer = static_cast<std::size_t>(element_count(Shape(shape.begin(), at_axis)));
  inner = static_cast<std::size_t>(element_count(Shape(at_axis + 1, shape.end())));
}

Shape Slices::shape_of(std::size_t count) const {
  Shape some = shape;
  some[axis] = static_cast<std::int64_t>(count);
  return some;
}

}  // namespace linnet::internal
