// Plain copies of whole tensors.
#pragma once

#include "runtime/copy_bytes.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Output 0 gets the bytes of input 0. Operators with facts.view_of = 0 have it as reference: it runs where a view
/// cannot.
Implementation copy_implementation();

}  // namespace linnet::internal
