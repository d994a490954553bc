// What the activations share: Relu, LeakyRelu, Sigmoid, Tanh, Elu, HardSigmoid, Gelu, Exp, Clip, Softplus, Mish, Swish,
// Selu, Celu and HardSwish. Each is a function of one element, so X and Y have the same shape, of any rank, and Y may
// take X's memory.
//
// Implementations: float32 through ops/kernels/activation.hpp (simd) or oneDNN; 16-bit floats by way of float32 (simd
// half); the reference computes in double and rounds once.
#pragma once

#include <optional>

#include "ops/kernels/activation.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct ActivationAttributes : Attributes {
  kernels::Activation activation;
  bool bounds_are_inputs = false;  ///< Clip from opset 11: inputs 1 and 2 stand for alpha and beta
};

/// For `parse`.
AttributesPtr activation_attributes(kernels::ActivationKind kind, float alpha = 0.0F, float beta = 0.0F);

/// What the node computes of input 0, so that another operator can take it in as epilogue. Nothing for a node that is
/// no activation on float32, and for bounds that only a run knows.
std::optional<kernels::Activation> activation_of(const NodeView& node);

/// onednn (only when it is asked for), simd, simd half, reference.
std::vector<Implementation> activation_implementations();
Implementation onednn_activation_implementation();

/// In place, in any layout.
OpFacts activation_facts();

}  // namespace linnet::internal
