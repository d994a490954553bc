// What the operators on sequences share.
#pragma once

#include "ops/shared/known_input.hpp"
#include "runtime/held.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Errors: kInvalidModel unless the input is a sequence.
void require_sequence(const NodeView& node, std::size_t input, const char* name);

/// One sequence of the node's output, of as many tensors as are known.
void set_output_sequence(InferContext& context, DataType element, Dim count);

/// Element `index` of a list of int32 or int64.
std::int64_t integer_at(DataType type, const void* elements, std::size_t index);

/// The position that an input (int32 or int64, one element) names, counted from the end where it is negative, and
/// `count` itself where `end` is one too. Errors: kRuntimeFault naming the range.
std::size_t position_at(DataType type, const void* element, std::size_t count, bool end = false);

}  // namespace linnet::internal
