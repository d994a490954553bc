#include "ops/sequence/sequences.hpp"

namespace linnet::internal {

void require_sequence(const NodeView& node, std::size_t input, const char* name) {
  if (is_sequence(node.input_type(input))) return;
  invalid_model("input ", name, " is ", node.input_type(input), ", expected a sequence");
}

void set_output_sequence(InferContext& context, DataType element, Dim count) {
  context.set_output(0, sequence_of(element), {count});
}

std::int64_t integer_at(DataType type, const void* elements, std::size_t index) {
  return type == DataType::kInt32 ? static_cast<const std::int32_t*>(elements)[index]
                                  : static_cast<const std::int64_t*>(elements)[index];
}

std::size_t position_at(DataType type, const void* element, std::size_t count, bool end) {
  const std::int64_t given = integer_at(type, element, 0);
  const auto size = static_cast<std::int64_t>(count);
  const std::int64_t last = end ? size : size - 1;
  if (given < -size || given > last) {
    fail(ErrorCode::kRuntimeFault, "position ", given, " is outside [", -size, ",", last, "] of a sequence of ", size);
  }
  return static_cast<std::size_t>(given < 0 ? given + size : given);
}

}  // namespace linnet::internal
