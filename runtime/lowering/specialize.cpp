#include <algorithm>
#include <vector>

#include "runtime/infer.hpp"
#include "runtime/lowering/lowering.hpp"

namespace linnet::internal {
namespace {

void set_inputs(Lowering& lowering, const std::vector<ProgramInput>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Value& value = lowering.values()[lowering.graph.inputs[i]];
    value.type.dims = to_dims(inputs[i].shape);
    value.type.ranked = true;
    value.constant = inputs[i].elements;
    value.room = inputs[i].room;
    if (value.constant != nullptr) lowering.weights.add(*value.constant);
  }
}

void check_known(Lowering& lowering, const Node& node) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    const TensorType& type = lowering.values()[node.outputs[i]].type;
    if (reveals(node) ? type.type != DataType::kUndefined : type.known() && all_known(type.dims)) continue;
    const Error error(ErrorCode::kUnsupported,
                      text("the shape of output ", i, " depends on data that is known only during the run"));
    throw with_node_and_inputs(node, lowering.values(), lowering.graph.symbols, error);
  }
}

void infer_nodes(Lowering& lowering) {
  const std::vector<bool> decides_shapes = find_shape_values(lowering.graph);
  for (const Node& node : lowering.graph.nodes) {
    lowering.settings.control.check();
    infer_values(node, lowering.values(), decides_shapes, lowering.settings.options, lowering.graph.symbols,
                 lowering.settings.control.stop(), &lowering.weights);
    check_known(lowering, node);
    if (node.op->facts.appends_along == nullptr) continue;
    // What is appended to another result is made anew.
    const Value& source = lowering.values()[node.inputs[0]];
    if (source.producer == kNoNode) lowering.values()[node.outputs[0]].room = source.room;
  }
}

/// Nodes that an output depends on and that are neither constant nor views.
void find_steps(Lowering& lowering) {
  std::vector<bool> needed(lowering.values().size(), false);
  lowering.views.resize(lowering.values().size());
  for (ValueId value = 0; value < lowering.views.size(); ++value) lowering.views[value] = value;
  for (const ValueId output : lowering.graph.outputs) needed[output] = lowering.values()[output].constant == nullptr;
  std::vector<NodeId> backwards;
  for (NodeId id = static_cast<NodeId>(lowering.graph.nodes.size()); id-- > 0;) {
    const Node& node = lowering.graph.nodes[id];
    const auto is_needed = [&](ValueId output) {
      return output != kNoValue && needed[output] && lowering.values()[output].constant == nullptr;
    };
    if (std::none_of(node.outputs.begin(), node.outputs.end(), is_needed)) continue;
    const int view_of = node.op->facts.view_of;
    if (view_of >= 0) {
      needed[node.inputs[static_cast<std::size_t>(view_of)]] = true;
    } else {
      for (const ValueId input : node.inputs) {
        if (input != kNoValue) needed[input] = true;
      }
    }
    backwards.push_back(id);
  }
  for (auto id = backwards.rbegin(); id != backwards.rend(); ++id) {
    const Node& node = lowering.graph.nodes[*id];
    const int view_of = node.op->facts.view_of;
    if (view_of >= 0) {
      lowering.views[node.outputs[0]] = lowering.views[node.inputs[static_cast<std::size_t>(view_of)]];
    } else {
      lowering.nodes.emplace_back();
      lowering.nodes.back().node = *id;
    }
  }
}

std::size_t bytes_of_output(const Lowering& lowering, const Node& node, const TensorType& type) {
  try {
    return byte_count(type.type, to_shape(type.dims));
  } catch (const Error& error) {
    throw with_node_and_inputs(node, lowering.program->values, lowering.graph.symbols, error);
  }
}

/// Before anything is packed or allocated: one value alone must fit the budget.
void check_sizes(Lowering& lowering) {
  for (const PreparedNode& entry : lowering.nodes) {
    const NodeId id = entry.node;
    if (reveals(lowering.graph.nodes[id])) continue;
    for (const ValueId output : lowering.graph.nodes[id].outputs) {
      if (output == kNoValue) continue;
      const TensorType& type = lowering.values()[output].type;
      const std::size_t bytes = bytes_of_output(lowering, lowering.graph.nodes[id], type);
      if (bytes > lowering.settings.memory_budget) {
        fail(ErrorCode::kLimitExceeded, describe(lowering.graph.nodes[id]), ": output ",
             printable(lowering.graph.value_names[output]), " of shape ", type.dims, " needs ", bytes,
             " bytes, the memory budget is ", lowering.settings.memory_budget);
      }
    }
  }
}

}  // namespace

void specialize(Lowering& lowering, const std::vector<ProgramInput>& inputs) {
  set_inputs(lowering, inputs);
  infer_nodes(lowering);
  find_steps(lowering);
  check_sizes(lowering);
}

}  // namespace linnet::internal
