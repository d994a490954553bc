// The operators that Linnet knows, and the fusions of what is written with them: one file each, named in ops.list.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

/// Generated from ops.list: calls register_<name> for every line.
void register_all_operators(Registry& registry);

/// The registry with all of them, built at the first call. Thread-safe.
const Registry& all_operators();

}  // namespace linnet::internal
