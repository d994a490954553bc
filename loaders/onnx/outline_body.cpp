#include "loaders/onnx/outline_body.hpp"

#include <iterator>
#include <map>
#include <utility>

namespace linnet::internal::onnx {
namespace {

template <typename T>
std::vector<T> take_from(std::vector<T>& all, std::size_t first) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<T> taken(std::make_move_iterator(begin), std::make_move_iterator(all.end()));
  all.erase(begin, all.end());
  return taken;
}

/// Gives the values that a body names their numbers in the body's graph.
class Renumbering {
 public:
  Renumbering(const Graph& around, Graph& body, std::size_t first_value)
      : around_(around), body_(body), first_value_(static_cast<ValueId>(first_value)) {}

  void apply(std::vector<ValueId>& ids) {
    for (ValueId& id : ids) {
      if (id != kNoValue) id = renumbered(id);
    }
  }
  std::vector<ValueId> captures;

 private:
  ValueId renumbered(ValueId id) {
    if (id >= first_value_) return id - first_value_;
    const auto known = outer_.find(id);
    if (known != outer_.end()) return known->second;
    const Value& outside = around_.values[id];
    const std::string& name = around_.value_names[id];
    ValueId inside = kNoValue;
    if (outside.constant != nullptr) {
      inside = body_.add_constant(name, outside.constant);
    } else {
      Value value;
      value.type = outside.type;
      value.elements = outside.elements;
      inside = body_.add_value(name, std::move(value));
      body_.inputs.push_back(inside);
      captures.push_back(id);
    }
    outer_.emplace(id, inside);
    return inside;
  }

  const Graph& around_;
  Graph& body_;
  ValueId first_value_;
  std::map<ValueId, ValueId> outer_;
};

}  // namespace

OutlinedBody outline_body(Graph& graph, std::size_t first_node, std::size_t first_value, std::size_t own_inputs,
                          const std::vector<ValueId>& outputs) {
  auto body = new_shared<Graph>();
  body->values = take_from(graph.values, first_value);
  body->value_names = take_from(graph.value_names, first_value);
  body->nodes = take_from(graph.nodes, first_node);
  body->symbols = graph.symbols;
  for (Value& value : body->values) {
    if (value.producer != kNoNode) value.producer -= static_cast<NodeId>(first_node);
  }
  for (std::size_t i = 0; i < own_inputs; ++i) body->inputs.push_back(static_cast<ValueId>(i));
  Renumbering renumbering(graph, *body, first_value);
  for (Node& node : body->nodes) {
    renumbering.apply(node.inputs);
    renumbering.apply(node.outputs);
  }
  body->outputs = outputs;
  renumbering.apply(body->outputs);
  for (const ValueId input : body->inputs) body->input_names.push_back(body->value_names[input]);
  for (const ValueId output : body->outputs) body->output_names.push_back(body->value_names[output]);
  return {std::move(body), std::move(renumbering.captures)};
}

}  // namespace linnet::internal::onnx
