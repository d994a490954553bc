#include "ops/onednn/onednn_activation.hpp"

#include <algorithm>

namespace linnet::internal {

std::optional<OnednnActivation> onednn_activation(const kernels::Activation& activation) {
  using Kind = kernels::ActivationKind;
  switch (activation.kind) {
    case Kind::kNone:
      return OnednnActivation{OnednnEltwise::kNone, 0.0F, 0.0F};
    case Kind::kRelu:
      return OnednnActivation{OnednnEltwise::kRelu, 0.0F, 0.0F};
    case Kind::kLeakyRelu:
      return OnednnActivation{OnednnEltwise::kRelu, activation.alpha, 0.0F};
    case Kind::kSigmoid:
      return OnednnActivation{OnednnEltwise::kLogistic, 0.0F, 0.0F};
    case Kind::kTanh:
      return OnednnActivation{OnednnEltwise::kTanh, 0.0F, 0.0F};
    case Kind::kElu:
      return OnednnActivation{OnednnEltwise::kElu, activation.alpha, 0.0F};
    case Kind::kHardSigmoid:
      return OnednnActivation{OnednnEltwise::kHardSigmoid, activation.alpha, activation.beta};
    // oneDNN refuses a lower bound above the upper one, which wins.
    case Kind::kClip:
      return OnednnActivation{OnednnEltwise::kClip, std::min(activation.alpha, activation.beta), activation.beta};
    case Kind::kGelu:
      return OnednnActivation{OnednnEltwise::kGeluErf, 0.0F, 0.0F};
    case Kind::kGeluTanh:
      return OnednnActivation{OnednnEltwise::kGeluTanh, 0.0F, 0.0F};
    case Kind::kExp:
      return OnednnActivation{OnednnEltwise::kExp, 0.0F, 0.0F};
    case Kind::kSelfGated:
    case Kind::kSoftplus:
    case Kind::kMish:
    case Kind::kSwish:
    case Kind::kSelu:
    case Kind::kCelu:
    case Kind::kHardSwish:
      break;
  }
  return std::nullopt;
}

}  // namespace linnet::internal
