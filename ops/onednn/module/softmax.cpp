// Softmax and LogSoftmax over the middle axis of [outer, axis, inner]; without `inner`, over the last of two.
#include "ops/onednn/module/primitive.hpp"

namespace linnet::internal::onednn {

std::unique_ptr<OnednnPrimitive> make_softmax(const OnednnSoftmaxProblem& problem, int contexts) {
  const OneThread one_thread;
  const bool rows = problem.inner == 1;
  const dnnl_dims_t dimensions = {problem.outer, problem.axis, problem.inner};
  const auto dense = [&] {
    return created<MemoryDesc>([&](auto* out) {
      return dnnl_memory_desc_create_with_tag(out, rows ? 2 : 3, dimensions, dnnl_f32, rows ? dnnl_ab : dnnl_abc);
    });
  };
  const MemoryDesc array = dense();
  const PrimitiveAttributes attributes = user_scratchpad_attributes();
  const auto description = created<PrimitiveDesc>([&](auto* out) {
    return dnnl_softmax_forward_primitive_desc_create(out, engine(), dnnl_forward_inference,
                                                      problem.logarithm ? dnnl_softmax_log : dnnl_softmax_accurate,
                                                      array.get(), array.get(), 1, attributes.get());
  });
  std::vector<OnednnPrimitive::Argument> arguments;
  arguments.push_back({DNNL_ARG_SRC, dense(), src_of});
  arguments.push_back({DNNL_ARG_DST, dense(), dst_of});
  return std::make_unique<OnednnPrimitive>(description.get(), std::move(arguments), contexts);
}

}  // namespace linnet::internal::onednn
