#include "runtime/uses.hpp"

#include "runtime/op.hpp"

namespace linnet::internal {
namespace {

/// Where `change` is as many as -1, all counts lose one.
void change_reads(const Node& node, std::vector<Use>& uses, std::uint32_t change) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue) continue;
    Use& use = uses[node.inputs[i]];
    use.readers += change;
    if (node.op != nullptr && node.op->inputs.has(i, kShapeOnly)) use.shape_readers += change;
  }
}

}  // namespace

void add_reads(const Node& node, std::vector<Use>& uses) { change_reads(node, uses, 1); }
void remove_reads(const Node& node, std::vector<Use>& uses) { change_reads(node, uses, ~std::uint32_t{0}); }

std::vector<Use> find_uses(const Graph& graph) {
  std::vector<Use> uses(graph.values.size());
  for (NodeId node = 0; node < graph.nodes.size(); ++node) {
    add_reads(graph.nodes[node], uses);
    for (const ValueId input : graph.nodes[node].inputs) {
      if (input != kNoValue) uses[input].last_reader = node;
    }
  }
  for (const ValueId output : graph.outputs) uses[output].graph_output = true;
  return uses;
}

}  // namespace linnet::internal
