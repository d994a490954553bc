// Who reads each value of a graph.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

struct Use {
  std::uint32_t readers = 0;  ///< inputs that name the value
  bool graph_output = false;
  NodeId last_reader = kNoNode;  ///< with one reader: that reader
};

/// Beside graph.values.
std::vector<Use> find_uses(const Graph& graph);

}  // namespace linnet::internal
