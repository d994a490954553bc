#include "runtime/passes/fuse_consumer.hpp"

#include <algorithm>

#include "runtime/infer.hpp"
#include "runtime/passes/replace_nodes.hpp"
#include "runtime/uses.hpp"

namespace linnet::internal {
namespace {

/// The only output of the node that is there, or kNoValue when there are several.
ValueId only_output(const Node& node) {
  ValueId only = kNoValue;
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    if (only != kNoValue) return kNoValue;
    only = output;
  }
  return only;
}

bool types_known(const NodeView& view) { return inputs_known(view) && view.has_output(0) && view.output(0).known(); }

std::size_t index_of_input(const Node& node, ValueId value) {
  std::size_t index = 0;
  while (node.inputs[index] != value) ++index;
  return index;
}

/// Bit i: input i has other readers. Values that passes have added lie behind those of `uses` and have one.
std::uint64_t shared_inputs(const Node& node, const std::vector<Use>& uses) {
  std::uint64_t shared = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(node.inputs.size(), 64); ++i) {
    const ValueId input = node.inputs[i];
    if (input < uses.size() && uses[input].readers > 1) shared |= std::uint64_t{1} << i;
  }
  return shared;
}

}  // namespace

std::size_t fuse_consumers(PassContext& context, FusionHook OpFacts::*hook) {
  Graph& graph = context.graph;
  std::vector<Use> uses = find_uses(graph);
  std::size_t fused = 0;
  for (NodeId start = 0; start < graph.nodes.size(); ++start) {
    context.stop.check();
    NodeId current = start;
    while (graph.nodes[current].op != nullptr && graph.nodes[current].op->facts.*hook != nullptr) {
      const ValueId output = only_output(graph.nodes[current]);
      if (output == kNoValue || uses[output].readers != 1 || uses[output].graph_output) break;
      const NodeId reader = uses[output].last_reader;
      const NodeView producer(graph.nodes[current], graph.values, context.options);
      const NodeView consumer(graph.nodes[reader], graph.values, context.options);
      if (!types_known(producer) || !types_known(consumer) || only_output(graph.nodes[reader]) == kNoValue) break;
      std::optional<Replacement> replacement =
          (graph.nodes[current].op->facts.*hook)({producer, consumer, index_of_input(graph.nodes[reader], output),
                                                  context.registry, shared_inputs(graph.nodes[current], uses)});
      if (!replacement) break;
      replace_nodes(graph, {current, reader}, std::move(*replacement));
      // What the producer read is read by the node that took its place.
      for (const ValueId input : graph.nodes[reader].inputs) {
        if (input < uses.size()) uses[input].last_reader = reader;
      }
      ++fused;
      current = reader;
    }
  }
  drop_nodes_without_op(graph);
  return fused;
}

}  // namespace linnet::internal
