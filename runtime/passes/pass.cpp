#include "runtime/passes/pass.hpp"

#include <algorithm>

#include "runtime/stages.hpp"

namespace linnet::internal {

namespace {

using Changes = std::vector<std::pair<std::string, std::size_t>>;

/// Adds to the changes. Bodies are nested no deeper than Limits::nesting allows.
void run_enabled(PassContext& context, Changes& changes) {
  for (Node& node : context.graph.nodes) {
    for (Body& body : node.bodies) {
      auto graph = new_shared<Graph>(*body.graph);
      PassContext within{*graph, context.registry, context.options, context.stop, context.folding};
      run_enabled(within, changes);
      body.graph = std::move(graph);
    }
    update_staged_bodies(node);
  }
  std::size_t enabled = 0;
  for (const Pass& pass : all_passes()) {
    context.stop.check();
    if (!is_disabled(context.options, pass.name)) changes[enabled++].second += pass.run(context);
  }
}

}  // namespace

const std::vector<Pass>& all_passes() {
  // Never destroyed: other threads may load while the process exits.
  static const auto& passes = *new std::vector<Pass>{
      {kFuseQuantized, fuse_quantized},
      {"fold_constants", fold_constants},
      {"take_branches", take_branches},
      {"remove_identity", remove_identity},
      {kFuseActivationParts, fuse_activation_parts},
      {kFuseLayerParts, fuse_layer_parts},
      {"fuse_addend", fuse_addend},
      {"fuse_affine", fuse_affine},
      {"fuse_activation", fuse_activation},
      {"choose_layouts", choose_layouts},
      {"fuse_transpose", fuse_transpose},
      {"remove_dead", remove_dead},
  };
  return passes;
}

std::vector<std::string> all_pass_names() {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  names.emplace_back(kChainRows);
  names.emplace_back(kGroupElements);
  return names;
}

bool is_disabled(const Options& options, std::string_view pass) {
  return std::any_of(options.disabled_passes.begin(), options.disabled_passes.end(),
                     [&](const std::string& entry) { return entry == "all" || entry == pass; });
}

std::vector<std::pair<std::string, std::size_t>> run_passes(PassContext& context) {
  const std::vector<std::string> names = all_pass_names();
  for (const std::string& name : context.options.disabled_passes) {
    if (name == "all" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string known = "all";
    for (const std::string& pass : names) known += text(", ", pass);
    invalid_argument("there is no pass \"", printable(name), "\" to switch off; there are: ", known);
  }
  Changes changes;
  for (const Pass& pass : all_passes()) {
    if (!is_disabled(context.options, pass.name)) changes.emplace_back(pass.name, 0);
  }
  FoldingAllowance folding(context.options.limits);
  PassContext shared{context.graph, context.registry, context.options, context.stop, &folding};
  run_enabled(shared, changes);
  return changes;
}

void drop_nodes_without_op(Graph& graph) {
  std::size_t kept = 0;
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    if (graph.nodes[node].op == nullptr) continue;
    if (kept != node) graph.nodes[kept] = std::move(graph.nodes[node]);
    for (const ValueId output : graph.nodes[kept].outputs) {
      if (output != kNoValue) graph.values[output].producer = static_cast<NodeId>(kept);
    }
    ++kept;
  }
  graph.nodes.resize(kept);
}

}  // namespace linnet::internal
