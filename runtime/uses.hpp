// Who reads each value of a graph.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

struct Use {
  std::uint32_t readers = 0;        ///< inputs that name the value
  std::uint32_t shape_readers = 0;  ///< of these, those that look at its shape alone
  bool graph_output = false;
  NodeId last_reader = kNoNode;  ///< with one reader: that reader
};

/// Beside graph.values.
std::vector<Use> find_uses(const Graph& graph);

/// The node begins to read its inputs, or ceases to.
void add_reads(const Node& node, std::vector<Use>& uses);
void remove_reads(const Node& node, std::vector<Use>& uses);

}  // namespace linnet::internal
