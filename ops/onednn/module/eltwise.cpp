// Element-wise primitives on a flat array.
//
// Deviations from ONNX, as measured with oneDNN 3.2 (they are why `auto` runs other code for most of these, see
// ops/elementwise/activation_onednn.cpp).
#include "ops/onednn/module/primitive.hpp"

namespace linnet::internal::onednn {

std::unique_ptr<OnednnPrimitive> make_eltwise(const OnednnEltwiseProblem& problem, int contexts) {
  const OneThread one_thread;
  const dnnl_dims_t dimensions = {problem.count};
  const auto flat = [&] {
    return created<MemoryDesc>(
        [&](auto* out) { return dnnl_memory_desc_create_with_tag(out, 1, dimensions, dnnl_f32, dnnl_a); });
  };
  const MemoryDesc array = flat();
  const PrimitiveAttributes attributes = user_scratchpad_attributes();
  const EltwiseKind kind = eltwise_kind(problem.activation);
  const auto description = created<PrimitiveDesc>([&](auto* out) {
    return dnnl_eltwise_forward_primitive_desc_create(out, engine(), dnnl_forward_inference, kind.algorithm,
                                                      array.get(), array.get(), kind.alpha, kind.beta,
                                                      attributes.get());
  });
  std::vector<OnednnPrimitive::Argument> arguments;
  arguments.push_back({DNNL_ARG_SRC, flat(), src_of});
  arguments.push_back({DNNL_ARG_DST, flat(), dst_of});
  return std::make_unique<OnednnPrimitive>(description.get(), std::move(arguments), contexts);
}

}  // namespace linnet::internal::onednn
