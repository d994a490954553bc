// Runs, once and now, what does not depend on the inputs of a run. What would make or take more than Limits allow stays
// for the run.
#include <algorithm>

#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"
#include "runtime/passes/pass.hpp"

namespace linnet::internal {
namespace {

/// Bytes of an output whose shape is not known: for every element of the largest input its indices, at most.
std::size_t most_revealed(const NodeView& view) {
  std::size_t most = 0;
  for (std::size_t i = 0; i < view.input_count(); ++i) {
    if (!view.has_input(i)) continue;
    const std::size_t indices = std::max<std::size_t>(view.input_rank(i), 1) * sizeof(std::int64_t);
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(static_cast<std::size_t>(element_count(view.input_shape(i))), indices, &bytes))
      return SIZE_MAX;
    most = std::max(most, bytes);
  }
  return most;
}

std::size_t bytes_made(const NodeView& view) {
  const OpFacts& facts = view.node().op->facts;
  if (facts.view_of >= 0) return 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < view.output_count(); ++i) {
    if (!view.has_output(i)) continue;
    const std::size_t more =
        facts.reveals ? most_revealed(view) : byte_count(view.output(i).type, view.output_shape(i));
    if (__builtin_add_overflow(bytes, more, &bytes)) return SIZE_MAX;
  }
  return bytes;
}

constexpr double kNodeNanoseconds = 2000.0;   ///< to choose an implementation, prepare and run it
constexpr double kElementNanoseconds = 10.0;  ///< read or written, by a scalar loop with a function in it

double nanoseconds_of(const NodeView& view) {
  const OpFacts& facts = view.node().op->facts;
  if (facts.view_of >= 0) return kNodeNanoseconds;
  if (facts.folding_ns != nullptr) return kNodeNanoseconds + facts.folding_ns(view);
  double elements = 0.0;
  const auto add = [&](const TensorType& type) {
    double count = 1.0;
    for (const Dim dim : type.dims) count *= dim.known() ? static_cast<double>(dim.value()) : 1.0;
    elements += count;
  };
  for (std::size_t i = 0; i < view.input_count(); ++i) {
    if (view.has_input(i) && view.input_constant(i) != nullptr) add(view.input(i));
  }
  for (std::size_t i = 0; i < view.output_count(); ++i) {
    if (view.has_output(i)) add(view.output(i));
  }
  return kNodeNanoseconds + kElementNanoseconds * elements;
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
  FoldingAllowance of_graph(context.options.limits);
  FoldingAllowance& allowance = context.folding != nullptr ? *context.folding : of_graph;
  std::size_t folded = 0;
  bool changed = false;
  for (Node& node : graph.nodes) {
    context.stop.check();
    // Inputs may have become constants, so that more is known now than at load.
    if (changed) infer_node(node, graph.values, context.options, graph.symbols);
    const NodeView view(node, graph.values, context.options);
    bool done = fold_elements(node, graph.values);
    if (!done && can_evaluate(view)) {
      try {
        if (!allowance.spend(bytes_made(view), nanoseconds_of(view))) continue;
        std::vector<ConstantPtr> results = evaluate(view, context.stop);
        for (std::size_t i = 0; i < results.size(); ++i) {
          if (results[i] == nullptr) continue;
          Value& value = graph.values[node.outputs[i]];
          if (node.op->facts.reveals) value.type = type_of(*results[i]);
          value.constant = std::move(results[i]);
        }
        done = true;
      } catch (const Error& error) {
        if (is_stop(error)) throw;
        if (error.code() != ErrorCode::kRuntimeFault) throw with_node(node, error);
        // A fault that depends on data belongs to the run, where a node that is never reached does no harm.
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
