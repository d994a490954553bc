// Removes nodes that no output depends on, and values that nobody names any more.
#include "runtime/passes/pass.hpp"

namespace linnet::internal {
namespace {

void compact_values(Graph& graph) {
  std::vector<bool> named(graph.values.size(), false);
  const auto mark = [&](const std::vector<ValueId>& ids) {
    for (const ValueId id : ids) {
      if (id != kNoValue) named[id] = true;
    }
  };
  mark(graph.inputs);
  mark(graph.outputs);
  for (const Node& node : graph.nodes) {
    mark(node.inputs);
    mark(node.outputs);
  }
  std::vector<ValueId> renumbered(graph.values.size(), kNoValue);
  ValueId kept = 0;
  for (ValueId value = 0; value < named.size(); ++value) {
    if (!named[value]) continue;
    if (kept != value) {
      graph.values[kept] = std::move(graph.values[value]);
      graph.value_names[kept] = std::move(graph.value_names[value]);
    }
    renumbered[value] = kept++;
  }
  graph.values.resize(kept);
  graph.value_names.resize(kept);
  const auto renumber = [&](std::vector<ValueId>& ids) {
    for (ValueId& id : ids) {
      if (id != kNoValue) id = renumbered[id];
    }
  };
  renumber(graph.inputs);
  renumber(graph.outputs);
  for (Node& node : graph.nodes) {
    renumber(node.inputs);
    renumber(node.outputs);
  }
}

}  // namespace

std::size_t remove_dead(PassContext& context) {
  Graph& graph = context.graph;
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId output : graph.outputs) needed[output] = true;
  std::size_t removed = 0;
  for (std::size_t index = graph.nodes.size(); index-- > 0;) {
    Node& node = graph.nodes[index];
    bool used = false;
    for (const ValueId output : node.outputs) used = used || (output != kNoValue && needed[output]);
    if (!used) {
      node.op = nullptr;
      ++removed;
      continue;
    }
    for (std::size_t i = 1; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != kNoValue && !needed[node.outputs[i]]) node.outputs[i] = kNoValue;
    }
    for (const ValueId input : node.inputs) {
      if (input != kNoValue) needed[input] = true;
    }
  }
  drop_nodes_without_op(graph);
  compact_values(graph);
  return removed;
}

}  // namespace linnet::internal
