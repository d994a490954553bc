// Makes one node of the nodes that match a pattern.
#pragma once

#include "runtime/passes/pass.hpp"

namespace linnet::internal {

/// Looks in the graph's order, from every node back, for the patterns of those registered fusions that are this
/// pass's; of several that match, the one registered first. What one makes may be part of a later match. Returns the
/// number of nodes made.
std::size_t fuse_patterns(PassContext& context, std::string_view pass);

}  // namespace linnet::internal
