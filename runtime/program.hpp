// A graph compiled for one set of input shapes: a flat list of steps, and where every operand lies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/infer_values.hpp"
#include "runtime/op.hpp"
#include "runtime/planner.hpp"
#include "runtime/select.hpp"

namespace linnet::internal {

/// Where the bytes of a value are during a run.
struct Place {
  enum class Kind : std::uint8_t { kNone, kConstant, kArena, kInput, kOutput };
  Kind kind = Kind::kNone;
  std::uint32_t index = 0;         ///< kInput, kOutput: position in the graph's inputs or outputs
  std::size_t offset = 0;          ///< kArena: bytes from its start
  const void* constant = nullptr;  ///< kConstant
};

/// A node and what runs it.
struct StepPart {
  NodeId node = kNoNode;
  const Implementation* implementation = nullptr;
  std::uint64_t inner_inputs = 0;  ///< bit i: input i comes from an earlier part of the step
};

struct Step {
  std::vector<StepPart> parts;  ///< one, or those of a chain (row_chain.hpp) or of a group (element_group.hpp)
  void (*run)(const RunArguments&) = nullptr;
  std::shared_ptr<const void> state;
  std::uint32_t first_operand = 0;  ///< inputs, then outputs, in Program::operands
  std::uint32_t input_count = 0;
  std::uint32_t output_count = 0;
  std::size_t workspace_bytes = 0;
  std::size_t workspace_offset = 0;
};

/// A graph output as this program makes it.
struct ProgramOutput {
  DataType type = DataType::kUndefined;
  bool revealed = false;  ///< a run finds out the shape, and is given a Held in place of memory
  Shape shape;
  std::size_t bytes = 0;
  Place source;  ///< kOutput with its own position: written there directly; anything else is copied after the last step
};

/// An operand that follows the buffers of a run.
struct Patch {
  std::uint32_t operand = 0;   ///< in Program::operands
  std::uint32_t position = 0;  ///< of the graph input or output
  bool output = false;
};

/// A block of the arena and the values in it, for people.
struct NamedBlock {
  Block block;
  std::size_t offset = 0;
  std::vector<ValueId> values;  ///< empty for a workspace
};

/// Immutable; shared by the sessions of a model. Refers to nodes and values of the model's graph.
struct Program {
  std::vector<Step> steps;
  std::vector<Place> operands;
  std::vector<Patch> patches;
  std::vector<ProgramOutput> outputs;
  std::vector<Value> values;  ///< concrete types, beside Graph::values
  std::vector<NamedBlock> blocks;
  std::size_t arena_bytes = 0;
  std::size_t lower_bound_bytes = 0;
  std::size_t kept_bytes = 0;  ///< of memory that is kept for this program alone: constants of its own, and an estimate
};

/// What a program is compiled for: the shapes of all inputs, and the elements of those that shapes depend on.
struct ProgramInput {
  Shape shape;
  ConstantPtr elements;  ///< for inputs that Graph-wide analysis found to decide shapes; null otherwise
  Room room = {};        ///< for the input of a growing cache
};

struct CompileSettings {
  const Options& options;
  int threads;
  PackedWeights& weights;
  RunControl& control;        ///< of compiling itself: packing weights is shared, and may be stopped
  std::size_t memory_budget;  ///< bytes of arena; never 0
  BodyModels& body_models;
};

/// Errors: kInvalidArgument or kInvalidModel for shapes that the model cannot take, kUnsupported, kLimitExceeded for
/// the memory budget, those of Stop::check, std::bad_alloc.
std::shared_ptr<const Program> compile(const Graph& graph, const std::vector<ProgramInput>& inputs,
                                       const CompileSettings& settings);

}  // namespace linnet::internal
