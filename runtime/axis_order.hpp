// What passes know of nodes that change the order of axes.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

/// Dimension i of the output is dimension order(rank)[i] of input 0, and nothing else happens.
struct AxisOrderAttributes : Attributes {
  /// Requires: the node has passed infer, with `rank` dimensions of input 0.
  virtual std::vector<std::size_t> order(std::size_t rank) const = 0;
};

}  // namespace linnet::internal
