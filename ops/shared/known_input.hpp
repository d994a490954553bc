// What is known of an input before the run: all but its elements.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

/// The type and shape of an input, for a step.
struct KnownInput {
  KnownInput() = default;
  KnownInput(const NodeView& node, std::size_t input) : type(node.input_type(input)), shape(node.input_shape(input)) {}
  /// Of the operand that the step is given.
  ConstTensorView view(const void* operand) const { return {type, shape.data(), shape.size(), operand}; }
  DataType type = DataType::kUndefined;
  Shape shape;
};

}  // namespace linnet::internal
