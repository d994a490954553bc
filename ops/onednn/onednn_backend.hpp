// The core's side of the oneDNN module: opens it when it is first needed, and owns what it makes.
#pragma once

#include <memory>
#include <string>

#include "ops/onednn/onednn_api.hpp"

namespace linnet::internal {

/// The module's functions; loaded at the first call, kept for the life of the process. Null when oneDNN cannot be used;
/// `reason` (may be null) then receives why: "built without oneDNN", or what the dynamic loader says. Thread-safe.
const OnednnApi* onednn_api(std::string* reason);

/// For `accepts`: empty when oneDNN can be used, otherwise why not.
std::string onednn_refusal();

/// Destroys itself through the module.
struct OnednnPrimitiveDeleter {
  void operator()(OnednnPrimitive* primitive) const noexcept;
};
using OnednnPrimitivePtr = std::unique_ptr<OnednnPrimitive, OnednnPrimitiveDeleter>;

/// Primitives that `contexts` threads (of all sessions together) execute without waiting or allocating. Requires:
/// onednn_api is not null. Errors: kUnsupported when oneDNN has no code for the problem, kOutOfMemory, kInternal.
OnednnPrimitivePtr make_onednn_eltwise(const OnednnEltwiseProblem& problem, int contexts);
OnednnPrimitivePtr make_onednn_softmax(const OnednnSoftmaxProblem& problem, int contexts);
OnednnPrimitivePtr make_onednn_matmul(const OnednnMatmulProblem& problem, int contexts);

/// Errors: kOutOfMemory, kInternal, for a status that is not kOk.
void check_onednn(OnednnStatus status);

}  // namespace linnet::internal
