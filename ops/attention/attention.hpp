// Attention, as fusions make it of its nodes: the softmax of scaled and masked products of queries and keys, times
// values.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "ops/kernels/attention.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

enum AttentionInput : std::size_t { kQ, kK, kV, kMask, kZeroRows, kFilled, kBias, kSinks };

/// Dimension i of Q, as it is multiplied, is dimension q_order[i] of input 0; likewise of K and V. Dimension i of the
/// output is dimension y_order[i] of Y. An empty order changes nothing.
struct AttentionAttributes : Attributes {
  kernels::ScoreScale scale;
  float cap = 0.0F;          ///< a scaled score s becomes cap * tanh(s); 0: it stays
  bool nan_is_zero = false;  ///< rows whose softmax is NaN count as zeros
  float fill = 0.0F;         ///< the score where `filled` is fills_where
  bool fills_where = true;
  std::vector<std::size_t> q_order, k_order, v_order, y_order;
};

/// Strides in elements along batch, head, row and column; 0 repeats.
using AttentionStrides = std::array<std::int64_t, 4>;

/// With concrete shapes: tensors of 3 dimensions have one head.
struct AttentionPlan {
  std::int64_t batches = 0, heads = 0, queries = 0, keys = 0, depth = 0, width = 0;
  std::int64_t heads_of_key = 1;  ///< neighbouring heads that share one head of K and V
  kernels::ScoreScale scale;
  float cap = 0.0F;
  bool nan_is_zero = false;
  float fill = 0.0F;
  bool fills_where = true;
  bool has_mask = false, has_zero_rows = false, has_filled = false, has_bias = false, has_sinks = false;
  AttentionStrides q = {}, k = {}, v = {}, y = {}, mask = {};
  AttentionStrides zero_rows = {}, filled = {}, bias = {}, sinks = {};
};

/// Requires: the node has passed infer, and all dimensions are known.
AttentionPlan attention_plan(const NodeView& node);

Implementation simd_attention();

// Fusion hooks.
/// The output's.
std::optional<Replacement> absorb_transpose_into_attention(const FusionContext& context);
/// Of Q, K or V: the producer is the Transpose.
std::optional<Replacement> absorb_transpose_of_attention(const FusionContext& context);

}  // namespace linnet::internal
