// Graph and concrete inputs -> Program, in four functions that fill one state. `compile` calls them in this order.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "runtime/lowering/program_weights.hpp"
#include "runtime/program.hpp"
#include "runtime/storage.hpp"

namespace linnet::internal {

/// A node that will be a step, or a part of one.
struct PreparedNode {
  NodeId node = kNoNode;
  const Implementation* implementation = nullptr;
  Prepared prepared;
  std::vector<ValueId> inputs;  ///< kNoValue: left out or not read
};

/// A program on its way. Graph and settings must outlive it.
struct Lowering {
  Lowering(const Graph& of_graph, const CompileSettings& with_settings);
  std::vector<Value>& values() { return program->values; }
  NodeView view(NodeId node) const { return {graph.nodes[node], program->values, settings.options}; }

  const Graph& graph;
  const CompileSettings& settings;
  std::shared_ptr<Program> program;
  ProgramWeights weights;
  std::vector<ValueId> views;           ///< for every value, the one whose bytes it shows (itself, when it is no view)
  std::vector<PreparedNode> nodes;      ///< in the graph's order
  std::vector<StepValues> step_values;  ///< beside Program::steps
  std::size_t bodies_kept_bytes = 0;    ///< of the programs of bodies
};

/// Infers every node with numbers in place of symbols and folds what they decide. Fills `Program::values`, `views`,
/// and `nodes` with those that an output depends on and that are neither constant nor views. Errors: those of
/// infer_values, kUnsupported for a shape that only a run finds out, kLimitExceeded for one value that is larger than
/// the budget: nothing is packed by then.
void specialize(Lowering& lowering, const std::vector<ProgramInput>& inputs);

/// An implementation for every node, and what it prepares: packed weights, programs of bodies. Errors: those of
/// `prepare`, naming the node, and kLimitExceeded for the programs of bodies.
void choose(Lowering& lowering);

/// Makes `Program::steps` of the nodes: single, chains and groups. In the order of the nodes; a chain stands where the
/// first of its nodes does, a group where the last does. Takes the states and the inputs of the nodes.
void join(Lowering& lowering);

/// Which values share memory, where it lies, and the operands of every step and of the graph's outputs. Errors:
/// kLimitExceeded for an arena that is larger than the budget.
void lay_out(Lowering& lowering);

}  // namespace linnet::internal
