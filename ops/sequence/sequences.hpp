// What the operators on sequences share.
#pragma once

#include "runtime/held.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Errors: kInvalidModel unless the input is a sequence.
void require_sequence(const NodeView& node, std::size_t input, const char* name);

/// One sequence of the node's output, of as many tensors as are known.
void set_output_sequence(InferContext& context, DataType element, Dim count);

/// The position that an input (int32 or int64, one element) names, counted from the end where it is negative, and
/// `count` itself where `end` is one too. Errors: kRuntimeFault naming the range.
std::size_t position_at(DataType type, const void* element, std::size_t count, bool end = false);

/// Errors: kInvalidModel unless the input is one element of int32 or int64.
void require_position(const NodeView& node, std::size_t input);

/// What a step is given of a tensor: its elements, or the strings.
ConstTensorView tensor_view(DataType type, const Shape& shape, const void* data);

/// The type and shape of an input, for a step.
struct KnownInput {
  KnownInput() = default;
  KnownInput(const PrepareContext& context, std::size_t input)
      : type(context.input_type(input)), shape(context.input_shape(input)) {}
  ConstTensorView view(const void* data) const { return tensor_view(type, shape, data); }
  DataType type = DataType::kUndefined;
  Shape shape;
};

}  // namespace linnet::internal
