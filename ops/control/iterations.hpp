// A body that runs again and again on what it made the last time: Loop and Scan.
//
//   inputs of the body:   [number, condition,] states, slices of scanned inputs, captures
//   outputs of the body:  [condition,] states, pieces of stacked outputs
//
// A loop has the first two and no slices, a scan has slices and no condition.
#pragma once

#include <optional>
#include <vector>

#include "ops/control/bodies.hpp"

namespace linnet::internal {

/// An input that is taken apart, or an output that is put together, along an axis: one slice for each iteration.
struct ScanAxis {
  std::int64_t axis = 0;   ///< may count from the end
  bool backwards = false;  ///< the last slice belongs to the first iteration
};

struct Iterated {
  bool counts = false;          ///< the body gets the number of the iteration, and says whether there is another one
  std::size_t first_state = 0;  ///< input of the node; its first outputs are the states too
  std::size_t states = 0;
  std::vector<ScanAxis> slices;  ///< of the node's inputs behind the states
  std::vector<ScanAxis> pieces;  ///< of the node's outputs behind the states

  std::size_t given_inputs() const { return counts ? 2 : 0; }
  std::size_t first_output() const { return counts ? 1 : 0; }
};

/// How often a body runs, as far as shapes and constants tell.
struct Trips {
  std::optional<std::int64_t> most;  ///< at most; none: not known, or no limit
  std::optional<bool> first;         ///< the condition that the first iteration needs
};

/// Checks the body's outputs against the node and sets the node's outputs as far as they are known. Errors:
/// kInvalidModel for a state that changes its element type, or slices that change their shape.
void infer_iterations(InferContext& context, const Iterated& how, const Trips& trips);

/// Of an output of the node, without shapes.
DataType iterated_output_type(const NodeView& node, const Iterated& how, std::size_t output);

/// Whether the states of a body certainly keep their shapes.
bool states_keep_shapes(const Graph& body, std::size_t given_inputs, std::size_t first_output, std::size_t states);

/// Whether a state may have another shape after an iteration, as far as the body alone tells.
bool states_may_change_shape(const Node& node, const Iterated& how);

/// The type of a slice. Errors: kInvalidModel for a scalar or an axis out of range, kUnsupported for packed types,
/// whose slices need not begin with a byte.
TensorType slice_type(const TensorType& whole, std::int64_t axis);

/// Whether data decides, beyond what it does within the body, how the next iteration is compiled, or what shapes the
/// results have: the states and stacked outputs that data ends, and values that shapes depend on.
bool iterations_need_stages(const Node& node, const Iterated& how);

/// As infer_iterations, of a node with staged bodies.
void infer_staged_iterations(InferContext& context, const Iterated& how);

/// `most_input` and `first_input` of the node say how often the body runs at most, and whether at all.
Prepared prepare_iterations(const PrepareContext& context, const Iterated& how, const Trips& trips,
                            std::optional<std::size_t> most_input, std::optional<std::size_t> first_input);
void run_iterations(const RunArguments& args);

/// The same for a node with staged bodies.
Prepared prepare_staged_iterations(const PrepareContext& context, const Iterated& how, const Trips& trips,
                                   std::optional<std::size_t> most_input, std::optional<std::size_t> first_input);
void run_staged_iterations(const RunArguments& args);

}  // namespace linnet::internal
