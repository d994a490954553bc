#include "runtime/infer_values.hpp"

#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

/// Inputs whose elements shapes within the node's bodies depend on; none where there are no such bodies. Bodies are
/// nested no deeper than Limits::nesting allows.
std::vector<bool> find_inputs_of_bodies(const Node& node) {
  std::vector<bool> decides;
  if (node.bodies.empty() || node.staged_bodies) return decides;
  decides.resize(node.inputs.size());
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
      decides[outside] = true;
    }
  }
  return decides;
}

/// Calls visit(input, decides) for every input of the node that is given.
template <typename Visitor>
void visit_inputs(const Node& node, const Visitor& visit) {
  const OpFacts& facts = node.op->facts;
  const std::uint64_t more = facts.more_value_inputs != nullptr ? facts.more_value_inputs(node) : 0;
  const std::vector<bool> of_bodies = find_inputs_of_bodies(node);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const bool decides = node.op->inputs.has(i, kDecidesShapes) || has_bit(more, i);
    if (node.inputs[i] != kNoValue) visit(i, decides || (!of_bodies.empty() && of_bodies[i]));
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
      if (node.op->facts.reveals) values[node.outputs[i]].type = type_of(*results[i]);
      values[node.outputs[i]].constant = std::move(results[i]);
    }
  } catch (const Error& error) {
    if (is_stop(error)) throw;
    throw with_node_and_inputs(node, values, symbols, error);
  }
}

}  // namespace

std::vector<bool> find_deciding_inputs(const Node& node) {
  std::vector<bool> decides(node.inputs.size());
  visit_inputs(node, [&](std::size_t input, bool deciding) { decides[input] = deciding; });
  return decides;
}

std::vector<bool> find_shape_values(const Graph& graph) {
  std::vector<bool> decides(graph.values.size(), false);
  for (std::size_t index = graph.nodes.size(); index-- > 0;) {
    const Node& node = graph.nodes[index];
    bool output_decides = false;
    for (const ValueId output : node.outputs)
      output_decides = output_decides || (output != kNoValue && decides[output]);
    visit_inputs(node, [&](std::size_t input, bool deciding) {
      const bool shape_only = node.op->inputs.has(input, kShapeOnly);
      if (deciding || (output_decides && !shape_only)) decides[node.inputs[input]] = true;
    });
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
