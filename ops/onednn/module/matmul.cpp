// Matrix products with alpha, an addend and an activation behind them.
#include "ops/onednn/module/primitive.hpp"

namespace linnet::internal::onednn {
namespace {

MemoryDesc matrix(std::int64_t rows, std::int64_t columns, std::int64_t row_stride, std::int64_t column_stride,
                  dnnl_data_type_t type = dnnl_f32) {
  const dnnl_dims_t dimensions = {rows, columns};
  const dnnl_dims_t strides = {row_stride, column_stride};
  return created<MemoryDesc>(
      [&](auto* out) { return dnnl_memory_desc_create_with_strides(out, 2, dimensions, type, strides); });
}

/// Distance of a matrix's rows. A single row has none, and counts as dense: oneDNN's best code wants that.
std::int64_t row_distance(std::int64_t rows, std::int64_t row_stride, std::int64_t columns) {
  return rows == 1 ? columns : row_stride;
}

MemoryDesc addend(const OnednnMatmulProblem& problem) {
  switch (problem.bias) {
    case OnednnBias::kNone:
      return nullptr;
    case OnednnBias::kScalar:
      return matrix(1, 1, 1, 1);
    case OnednnBias::kRow:
      return matrix(1, problem.n, problem.n, 1);
    case OnednnBias::kMatrix:
      return matrix(problem.m, problem.n, row_distance(problem.m, problem.bias_row_stride, problem.n), 1);
  }
  throw Failure{OnednnStatus::kUnsupported};
}

dnnl_data_type_t operand_type(const OnednnMatmulProblem& problem) { return problem.bfloat16 ? dnnl_bf16 : dnnl_f32; }

/// B as the primitive reads it: in a layout of its choice, or as the caller has it.
MemoryDesc weights(const OnednnMatmulProblem& problem) {
  if (!problem.packed_b) return matrix(problem.k, problem.n, problem.b_row_stride, problem.b_column_stride);
  const dnnl_dims_t dimensions = {problem.k, problem.n};
  return created<MemoryDesc>([&](auto* out) {
    return dnnl_memory_desc_create_with_tag(out, 2, dimensions, operand_type(problem), dnnl_format_tag_any);
  });
}

/// alpha * AB, then + addend, then the activation; a row goes in as oneDNN's own bias, which comes before all of these,
/// where alpha allows it.
PrimitiveAttributes attributes_of(const OnednnMatmulProblem& problem, const_dnnl_memory_desc_t binary_addend) {
  PrimitiveAttributes attributes = user_scratchpad_attributes();
  const auto post_ops = created<PostOps>([](auto* out) { return dnnl_post_ops_create(out); });
  if (problem.alpha != 1.0F)
    check(dnnl_post_ops_append_eltwise(post_ops.get(), dnnl_eltwise_linear, problem.alpha, 0.0F));
  if (binary_addend != nullptr) check(dnnl_post_ops_append_binary(post_ops.get(), dnnl_binary_add, binary_addend));
  if (problem.activation.kind != OnednnEltwise::kNone) {
    const EltwiseKind kind = eltwise_kind(problem.activation);
    check(dnnl_post_ops_append_eltwise(post_ops.get(), kind.algorithm, kind.alpha, kind.beta));
  }
  check(dnnl_primitive_attr_set_post_ops(attributes.get(), post_ops.get()));
  return attributes;
}

void append_number(std::string& text, dnnl_dim_t number) {
  text += std::to_string(number);
  text += ',';
}

/// Strides and inner blocks: equal names of matrices of equal size mean equal bytes.
std::string layout_name(dnnl_memory_desc_t description) {
  int blocks = 0;
  const dnnl_dims_t* strides = nullptr;
  const dnnl_dims_t* block_sizes = nullptr;
  const dnnl_dims_t* block_dimensions = nullptr;
  check(dnnl_memory_desc_query(description, dnnl_query_strides, static_cast<void*>(&strides)));
  check(dnnl_memory_desc_query(description, dnnl_query_inner_nblks_s32, &blocks));
  check(dnnl_memory_desc_query(description, dnnl_query_inner_blks, static_cast<void*>(&block_sizes)));
  check(dnnl_memory_desc_query(description, dnnl_query_inner_idxs, static_cast<void*>(&block_dimensions)));
  std::string name = "onednn:";
  for (int i = 0; i < 2; ++i) append_number(name, (*strides)[i]);
  for (int i = 0; i < blocks; ++i) {
    append_number(name, (*block_sizes)[i]);
    append_number(name, (*block_dimensions)[i]);
  }
  return name;
}

}  // namespace

std::unique_ptr<OnednnPrimitive> make_matmul(const OnednnMatmulProblem& problem, int contexts) {
  const OneThread one_thread;
  MemoryDesc bias = addend(problem);
  const bool own_bias = problem.bias == OnednnBias::kRow && problem.alpha == 1.0F;
  const PrimitiveAttributes attributes = attributes_of(problem, own_bias ? nullptr : bias.get());
  MemoryDesc a = matrix(problem.m, problem.k, problem.a_row_stride, problem.a_column_stride, operand_type(problem));
  MemoryDesc dst = matrix(problem.m, problem.n, row_distance(problem.m, problem.dst_row_stride, problem.n), 1);
  const MemoryDesc b = weights(problem);
  const auto description = created<PrimitiveDesc>([&](auto* out) {
    return dnnl_matmul_primitive_desc_create(out, engine(), a.get(), b.get(), own_bias ? bias.get() : nullptr,
                                             dst.get(), attributes.get());
  });
  std::vector<OnednnPrimitive::Argument> arguments;
  arguments.push_back({DNNL_ARG_SRC, std::move(a), src_of});
  arguments.push_back({DNNL_ARG_WEIGHTS, queried(description.get(), dnnl_query_weights_md), weights_of});
  arguments.push_back({DNNL_ARG_DST, std::move(dst), dst_of});
  const int place = problem.alpha != 1.0F ? 1 : 0;  // of the binary post-op
  const int bias_id = own_bias ? DNNL_ARG_BIAS : (DNNL_ARG_ATTR_MULTIPLE_POST_OP(place) | DNNL_ARG_SRC_1);
  if (bias != nullptr) arguments.push_back({bias_id, std::move(bias), bias_of});
  auto primitive = std::make_unique<OnednnPrimitive>(description.get(), std::move(arguments), contexts);
  if (problem.packed_b) primitive->packed_layout = layout_name(primitive->description_of(DNNL_ARG_WEIGHTS));
  return primitive;
}

void pack_weights(const OnednnPrimitive& matmul, const float* b, std::int64_t row_stride, std::int64_t column_stride,
                  void* packed) {
  const OneThread one_thread;
  const dnnl_memory_desc_t target = matmul.description_of(DNNL_ARG_WEIGHTS);
  const dnnl_dims_t* dimensions = nullptr;
  check(dnnl_memory_desc_query(target, dnnl_query_dims, static_cast<void*>(&dimensions)));
  MemoryDesc plain = matrix((*dimensions)[0], (*dimensions)[1], row_stride, column_stride);
  MemoryDesc blocked = created<MemoryDesc>([&](auto* out) { return dnnl_memory_desc_clone(out, target); });
  const PrimitiveAttributes attributes =
      created<PrimitiveAttributes>([](auto* out) { return dnnl_primitive_attr_create(out); });
  const auto description = created<PrimitiveDesc>([&](auto* out) {
    return dnnl_reorder_primitive_desc_create(out, plain.get(), engine(), blocked.get(), engine(), attributes.get());
  });
  std::vector<OnednnPrimitive::Argument> arguments;
  arguments.push_back({DNNL_ARG_FROM, std::move(plain), src_of});
  arguments.push_back({DNNL_ARG_TO, std::move(blocked), dst_of});
  OnednnBuffers buffers;
  buffers.src = b;
  buffers.dst = packed;
  OnednnPrimitive(description.get(), std::move(arguments), 1).execute(buffers);
}

}  // namespace linnet::internal::onednn
