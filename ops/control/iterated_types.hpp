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

}  // namespace linnet::internal
