#include "runtime/growing_caches.hpp"

#include <algorithm>
#include <optional>

#include "runtime/node_view.hpp"
#include "runtime/uses.hpp"

namespace linnet::internal {
namespace {

/// The value whose bytes this one shows.
ValueId shown_by(const Graph& graph, ValueId value) {
  for (NodeId node = graph.values[value].producer; node != kNoNode; node = graph.values[value].producer) {
    const int view_of = graph.nodes[node].op->facts.view_of;
    if (view_of < 0) break;
    value = graph.nodes[node].inputs[static_cast<std::size_t>(view_of)];
  }
  return value;
}

/// The position of a value that stands in the list once.
std::optional<std::size_t> only_position(const std::vector<ValueId>& values, ValueId value) {
  if (std::count(values.begin(), values.end(), value) != 1) return std::nullopt;
  return static_cast<std::size_t>(std::find(values.begin(), values.end(), value) - values.begin());
}

/// Of all values: whether every reader of the elements takes them with room between.
std::vector<bool> find_spaced(const Graph& graph) {
  std::vector<bool> spaced(graph.values.size(), true);
  for (const Node& node : graph.nodes) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue) continue;
      if (!node.op->inputs.has(i, kSpaced) && !node.op->inputs.has(i, kShapeOnly)) spaced[node.inputs[i]] = false;
    }
  }
  return spaced;
}

bool has_ranks(const Graph& graph, const Node& node) {
  const auto has_rank = [&](ValueId value) { return value != kNoValue && graph.values[value].type.ranked; };
  return std::all_of(node.inputs.begin(), node.inputs.end(), has_rank);
}

}  // namespace

std::vector<GrowingCache> find_growing_caches(const Graph& graph, const Options& options) {
  std::vector<GrowingCache> caches;
  std::vector<ValueId> shown;  // by the outputs: two that show one value do not both lie in its memory
  for (const ValueId output : graph.outputs) shown.push_back(shown_by(graph, output));
  std::vector<Use> uses;
  std::vector<bool> spaced;
  for (const Node& node : graph.nodes) {
    if (node.op->facts.appends_along == nullptr || !has_ranks(graph, node)) continue;
    const std::optional<std::size_t> input = only_position(graph.inputs, node.inputs[0]);
    const std::optional<std::size_t> output = only_position(shown, node.outputs[0]);
    if (!input || !output || graph.outputs[*output] != node.outputs[0]) continue;
    const std::optional<std::size_t> axis = node.op->facts.appends_along(NodeView(node, graph.values, options));
    if (!axis) continue;
    if (uses.empty()) {
      uses = find_uses(graph);
      spaced = find_spaced(graph);
    }
    const Use& use = uses[node.inputs[0]];
    if (use.graph_output || use.readers - use.shape_readers != 1) continue;
    caches.push_back({*input, *output, *axis, spaced[node.outputs[0]]});
  }
  return caches;
}

std::size_t pieces_before(const Shape& shape, std::size_t axis) {
  std::size_t pieces = 1;
  for (std::size_t i = 0; i < axis; ++i) pieces *= static_cast<std::size_t>(shape[i]);
  return pieces;
}

}  // namespace linnet::internal
