// A plain copy, in tasks.
#pragma once

#include <cstddef>

#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Copies `bytes` on as many threads as pay off; nothing when both are the same memory. Requires: otherwise no overlap.
/// Errors: those of RunControl::parallel_for.
void copy_bytes(RunControl& control, void* to, const void* from, std::size_t bytes);

}  // namespace linnet::internal
