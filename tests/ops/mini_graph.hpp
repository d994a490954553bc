// A few nodes on one list of values, for tests of single nodes and of fusion hooks without a model:
//
//   MiniGraph graph;
//   const ValueId a = graph.constant(tensor_of<float>({1, 2}, {1, 2}));
//   const ValueId y = graph.node("Relu", 14, {}, {a});
//   ConstantPtr result = graph.evaluate(y, Backend::kSimd);
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "ops/ops.hpp"
#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {

class MiniGraph {
 public:
  ValueId constant(ConstantPtr tensor) {
    Value value;
    value.type = type_of(*tensor);
    value.constant = std::move(tensor);
    values_.push_back(std::move(value));
    return static_cast<ValueId>(values_.size() - 1);
  }

  /// A value that only a run knows.
  ValueId variable(DataType type, Dims dims) {
    Value value;
    value.type = {type, true, std::move(dims)};
    values_.push_back(std::move(value));
    return static_cast<ValueId>(values_.size() - 1);
  }

  /// Its only output. Errors: those of parse and infer.
  ValueId node(const std::string& name, int opset, const std::vector<NamedAttribute>& attributes,
               std::vector<ValueId> inputs) {
    const OpDef* op = all_operators().find("", name);
    if (op == nullptr) fail(ErrorCode::kInternal, "no operator ", name, " is registered");
    return add(op, opset, parse_node(*op, opset, attributes, inputs.size(), 1), std::move(inputs));
  }

  /// The node that a fusion hook wants.
  ValueId node(const Replacement& replacement) {
    std::vector<ValueId> inputs;
    for (const auto& input : replacement.inputs) {
      const ValueId* value = std::get_if<ValueId>(&input);
      inputs.push_back(value != nullptr ? *value : constant(std::get<ConstantPtr>(input)));
    }
    return add(replacement.op, 13, replacement.attributes, std::move(inputs));
  }

  const Value& value(ValueId id) const { return values_[id]; }
  const Node& producer(ValueId id) const { return nodes_[values_[id].producer]; }
  NodeView view(ValueId id) const { return NodeView(producer(id), values_, options_); }

  /// What `hook` of the producer of `product` makes of the node that reads it as input `input`.
  std::optional<Replacement> fuse(FusionHook OpFacts::*hook, ValueId product, ValueId reader, std::size_t input = 0,
                                  std::uint64_t shared_inputs = 0) const {
    return (producer(product).op->facts.*hook)({view(product), view(reader), input, all_operators(), shared_inputs});
  }

  /// Runs the nodes before `id` and its own on one thread. Requires: all inputs are constants.
  ConstantPtr evaluate(ValueId id, Backend backend) {
    options_.backend = backend;
    std::vector<ValueId> computed;
    for (const ValueId input : producer(id).inputs) {
      if (input == kNoValue || values_[input].constant != nullptr) continue;
      values_[input].constant = evaluate(input, backend);
      computed.push_back(input);
    }
    const ConstantPtr result = internal::evaluate(view(id))[0];
    for (const ValueId input : computed) values_[input].constant = nullptr;
    return result;
  }

 private:
  ValueId add(const OpDef* op, int opset, AttributesPtr attributes, std::vector<ValueId> inputs) {
    Node node;
    node.op = op;
    node.opset = opset;
    node.attributes = std::move(attributes);
    node.inputs = std::move(inputs);
    const auto output = static_cast<ValueId>(values_.size());
    node.outputs = {output};
    values_.emplace_back();
    values_.back().producer = static_cast<NodeId>(nodes_.size());
    nodes_.push_back(std::move(node));
    infer_node(nodes_.back(), values_, options_, {});
    return output;
  }

  std::vector<Value> values_;
  std::deque<Node> nodes_;
  Options options_;
};

}  // namespace linnet::internal
