// Activations in oneDNN's terms.
#pragma once

#include <optional>

#include "ops/kernels/activation.hpp"
#include "ops/onednn/onednn_api.hpp"

namespace linnet::internal {

/// ONNX's parameters mean the same in oneDNN. Deviations of oneDNN 3.2 from ops/kernels/activation.hpp: NaN becomes 0
/// (Relu), 1 (HardSigmoid), the lower bound (Clip) or inf (Exp); Relu keeps no sign to lose; denormal results of Exp
/// and Sigmoid are 0; Elu is exp(x) - 1, so 0 near 0; the left tails of both Gelus lose all digits by -6, and Gelu is
/// inf from 1.7e38 on. Nothing for an activation that Linnet does not ask of oneDNN.
std::optional<OnednnActivation> onednn_activation(const kernels::Activation& activation);

}  // namespace linnet::internal
