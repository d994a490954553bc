// Runs, once and now, what does not depend on the inputs of a run.
#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"
#include "runtime/passes/pass.hpp"

namespace linnet::internal {
namespace {

std::size_t bytes_made(const NodeView& view) {
  const OpFacts& facts = view.node().op->facts;
  if (facts.view_of >= 0) return 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < view.output_count(); ++i) {
    if (!view.has_output(i)) continue;
    const std::size_t more = byte_count(view.output(i).type, view.output_shape(i));
    if (__builtin_add_overflow(bytes, more, &bytes)) return SIZE_MAX;
  }
  return bytes;
}

bool fold_elements(Node& node, std::vector<Value>& values) {
  bool all = true;
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    if (values[output].constant == nullptr) values[output].constant = constant_from_elements(values[output]);
    all = all && values[output].constant != nullptr;
  }
  return all;
}

}  // namespace

std::size_t fold_constants(PassContext& context) {
  Graph& graph = context.graph;
  const std::size_t limit = context.options.limits.folded_bytes;
  std::size_t total = 0;
  std::size_t folded = 0;
  bool changed = false;
  for (Node& node : graph.nodes) {
    // Inputs may have become constants, so that more is known now than at load.
    if (changed) infer_node(node, graph.values, context.options, graph.symbols);
    const NodeView view(node, graph.values, context.options);
    bool done = fold_elements(node, graph.values);
    if (!done && can_evaluate(view)) {
      const std::size_t bytes = bytes_made(view);
      if (limit == 0 || (bytes <= limit && total <= limit - bytes)) {
        try {
          std::vector<ConstantPtr> results = evaluate(view);
          for (std::size_t i = 0; i < results.size(); ++i) {
            if (results[i] != nullptr) graph.values[node.outputs[i]].constant = std::move(results[i]);
          }
          total += bytes;
          done = true;
        } catch (const Error& error) {
          if (error.code() != ErrorCode::kRuntimeFault) throw with_node(node, error);
          // A fault that depends on data belongs to the run, where a node that is never reached does no harm.
        }
      }
    }
    if (!done) continue;
    for (const ValueId output : node.outputs) {
      if (output != kNoValue) graph.values[output].producer = kNoNode;
    }
    node.op = nullptr;
    changed = true;
    ++folded;
  }
  drop_nodes_without_op(graph);
  return folded;
}

}  // namespace linnet::internal
