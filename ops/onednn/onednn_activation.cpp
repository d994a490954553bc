#include "ops/onednn/onednn_activation.hpp"

#include <algorithm>

namespace linnet::internal {

OnednnActivation onednn_activation(const kernels::Activation& activation) {
  using Kind = kernels::ActivationKind;
  switch (activation.kind) {
    case Kind::kNone:
      return {OnednnEltwise::kNone, 0.0F, 0.0F};
    case Kind::kRelu:
      return {OnednnEltwise::kRelu, 0.0F, 0.0F};
    case Kind::kLeakyRelu:
      return {OnednnEltwise::kRelu, activation.alpha, 0.0F};
    case Kind::kSigmoid:
      return {OnednnEltwise::kLogistic, 0.0F, 0.0F};
    case Kind::kTanh:
      return {OnednnEltwise::kTanh, 0.0F, 0.0F};
    case Kind::kElu:
      return {OnednnEltwise::kElu, activation.alpha, 0.0F};
    case Kind::kHardSigmoid:
      return {OnednnEltwise::kHardSigmoid, activation.alpha, activation.beta};
    // oneDNN refuses a lower bound above the upper one, which wins.
    case Kind::kClip:
      return {OnednnEltwise::kClip, std::min(activation.alpha, activation.beta), activation.beta};
    case Kind::kGelu:
      return {OnednnEltwise::kGeluErf, 0.0F, 0.0F};
    case Kind::kGeluTanh:
      return {OnednnEltwise::kGeluTanh, 0.0F, 0.0F};
    case Kind::kExp:
      return {OnednnEltwise::kExp, 0.0F, 0.0F};
  }
  return {};
}

}  // namespace linnet::internal
