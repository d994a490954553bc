#include "runtime/uses.hpp"

namespace linnet::internal {

std::vector<Use> find_uses(const Graph& graph) {
  std::vector<Use> uses(graph.values.size());
  for (NodeId node = 0; node < graph.nodes.size(); ++node) {
    for (const ValueId input : graph.nodes[node].inputs) {
      if (input == kNoValue) continue;
      ++uses[input].readers;
      uses[input].last_reader = node;
    }
  }
  for (const ValueId output : graph.outputs) uses[output].graph_output = true;
  return uses;
}

}  // namespace linnet::internal
