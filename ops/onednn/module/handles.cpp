#include "ops/onednn/module/handles.hpp"

// Found in the OpenMP runtime that oneDNN itself has loaded, whichever that is; null when oneDNN was built without
// OpenMP.
extern "C" {
__attribute__((weak)) int omp_get_max_threads();
__attribute__((weak)) void omp_set_num_threads(int threads);
}

namespace linnet::internal::onednn {

dnnl_engine_t engine() {
  // Primitives of other static objects may outlive every other static object, so the engine is never destroyed.
  static const dnnl_engine_t kEngine =
      created<Engine>([](auto* out) { return dnnl_engine_create(out, dnnl_cpu, 0); }).release();
  return kEngine;
}

PrimitiveAttributes user_scratchpad_attributes() {
  auto attributes = created<PrimitiveAttributes>([](auto* out) { return dnnl_primitive_attr_create(out); });
  check(dnnl_primitive_attr_set_scratchpad_mode(attributes.get(), dnnl_scratchpad_mode_user));
  return attributes;
}

EltwiseKind eltwise_kind(const OnednnActivation& activation) {
  const float alpha = activation.alpha;
  switch (activation.kind) {
    case OnednnEltwise::kRelu:
      return {dnnl_eltwise_relu, alpha, 0.0F};
    case OnednnEltwise::kLogistic:
      return {dnnl_eltwise_logistic, 0.0F, 0.0F};
    case OnednnEltwise::kTanh:
      return {dnnl_eltwise_tanh, 0.0F, 0.0F};
    case OnednnEltwise::kElu:
      return {dnnl_eltwise_elu, alpha, 0.0F};
    case OnednnEltwise::kHardSigmoid:
      return {dnnl_eltwise_hardsigmoid, alpha, activation.beta};
    case OnednnEltwise::kGeluErf:
      return {dnnl_eltwise_gelu_erf, 0.0F, 0.0F};
    case OnednnEltwise::kGeluTanh:
      return {dnnl_eltwise_gelu_tanh, 0.0F, 0.0F};
    case OnednnEltwise::kExp:
      return {dnnl_eltwise_exp, 0.0F, 0.0F};
    case OnednnEltwise::kClip:
      return {dnnl_eltwise_clip, alpha, activation.beta};
    case OnednnEltwise::kNone:
      break;
  }
  throw Failure{OnednnStatus::kUnsupported};
}

OneThread::OneThread() noexcept : threads_before_(omp_get_max_threads != nullptr ? omp_get_max_threads() : 1) {
  if (threads_before_ != 1) omp_set_num_threads(1);
}

OneThread::~OneThread() {
  if (threads_before_ != 1) omp_set_num_threads(threads_before_);
}

}  // namespace linnet::internal::onednn
