#include "runtime/passes/replace_nodes.hpp"

namespace linnet::internal {
namespace {

void append_originals(const Node& node, std::vector<OriginalNode>& list) {
  if (node.fused.empty()) {
    list.push_back({node.op->name, node.name});
  } else {
    list.insert(list.end(), node.fused.begin(), node.fused.end());
  }
}

}  // namespace

void replace_nodes(Graph& graph, const std::vector<NodeId>& members, Replacement&& replacement) {
  const Node& first = graph.nodes[members.front()];
  Node& last = graph.nodes[members.back()];
  std::vector<OriginalNode> fused;
  for (const NodeId member : members) append_originals(graph.nodes[member], fused);
  last.fused = std::move(fused);
  if (!replacement.named_after_consumer) {
    last.name = first.name;
    last.opset = first.opset;
  }
  last.inputs.clear();
  for (auto& input : replacement.inputs) {
    if (const ValueId* value = std::get_if<ValueId>(&input)) {
      last.inputs.push_back(*value);
    } else {
      last.inputs.push_back(graph.add_constant(last.name + ".folded", std::get<ConstantPtr>(std::move(input))));
    }
  }
  for (const NodeId member : members) graph.nodes[member].op = nullptr;
  last.op = replacement.op;
  last.attributes = std::move(replacement.attributes);
}

}  // namespace linnet::internal
