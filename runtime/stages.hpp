// Graphs whose shapes do not all follow from the shapes of their inputs are cut into stages, each a graph of its own
// whose shapes do. A stage is compiled when those before it have run: what they made are its inputs.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/graph.hpp"

namespace linnet::internal {

/// A value that stages hand on: an input of the whole graph, or an output of an earlier stage.
struct StageValue {
  static constexpr std::uint32_t kModel = ~std::uint32_t{0};
  std::uint32_t stage = kModel;  ///< that makes it; kModel: it is an input of the whole
  std::uint32_t position = 0;    ///< among that stage's outputs, or the inputs of the whole
};

struct Stage {
  Graph graph;
  std::vector<StageValue> inputs;  ///< beside graph.inputs
};

struct Stages {
  bool data_decides_shapes = false;  ///< of a value between stages, or of an output
  std::vector<Stage> stages;         ///< none where one program serves the whole graph
  std::vector<StageValue> outputs;   ///< of the whole, beside its outputs: each made by a stage
};

/// For every value: whether compiling can compute its elements, given the shapes of the graph's inputs and the elements
/// of the small ones. What is large is left to the run.
std::vector<bool> find_computable(const Graph& graph);

/// Whether the graph must be cut, or has shapes that only its last stage reveals.
bool needs_stages(const Graph& graph);

/// Sets Node::staged_bodies. Requires: those of nodes within the bodies are set.
void update_staged_bodies(Node& node);

/// Every node runs in the earliest stage that it can. Leaves out, in `graph` too, those outputs that nothing reads of
/// nodes that make the memory of their outputs.
Stages cut_into_stages(Graph& graph);

}  // namespace linnet::internal
