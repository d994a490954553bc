// The types that go round a loop, iteration by iteration.
#pragma once

#include "ops/control/iterations.hpp"
#include "runtime/data_type.hpp"
#include "runtime/evaluate.hpp"

namespace linnet::internal {

struct IteratedTypes {
  /// What the body is given in an iteration; the last entry is that of all further ones. At least one.
  std::vector<std::vector<Value>> inputs;
  std::vector<Value> states;          ///< after the last iteration
  std::vector<TensorType> pieces;     ///< of one iteration
  std::optional<std::int64_t> trips;  ///< how often the body runs, where that is known
  bool changing = false;              ///< states change from one iteration to the next, and nobody knows how often
};

/// Errors: kInvalidModel for states or pieces that do not fit each other, kLimitExceeded for too many different shapes,
/// and those of infer_body.
IteratedTypes iterated_types(const NodeView& node, const Iterated& how, const Trips& trips);

/// What the body says of going on is one boolean. Errors: kInvalidModel.
void check_condition(const TensorType& condition);
/// Nothing where only a run knows it.
std::optional<bool> known_condition(const Value& condition);
/// The element type of a state stays. Errors: kInvalidModel.
void check_state_type(std::size_t state, DataType before, DataType after);
/// Errors: kUnsupported for a packed type, which `output` cannot stack.
void check_piece_type(std::size_t output, DataType type);
/// The type of so many pieces along an axis.
TensorType stacked_type(TensorType piece, const ScanAxis& axis, Dim count);

}  // namespace linnet::internal
