// One node in the place of several.
#pragma once

#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// The last of `members`, which stand in the graph's order, becomes the replacement and keeps its outputs. It gets the
/// name and the opset of the first, unless the replacement says otherwise, and names all that it is made of
/// (Node::fused). The others are marked by an empty `op` (drop_nodes_without_op).
void replace_nodes(Graph& graph, const std::vector<NodeId>& members, Replacement&& replacement);

}  // namespace linnet::internal
