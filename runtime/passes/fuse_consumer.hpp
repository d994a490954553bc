// Joins a node with the only reader of its output, where the node's operator knows how.
#pragma once

#include "runtime/passes/pass.hpp"

namespace linnet::internal {

/// Offers every node with this hook the only reader of its output, again and again as long as the hook takes it in.
/// Returns the number of nodes taken in.
std::size_t fuse_consumers(PassContext& context, FusionHook OpFacts::*hook);

}  // namespace linnet::internal
