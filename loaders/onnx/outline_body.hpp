// What was imported as part of a graph becomes a graph that a node runs.
#pragma once

#include <memory>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal::onnx {

struct OutlinedBody {
  std::shared_ptr<const Graph> graph;  ///< its inputs: the body's own, then what it captures
  std::vector<ValueId> captures;       ///< of the graph around it
};

/// Takes all nodes from `first_node` and all values from `first_value` on out of the graph. The first `own_inputs` of
/// those values are the body's inputs. What its nodes or `outputs` (of either graph) name of the values before is
/// captured; constants are shared instead. Requires: nothing else in the graph names the values taken out.
OutlinedBody outline_body(Graph& graph, std::size_t first_node, std::size_t first_value, std::size_t own_inputs,
                          const std::vector<ValueId>& outputs);

}  // namespace linnet::internal::onnx
