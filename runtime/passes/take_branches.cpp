// Puts the nodes of a body in the place of a node that certainly runs it, and it alone: a branch whose condition is
// known at load. What the captures are known to be is then known within.
#include <utility>

#include "runtime/infer.hpp"
#include "runtime/passes/pass.hpp"

namespace linnet::internal {
namespace {

class Taking {
 public:
  explicit Taking(PassContext& context) : graph_(context.graph), options_(context.options) {
    for (ValueId value = 0; value < graph_.values.size(); ++value) stands_for_.push_back(value);
  }

  std::size_t run() {
    std::size_t taken = 0;
    std::vector<Node> nodes = std::exchange(graph_.nodes, {});
    for (Node& node : nodes) {
      rename(node.inputs, stands_for_);
      const auto decide = node.op->facts.taken_body;
      const auto body = decide == nullptr ? std::nullopt : decide({node, graph_.values, options_});
      if (body && take(node, node.bodies[*body])) {
        ++taken;
      } else {
        graph_.nodes.push_back(std::move(node));
      }
    }
    rename(graph_.outputs, stands_for_);
    drop_nodes_without_op(graph_);  // every value gets the number of its producer
    return taken;
  }

 private:
  static void rename(std::vector<ValueId>& values, const std::vector<ValueId>& names) {
    for (ValueId& value : values) {
      if (value != kNoValue) value = names[value];
    }
  }

  /// False for a body that is wrong for what is known of its captures: the node stays, as nothing may ever run it.
  bool take(const Node& node, const Body& body) {
    const std::size_t first_value = graph_.values.size();
    const std::size_t first_node = graph_.nodes.size();
    try {
      put_in(node, body);
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidModel && error.code() != ErrorCode::kUnsupported) throw;
    }
    graph_.values.resize(first_value);
    graph_.value_names.resize(first_value);
    graph_.nodes.resize(first_node);
    stands_for_.resize(first_value);
    return false;
  }

  void put_in(const Node& node, const Body& body) {
    const Graph& within = *body.graph;
    std::vector<ValueId> outside(within.values.size(), kNoValue);
    for (std::size_t i = 0; i < within.inputs.size(); ++i)
      outside[within.inputs[i]] = node.inputs[body.first_capture + i];
    for (std::size_t i = 0; i < outside.size(); ++i) {
      if (outside[i] != kNoValue) continue;
      outside[i] = graph_.add_value(within.value_names[i], within.values[i]);
      stands_for_.push_back(outside[i]);
    }
    for (const Node& member : within.nodes) {
      Node& moved = graph_.nodes.emplace_back(member);
      rename(moved.inputs, outside);
      rename(moved.outputs, outside);
      infer_node(moved, graph_.values, options_, graph_.symbols);
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      graph_.values[node.outputs[i]].producer = kNoNode;
      stands_for_[node.outputs[i]] = outside[within.outputs[i]];
    }
  }

  Graph& graph_;
  const Options& options_;
  std::vector<ValueId> stands_for_;  ///< beside the values
};

}  // namespace

std::size_t take_branches(PassContext& context) {
  std::size_t taken = 0;
  // Branches that hold others end: each step takes out a node that runs graphs, and puts in those of its bodies.
  while (const std::size_t now = Taking(context).run()) {
    taken += now;
    if (!is_disabled(context.options, "fold_constants")) fold_constants(context);
  }
  return taken;
}

}  // namespace linnet::internal
