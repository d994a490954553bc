// Plain copies of whole tensors.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

/// Copies `bytes` on as many threads as pay off; nothing when both are the same memory. Requires: otherwise no overlap.
void copy_bytes(RunControl& control, void* to, const void* from, std::size_t bytes);

/// Output 0 gets the bytes of input 0. Operators with facts.view_of = 0 have it as reference: it runs where a view
/// cannot.
Implementation copy_implementation();

}  // namespace linnet::internal
