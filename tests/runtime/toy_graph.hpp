// Operators small enough to check by eye, and a graph of them: for tests of passes, planner, compiler and session.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/model_impl.hpp"
#include "runtime/op.hpp"
#include "runtime/session_impl.hpp"

namespace linnet::internal {

/// Inc: Y = X + 1, in place.  Sum: Y = A + B (same shapes), commutative, in place on either.  Pair: Y = X, Z = 2 X,
/// never in place. View: the bytes of X as [n]. Scratch: Y = X reversed, through a workspace.  Same: Y = X, an
/// identity.  All float32.
const Registry& toy_operators();

/// Builds a graph of toy nodes; every value is float32 of shape [length].
class ToyGraph {
 public:
  explicit ToyGraph(std::int64_t length) : length_(length) {}
  ValueId input(const std::string& name);
  ValueId constant(const std::string& name, std::vector<float> elements);
  ValueId node(const std::string& op, const std::vector<ValueId>& inputs, const std::string& name);
  /// Both outputs of Pair.
  std::pair<ValueId, ValueId> pair(ValueId input, const std::string& name);
  void output(ValueId value);
  Graph take() { return std::move(graph_); }

 private:
  std::vector<ValueId> add(const std::string& op, const std::vector<ValueId>& inputs,
                           const std::vector<std::string>& outputs);
  std::int64_t length_;
  Graph graph_;
};

/// Compiles and runs on these inputs; returns all outputs. The inputs must come out as they went in: checked.
std::vector<std::vector<float>> run_toy(Graph graph, const std::vector<std::vector<float>>& inputs,
                                        const Options& options = {});

}  // namespace linnet::internal
