// What `infer` knows of the elements of small integer results.
#pragma once

#include <functional>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Whether elements of a type are worth following: integers and bools.
bool has_known_elements(DataType type);

/// Whether an integer (or bool) type has this number. False for what a uint64 holds past the largest int64: no element
/// is ever known to be that.
bool holds(DataType type, std::int64_t number);

/// For element-wise operators: sets the elements of output 0 to computed(operands) of what is known of the operands.
/// Does nothing when one of them, or the output, is too large, or when they broadcast otherwise than from one element.
/// Requires: set_output was called for output 0.
void infer_known_elements(InferContext& context, const std::function<Dim(const Dims& operands)>& computed);

}  // namespace linnet::internal
