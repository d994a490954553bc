#include "ops/control/slice_plan.hpp"

#include "runtime/data_type.hpp"

namespace linnet::internal {

SlicePlan plan_slice(const PrepareContext& context, const ScanAxis& axis, std::size_t input) {
  SlicePlan plan;
  plan.operand = input;
  plan.backwards = axis.backwards;
  Shape shape = context.input_shape(input);
  const std::size_t element = size_of(context.input_type(input));
  const auto along = static_cast<std::size_t>(normalized_axis(axis.axis, shape.size()));
  std::vector<std::int64_t> strides = row_major_strides(shape);
  plan.stride_bytes = static_cast<std::size_t>(strides[along]) * element;
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(along));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(along));
  plan.bytes = byte_count(context.input_type(input), shape);
  plan.strided = along != 0;
  if (plan.strided) plan.copy = make_strided_copy(element, shape, strides, 0);
  return plan;
}

const void* slice_at(RunControl& control, const SlicePlan& plan, const void* whole, std::int64_t position,
                     std::byte* memory) {
  const std::byte* const slice =
      static_cast<const std::byte*>(whole) + static_cast<std::size_t>(position) * plan.stride_bytes;
  if (!plan.strided) return slice;
  run_strided_copy(control, plan.copy, slice, memory);
  return memory;
}

}  // namespace linnet::internal
