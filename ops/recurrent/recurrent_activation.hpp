// The activations that a model may choose for the cells of LSTM, GRU and RNN.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/kernels/activation.hpp"

namespace linnet::internal {

/// Those that no kernel computes, and the others.
enum class CellFunction : std::uint8_t {
  kKernel,           ///< `parameters.kind` says which
  kAffine,           ///< alpha * x + beta
  kThresholdedRelu,  ///< x >= alpha ? x : 0
  kScaledTanh,       ///< alpha * tanh(beta * x)
  kSoftsign,         ///< x / (1 + |x|)
};

struct CellActivation {
  CellFunction function = CellFunction::kKernel;
  kernels::Activation parameters;
};

/// The activations with these names, in any case of letters. Alphas and betas are taken in order by the functions that
/// have such a parameter; a list as long as `names` has one for each function, whether it has the parameter or not.
/// What is left out is the default of the ONNX operator of that name. Errors: kInvalidModel for an unknown name, a
/// number that is not finite, and a list that fits neither way.
std::vector<CellActivation> cell_activations(const std::vector<std::string>& names, const std::vector<float>& alphas,
                                             const std::vector<float>& betas);

/// Before rounding. NaN stays NaN.
double cell_activation(const CellActivation& activation, double x);

}  // namespace linnet::internal
