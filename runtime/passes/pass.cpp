#include "runtime/passes/pass.hpp"

#include <algorithm>

namespace linnet::internal {

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> kPasses = {
      {"fold_constants", fold_constants}, {"remove_identity", remove_identity}, {"fuse_addend", fuse_addend},
      {"fuse_affine", fuse_affine},       {"fuse_activation", fuse_activation}, {"remove_dead", remove_dead},
  };
  return kPasses;
}

std::vector<std::pair<std::string, std::size_t>> run_passes(PassContext& context) {
  const std::vector<std::string>& disabled = context.options.disabled_passes;
  for (const std::string& name : disabled) {
    const auto named = [&](const Pass& pass) { return name == pass.name; };
    if (name == "all" || std::any_of(all_passes().begin(), all_passes().end(), named)) continue;
    std::string known = "all";
    for (const Pass& pass : all_passes()) known += text(", ", pass.name);
    invalid_argument("there is no pass \"", printable(name), "\" to switch off; there are: ", known);
  }
  const auto is_disabled = [&](const char* name) {
    return std::any_of(disabled.begin(), disabled.end(),
                       [&](const std::string& entry) { return entry == "all" || entry == name; });
  };
  std::vector<std::pair<std::string, std::size_t>> changes;
  for (const Pass& pass : all_passes()) {
    if (!is_disabled(pass.name)) changes.emplace_back(pass.name, pass.run(context));
  }
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
