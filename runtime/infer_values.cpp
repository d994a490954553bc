#include "runtime/infer_values.hpp"

#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

/// Marks the node's inputs whose elements shapes within its bodies depend on. Bodies are nested no deeper than
/// Limits::nesting allows.
void find_inputs_of_bodies(const Node& node, std::vector<bool>& decides) {
  for (std::size_t i = 0; i < node.bodies.size(); ++i) {
    const Body& body = node.bodies[i];
    const std::vector<bool> within = find_shape_values(*body.graph);
    for (std::size_t input = 0; input < body.graph->inputs.size(); ++input) {
      if (!within[body.graph->inputs[input]]) continue;
      std::size_t outside = body.first_capture + input - body.own_inputs;
      if (input < body.own_inputs) {
        const auto begins_as = node.op->bodies[i].begins_as;
        outside = begins_as == nullptr ? node.own_inputs() : begins_as(input);
        if (outside >= node.own_inputs()) continue;
      }
      if (node.inputs[outside] != kNoValue) decides[node.inputs[outside]] = true;
    }
  }
}

void evaluate_node(const Node& node, std::vector<Value>& values, const Options& options,
                   const std::vector<std::string>& symbols, const Stop& stop, MadeConstants* made) {
  const NodeView view(node, values, options);
  if (!can_evaluate(view)) return;
  try {
    std::vector<ConstantPtr> results = evaluate(view, stop);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i] == nullptr) continue;
      // A view has the bytes of another constant.
      if (made != nullptr && node.op->facts.view_of < 0) made->add(*results[i]);
      values[node.outputs[i]].constant = std::move(results[i]);
    }
  } catch (const Error& error) {
    if (is_stop(error)) throw;
    throw with_node_and_inputs(node, values, symbols, error);
  }
}

}  // namespace

std::vector<bool> find_shape_values(const Graph& graph) {
  std::vector<bool> decides(graph.values.size(), false);
  for (std::size_t index = graph.nodes.size(); index-- > 0;) {
    const Node& node = graph.nodes[index];
    const OpFacts& facts = node.op->facts;
    std::uint64_t value_inputs = facts.value_inputs;
    if (facts.more_value_inputs != nullptr) value_inputs |= facts.more_value_inputs(node);
    bool output_decides = false;
    for (const ValueId output : node.outputs)
      output_decides = output_decides || (output != kNoValue && decides[output]);
    find_inputs_of_bodies(node, decides);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue) continue;
      const bool shape_only = has_bit(facts.shape_only_inputs, i);
      if (has_bit(value_inputs, i) || (output_decides && !shape_only)) decides[node.inputs[i]] = true;
    }
  }
  for (std::size_t value = 0; value < decides.size(); ++value) {
    if (graph.values[value].constant != nullptr) decides[value] = false;
  }
  return decides;
}

void infer_values(const Node& node, std::vector<Value>& values, const std::vector<bool>& decides_shapes,
                  const Options& options, const std::vector<std::string>& symbols, const Stop& stop,
                  MadeConstants* made) {
  infer_node(node, values, options, symbols);
  bool wanted = false;
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    Value& value = values[output];
    wanted = wanted || decides_shapes[output];
    if (value.elements == nullptr) continue;
    value.constant = constant_from_elements(value);
    if (value.constant != nullptr && made != nullptr) made->add(*value.constant);
  }
  if (wanted) evaluate_node(node, values, options, symbols, stop, made);
}

std::vector<Value> infer_body(const Graph& body, const std::vector<Value>& inputs, const Options& options) {
  std::vector<Value> values = body.values;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Value& value = values[body.inputs[i]];
    value.type = inputs[i].type;
    value.constant = inputs[i].constant;
    value.elements = inputs[i].elements;
  }
  const std::vector<bool> decides_shapes = find_shape_values(body);
  for (const Node& node : body.nodes) infer_values(node, values, decides_shapes, options, body.symbols, {}, nullptr);
  std::vector<Value> outputs;
  for (const ValueId output : body.outputs) outputs.push_back(values[output]);
  return outputs;
}

}  // namespace linnet::internal
