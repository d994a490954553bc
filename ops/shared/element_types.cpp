#include "ops/shared/element_types.hpp"

#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
DataType parse_element_type(ParseContext& context, const char* attribute, TypeSet allowed) {
  const std::int64_t number = context.get_int(attribute, 0);
  if (number == 0) return DataType::kUndefined;
  const auto type = number > 0 && number < 256 ? static_cast<DataType>(number) : DataType::kUndefined;
  if (!allowed.has(type))
    invalid_model("attribute \"", attribute, "\" is ", number, ", which is no element type that is allowed there");
  return type;
}

std::string accepts_float32(const NodeView& node) {
  return node.input_type(0) == DataType::kFloat32 ? "" : text("only float32, not ", node.input_type(0));
}

std::string accepts_half(const NodeView& node) {
  const DataType type = node.input_type(0);
  return is_half(type) ? "" : text("only float16 and bfloat16, not ", type);
}

void infer_like_first(InferContext& context) { context.set_output(0, context.input_dims(0)); }

}  // namespace linnet::internal
