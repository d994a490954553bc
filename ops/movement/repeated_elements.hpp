// An output that repeats its input along some axes: what Expand and Tile come down to.
#pragma once

#include "ops/elementwise/broadcast_loops.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// For Implementation::run of operators whose input 0 is repeated into output 0.
struct RepeatedElements {
  std::size_t count = 0;
  std::size_t element_bytes = 0;
  BroadcastLoops input;  ///< beside the output
};

/// The input, of shape `input`, is repeated as it broadcasts to `output`: both may be other shapes of the same
/// elements.
Prepared prepare_repeated(DataType type, const Shape& output, const Shape& input);
void run_repeated(const RunArguments& args);

}  // namespace linnet::internal
