// What the operators that run graphs share.
#pragma once

#include <vector>

#include "ops/shared/workspace_layout.hpp"
#include "runtime/frame.hpp"

namespace linnet::internal {

/// What If, Loop and Scan give: what their bodies do. Each may be left out.
inline constexpr OutputDef kBodyOutputs[] = {{"", kStoredTypes, kMayBeLeftOut | kRepeated | kJudgesTypes}};

/// Adds what the node's body captures to what the operator gives it.
void append_captures(const NodeView& node, std::size_t body, std::vector<Value>& inputs);

/// What a body is compiled for. Requires: all shapes known.
std::vector<ProgramInput> program_inputs(const std::vector<Value>& inputs);

/// Whether both have the same element type and certainly the same shape.
bool certainly_same(const TensorType& a, const TensorType& b);

/// As much as both have in common. Requires: the same element type.
TensorType common_type(const TensorType& a, const TensorType& b);

/// Sets an output to a type as far as it is known.
void set_output_as_known(InferContext& context, std::size_t output, const TensorType& type);

/// What is known of the type of a body's output without inputs.
const TensorType& output_of(const Body& body, std::size_t output);

}  // namespace linnet::internal
