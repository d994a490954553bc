#include "ops/control/bodies.hpp"

namespace linnet::internal {

void append_captures(const NodeView& node, std::size_t body, std::vector<Value>& inputs) {
  const Body& captured_by = node.node().bodies[body];
  const std::size_t captures = captured_by.graph->inputs.size() - captured_by.own_inputs;
  for (std::size_t i = 0; i < captures; ++i) {
    const Value& outside = node.input_value(captured_by.first_capture + i);
    Value inside;
    inside.type = outside.type;
    inside.constant = outside.constant;
    inside.elements = outside.elements;
    inputs.push_back(std::move(inside));
  }
}

std::vector<ProgramInput> program_inputs(const std::vector<Value>& inputs) {
  std::vector<ProgramInput> result;
  result.reserve(inputs.size());
  for (const Value& input : inputs) result.push_back({to_shape(input.type.dims), input.constant});
  return result;
}

bool certainly_same(const TensorType& a, const TensorType& b) {
  if (!a.known() || !b.known() || a.type != b.type || a.dims.size() != b.dims.size()) return false;
  for (std::size_t i = 0; i < a.dims.size(); ++i) {
    if (!a.dims[i].same(b.dims[i])) return false;
  }
  return true;
}

TensorType common_type(const TensorType& a, const TensorType& b) {
  TensorType result;
  result.type = a.type;
  result.ranked = a.ranked && b.ranked && a.dims.size() == b.dims.size();
  if (!result.ranked) return result;
  for (std::size_t i = 0; i < a.dims.size(); ++i) {
    result.dims.push_back(a.dims[i].same(b.dims[i]) ? a.dims[i] : Dim::unknown());
  }
  return result;
}

void set_output_as_known(InferContext& context, std::size_t output, const TensorType& type) {
  if (type.known()) {
    context.set_output(output, type.type, type.dims);
  } else {
    context.set_output_unranked(output, type.type);
  }
}

const TensorType& output_of(const Body& body, std::size_t output) {
  return body.graph->values[body.graph->outputs[output]].type;
}

}  // namespace linnet::internal
