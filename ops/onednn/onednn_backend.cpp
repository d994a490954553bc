#include "ops/onednn/onednn_backend.hpp"

#if LINNET_WITH_ONEDNN
#include <dlfcn.h>

#include "runtime/module_loader.hpp"
#endif
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

struct Loaded {
  const OnednnApi* api = nullptr;
  std::string reason;
};

Loaded load_module() {
  Loaded loaded;
#if LINNET_WITH_ONEDNN
  void* module = open_module("liblinnet_onednn.so", &loaded.reason);
  if (module == nullptr) return loaded;
  const auto get_api = reinterpret_cast<OnednnApiFunction>(dlsym(module, "linnet_onednn_api"));
  if (get_api != nullptr) loaded.api = get_api(kOnednnApiVersion);
  if (loaded.api == nullptr) loaded.reason = "liblinnet_onednn.so is of another version, or oneDNN does not start";
#else
  loaded.reason = "built without oneDNN";
#endif
  return loaded;
}

template <typename Problem, typename Create>
OnednnPrimitivePtr make(Create create, const Problem& problem, int contexts) {
  OnednnPrimitive* primitive = nullptr;
  check_onednn(create(&problem, contexts, &primitive));
  return OnednnPrimitivePtr(primitive);
}

}  // namespace

const OnednnApi* onednn_api(std::string* reason) {
  // Never destroyed: other threads may load and run while the process exits.
  static const Loaded& loaded = *new Loaded(load_module());
  if (loaded.api == nullptr && reason != nullptr) *reason = loaded.reason;
  return loaded.api;
}

std::string onednn_refusal() {
  std::string reason;
  return onednn_api(&reason) != nullptr ? std::string() : reason;
}

void OnednnPrimitiveDeleter::operator()(OnednnPrimitive* primitive) const noexcept {
  onednn_api(nullptr)->destroy(primitive);
}

OnednnPrimitivePtr make_onednn_eltwise(const OnednnEltwiseProblem& problem, int contexts) {
  return make(onednn_api(nullptr)->create_eltwise, problem, contexts);
}

OnednnPrimitivePtr make_onednn_softmax(const OnednnSoftmaxProblem& problem, int contexts) {
  return make(onednn_api(nullptr)->create_softmax, problem, contexts);
}

OnednnPrimitivePtr make_onednn_matmul(const OnednnMatmulProblem& problem, int contexts) {
  return make(onednn_api(nullptr)->create_matmul, problem, contexts);
}

void check_onednn(OnednnStatus status) {
  switch (status) {
    case OnednnStatus::kOk:
      return;
    case OnednnStatus::kOutOfMemory:
      fail(ErrorCode::kOutOfMemory, "oneDNN got no memory");
    case OnednnStatus::kUnsupported:
      unsupported("oneDNN has no implementation for this problem");
    case OnednnStatus::kFailed:
      fail(ErrorCode::kInternal, "oneDNN failed");
  }
}

}  // namespace linnet::internal
