#include "ops/shared/element_types.hpp"

#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

std::string names_of(TypeSet allowed) {
  std::string names;
  for (int number = 1; number <= static_cast<int>(DataType::kInt2); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!allowed.has(type)) continue;
    names += text(names.empty() ? "" : ", ", type);
  }
  return names;
}

}  // namespace

void require_type(const NodeView& node, std::size_t input, const char* name, TypeSet allowed) {
  const DataType type = node.input_type(input);
  if (allowed.has(type)) return;
  if (!kStoredTypes.has(type)) unsupported("input ", name, " is ", type, ", which is not supported");
  invalid_model("input ", name, " is ", type, ", expected one of ", names_of(allowed));
}

DataType parse_element_type(ParseContext& context, const char* attribute, TypeSet allowed) {
  const std::int64_t number = context.get_int(attribute, 0);
  if (number == 0) return DataType::kUndefined;
  const auto type = number > 0 && number < 256 ? static_cast<DataType>(number) : DataType::kUndefined;
  if (!allowed.has(type))
    invalid_model("attribute \"", attribute, "\" is ", number, ", which is no element type that is allowed there");
  return type;
}

void require_type_of_first(const NodeView& node, std::size_t input, const char* name, const char* first_name) {
  if (node.input_type(input) == node.input_type(0)) return;
  invalid_model("input ", name, " is ", node.input_type(input), ", but ", first_name, " is ", node.input_type(0));
}

std::string accepts_float32(const NodeView& node) {
  return node.input_type(0) == DataType::kFloat32 ? "" : text("only float32, not ", node.input_type(0));
}

std::string accepts_half(const NodeView& node) {
  const DataType type = node.input_type(0);
  return is_half(type) ? "" : text("only float16 and bfloat16, not ", type);
}

void infer_same_as_first(InferContext& context, TypeSet allowed) {
  require_type(context, 0, "X", allowed);
  context.set_output(0, context.input_type(0), context.input_dims(0));
}

}  // namespace linnet::internal
