// Chooses the implementation of a node.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Names of implementations passed over, with the reason.
using Refusals = std::vector<std::pair<std::string, std::string>>;

/// The first implementation of the operator's list that the backend option allows and that accepts the node; those
/// before it go to `refusals` (may be null). Requires: all dimensions known. Errors: kUnsupported, with all reasons,
/// when none accepts.
const Implementation& select_implementation(const NodeView& node, Refusals* refusals);

}  // namespace linnet::internal
