#include "runtime/passes/fuse_patterns.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "runtime/passes/replace_nodes.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using FusionsByLast = std::map<const OpDef*, std::vector<const Fusion*>>;

/// By every operator that the last node of their pattern may have.
void add_by_last(const Registry& registry, const Pattern& last, const Fusion& fusion, FusionsByLast& by_last) {
  if (last.kind == Pattern::Kind::kOneOf) {
    for (const Pattern& alternative : *last.parts) add_by_last(registry, alternative, fusion, by_last);
  }
  if (last.kind != Pattern::Kind::kOp) return;
  const OpDef* op = registry.find("", last.op);
  if (op == nullptr) return;
  std::vector<const Fusion*>& list = by_last[op];
  if (list.empty() || list.back() != &fusion) list.push_back(&fusion);
}

/// A replacement cannot read what the nodes that it replaces make.
bool reads_only_what_stays(const Graph& graph, const std::vector<NodeId>& members, const Replacement& replacement) {
  return std::all_of(replacement.inputs.begin(), replacement.inputs.end(), [&](const auto& input) {
    const ValueId* value = std::get_if<ValueId>(&input);
    if (value == nullptr || *value == kNoValue) return true;
    const NodeId producer = graph.values[*value].producer;
    return !std::binary_search(members.begin(), members.end(), producer);
  });
}

bool fuse(PassContext& context, const Fusion& fusion, NodeId last, Match& match, std::vector<Use>& uses) {
  Graph& graph = context.graph;
  if (!match.find(fusion.last, last)) return false;
  std::optional<Replacement> replacement = fusion.make(match);
  if (!replacement) return false;
  std::vector<NodeId> removed;
  std::set_difference(match.nodes().begin(), match.nodes().end(), match.kept().begin(), match.kept().end(),
                      std::back_inserter(removed));
  if (!reads_only_what_stays(graph, removed, *replacement)) return false;
  for (const NodeId node : removed) remove_reads(graph.nodes[node], uses);
  replace_nodes(graph, removed, std::move(*replacement));
  uses.resize(graph.values.size());
  add_reads(graph.nodes[last], uses);
  return true;
}

}  // namespace

std::size_t fuse_patterns(PassContext& context, std::string_view pass) {
  Graph& graph = context.graph;
  FusionsByLast by_last;
  for (const std::shared_ptr<const Fusion>& fusion : context.registry.fusions()) {
    if (fusion->pass == pass) add_by_last(context.registry, fusion->last, *fusion, by_last);
  }
  if (by_last.empty()) return 0;
  std::vector<Use> uses = find_uses(graph);
  Match match(graph, uses, context.registry, context.options);
  std::size_t fused = 0;
  for (NodeId node = 0; node < graph.nodes.size(); ++node) {
    context.stop.check();
    const auto found = by_last.find(graph.nodes[node].op);
    if (found == by_last.end()) continue;
    const bool replaced = std::any_of(found->second.begin(), found->second.end(),
                                      [&](const Fusion* fusion) { return fuse(context, *fusion, node, match, uses); });
    if (replaced) ++fused;
  }
  drop_nodes_without_op(graph);
  return fused;
}

}  // namespace linnet::internal
