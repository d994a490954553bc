// Removes nodes whose output is their input: Identity, Dropout at inference, a Cast to the same type.
#include "runtime/infer.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/uses.hpp"

namespace linnet::internal {
namespace {

bool other_outputs_unused(const Node& node, const std::vector<Use>& uses) {
  for (std::size_t i = 1; i < node.outputs.size(); ++i) {
    const ValueId output = node.outputs[i];
    if (output != kNoValue && (uses[output].readers > 0 || uses[output].graph_output)) return false;
  }
  return true;
}

}  // namespace

std::size_t remove_identity(PassContext& context) {
  Graph& graph = context.graph;
  const std::vector<Use> uses = find_uses(graph);
  std::vector<ValueId> stands_for(graph.values.size());
  for (ValueId value = 0; value < stands_for.size(); ++value) stands_for[value] = value;
  std::size_t removed = 0;
  for (Node& node : graph.nodes) {
    for (ValueId& input : node.inputs) {
      if (input != kNoValue) input = stands_for[input];  // already final: producers stand before readers
    }
    const NodeView view(node, graph.values, context.options);
    if (node.op->facts.is_identity == nullptr || !view.has_input(0) || !view.has_output(0)) continue;
    if (view.output(0).type == DataType::kUndefined) continue;  // `infer` refused the node, which a body may have
    if (!inputs_known(view) || !other_outputs_unused(node, uses) || !node.op->facts.is_identity(view)) continue;
    stands_for[node.outputs[0]] = node.inputs[0];
    node.op = nullptr;
    ++removed;
  }
  for (ValueId& output : graph.outputs) output = stands_for[output];
  drop_nodes_without_op(graph);
  return removed;
}

}  // namespace linnet::internal
