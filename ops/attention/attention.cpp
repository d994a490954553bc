// ScaledDotProductAttention, of Linnet's own domain: what fusions/attention_fusions.cpp makes of the nodes of an
// attention, ONNX's operator Attention included, whose definition is such nodes.
//   Y = softmax(capped(Q K^T * scale) + bias + mask) V, with the softmax over keys and capped(s) = cap * tanh(s)
// Q [batch, heads, queries, depth], K [batch, key heads, keys, depth], V [batch, key heads, keys, width], Y [batch,
// heads, queries, width]; heads is a multiple of key heads, and neighbouring ones share one. All have 4 dimensions, or
// all 3: then there is one head. mask is [batch, heads, queries, keys]. zero_rows (bool) is [batch, heads, queries, 1]:
// where it is true the softmax counts as zeros. filled (bool) is [batch, heads, queries, keys]: there a score is
// another number before bias and mask are added. bias is [batch, heads, queries, keys]. sinks [batch, heads, queries,
// 1] is one score more of a row, as it is, of a key that has no value. All five may be left out. Only float32.
//
// Batches broadcast, as do the heads, queries and keys of the scores Q K^T and the masks: of a size of 1 there may be
// more in another of them.
//
// Attributes: scale (a factor, with `divides` a divisor); cap (0: scores stay as they are); nan_is_zero: as zero_rows,
// where the softmax is NaN; fill: the number where filled is fills_where; q_order, k_order, v_order, y_order:
// transpositions taken in.
#include "ops/attention/attention.hpp"
#include "ops/shared/output_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/shared/axis_order.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/truth.hpp"

namespace linnet::internal {
namespace {

std::vector<std::size_t> parse_order(ParseContext& context, const char* name) {
  std::vector<std::size_t> order;
  for (const std::int64_t axis : context.get_ints(name).value_or(std::vector<std::int64_t>{}))
    order.push_back(static_cast<std::size_t>(axis));
  return order;
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<AttentionAttributes>();
  attributes->scale = {context.get_float("scale", 1.0F), context.get_int("divides", 0) != 0};
  attributes->cap = context.get_float("cap", 0.0F);
  attributes->nan_is_zero = context.get_int("nan_is_zero", 0) != 0;
  attributes->fill = context.get_float("fill", 0.0F);
  attributes->fills_where = context.get_int("fills_where", 1) != 0;
  attributes->q_order = parse_order(context, "q_order");
  attributes->k_order = parse_order(context, "k_order");
  attributes->v_order = parse_order(context, "v_order");
  attributes->y_order = parse_order(context, "y_order");
  return attributes;
}

void check_order(const std::vector<std::size_t>& order, std::size_t rank) {
  if (order.empty()) return;
  std::vector<bool> used(rank, false);
  for (const std::size_t axis : order) {
    if (axis < rank) used[axis] = true;
  }
  if (order.size() != rank || std::count(used.begin(), used.end(), true) != static_cast<std::ptrdiff_t>(rank)) {
    invalid_model("an order of axes does not name each of ", rank, " axes once");
  }
}

/// [batch, head, row, column].
Dims with_heads(Dims dims) {
  if (dims.size() == 3) dims.insert(dims.begin() + 1, 1);
  return dims;
}

const std::vector<std::size_t>& order_of(const NodeView& node, std::size_t input) {
  const auto& attributes = node.attributes<AttentionAttributes>();
  return input == kQ ? attributes.q_order : input == kK ? attributes.k_order : attributes.v_order;
}

Dims operand(const NodeView& node, std::size_t input) {
  return with_heads(in_order(node.input_dims(input), order_of(node, input)));
}

void check_operands(const NodeView& node) {
  const char* const names[] = {"Q", "K", "V"};
  const std::size_t rank = node.input_rank(kQ);
  if (rank != 3 && rank != 4) invalid_model("Q is ", node.input_dims(kQ), ", expected rank 3 or 4");
  for (const std::size_t input : {kQ, kK, kV}) {
    if (node.input_rank(input) != rank) {
      invalid_model(names[input], " is ", node.input_dims(input), ", expected rank ", rank, " as Q has");
    }
    check_order(order_of(node, input), rank);
  }
  check_order(node.attributes<AttentionAttributes>().y_order, rank);
}

void check_sizes(const Dims& q, const Dims& k, const Dims& v, const Dims& scores) {
  const bool sizes = !k[3].differs(q[3]) && !v[2].differs(scores[3]) && !v[1].differs(k[1]);
  const bool shared = !q[1].known() || !k[1].known() || q[1].value() == k[1].value() ||
                      (k[1].value() != 0 && q[1].value() % k[1].value() == 0);
  if (sizes && shared) return;
  invalid_model("Q, K and V are ", q, ", ", k, " and ", v,
                ", expected [batch,heads,queries,depth], [batch,key heads,keys,depth] and [batch,key heads,keys,width]"
                " with heads a multiple of key heads");
}

/// `scores` with an operand that broadcasts to them, or they to it. Errors: kInvalidModel when neither does.
Dims joined(const Dims& scores, const Dims& operand, const char* name) {
  for (std::size_t axis = 0; axis < scores.size(); ++axis) {
    if (scores[axis].differs(operand[axis]) && !scores[axis].is(1) && !operand[axis].is(1)) {
      invalid_model(name, " is ", operand, ", expected what broadcasts with ", scores);
    }
  }
  return broadcast(scores, operand);
}

/// Of a mask, [batch, head, row, column].
Dims mask_dims(const NodeView& node, std::size_t input, const char* name) {
  Dims dims = node.input_dims(input);
  if (dims.size() > node.input_rank(kQ)) invalid_model(name, " is ", dims, ", expected no more dimensions than Q has");
  dims.insert(dims.begin(), node.input_rank(kQ) - dims.size(), 1);
  return with_heads(std::move(dims));
}

/// [batch, head, query, key].
Dims scores_of(const NodeView& node, const Dims& q, const Dims& k, const Dims& v) {
  Dims scores = joined({q[0], q[1], q[2], k[2]}, {k[0], 1, 1, 1}, "K");
  scores = joined(scores, {v[0], 1, 1, 1}, "V");
  if (node.has_input(kMask)) scores = joined(scores, mask_dims(node, kMask, "mask"), "mask");
  if (node.has_input(kFilled)) scores = joined(scores, mask_dims(node, kFilled, "filled"), "filled");
  if (node.has_input(kBias)) scores = joined(scores, mask_dims(node, kBias, "bias"), "bias");
  const auto join_rows = [&](std::size_t input, const char* name) {
    if (!node.has_input(input)) return;
    const Dims rows = mask_dims(node, input, name);
    if (rows[3].differs(1)) invalid_model(name, " is ", rows, ", expected 1 element in a row");
    scores = joined(scores, {rows[0], rows[1], rows[2], 1}, name);
  };
  join_rows(kZeroRows, "zero_rows");
  join_rows(kSinks, "sinks");
  return scores;
}

void infer(InferContext& context) {
  check_operands(context);
  const Dims q = operand(context, kQ);
  const Dims k = operand(context, kK);
  const Dims v = operand(context, kV);
  const Dims scores = scores_of(context, q, k, v);
  check_sizes(q, k, v, scores);
  Dims y = {scores[0], scores[1], scores[2], v[3]};
  if (context.input_rank(kQ) == 3) y.erase(y.begin() + 1);
  context.set_output(0, in_order(y, context.attributes<AttentionAttributes>().y_order));
}

/// Of a tensor in dense memory of the shape `extent`, in the order in which it is multiplied. Its first `repeated`
/// dimensions have stride 0 where their size is 1.
AttentionStrides strides_of(const Shape& shape, const Shape& extent, const std::vector<std::size_t>& order,
                            std::size_t repeated) {
  Shape sizes = in_order(shape, order);
  std::vector<std::int64_t> strides = in_order(row_major_strides(extent), order);
  if (strides.size() == 3) {
    sizes.insert(sizes.begin() + 1, 1);
    strides.insert(strides.begin() + 1, 0);
  }
  for (std::size_t i = 0; i < repeated; ++i) {
    if (sizes[i] == 1) strides[i] = 0;
  }
  return {strides[0], strides[1], strides[2], strides[3]};
}

AttentionStrides broadcast_strides(const NodeView& node, std::size_t input) {
  Shape shape = node.input_shape(input);
  shape.insert(shape.begin(), node.input_rank(kQ) - shape.size(), 1);
  return strides_of(shape, shape, {}, 4);
}

struct Reference {
  AttentionPlan plan;
  std::int64_t rows = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<Reference>();
  state->plan = attention_plan(context);
  const AttentionPlan& plan = state->plan;
  state->rows = plan.width == 0 ? 0 : element_count(Shape{plan.batches, plan.heads, plan.queries});
  const std::optional<std::int64_t> bytes =
      checked_product(plan.keys, static_cast<std::int64_t>(sizeof(double)) * context.threads());
  if (!bytes) fail(ErrorCode::kLimitExceeded, "the scores need more bytes than 64 bits can count");
  return {state, static_cast<std::size_t>(*bytes), 0};
}

std::int64_t offset(const AttentionStrides& strides, const std::array<std::int64_t, 3>& at) {
  return at[0] * strides[0] + at[1] * strides[1] + at[2] * strides[2];
}

/// What a row of queries adds to the score of a key.
double addend(const RunArguments& args, std::size_t input, const AttentionStrides& strides,
              const std::array<std::int64_t, 3>& at, std::int64_t key) {
  return static_cast<double>((static_cast<const float*>(args.inputs[input]) + offset(strides, at))[key * strides[3]]);
}

/// The probabilities of one row of queries.
void softmax_of_row(const RunArguments& args, const AttentionPlan& plan, const std::array<std::int64_t, 3>& at,
                    double* scores) {
  const std::array<std::int64_t, 3> first_key = {at[0], at[1] / plan.heads_of_key, 0};
  const float* q = static_cast<const float*>(args.inputs[kQ]) + offset(plan.q, at);
  const float* k = static_cast<const float*>(args.inputs[kK]) + offset(plan.k, first_key);
  double maximum = -std::numeric_limits<double>::infinity();
  for (std::int64_t key = 0; key < plan.keys; ++key) {
    double score = 0;
    for (std::int64_t i = 0; i < plan.depth; ++i) {
      score += static_cast<double>(q[i * plan.q[3]]) * static_cast<double>(k[key * plan.k[2] + i * plan.k[3]]);
    }
    const auto factor = static_cast<double>(plan.scale.factor);
    score = plan.scale.divides ? score / factor : score * factor;
    if (plan.cap != 0) score = static_cast<double>(plan.cap) * std::tanh(score);
    if (plan.has_filled) {
      const std::int64_t index = offset(plan.filled, at) + key * plan.filled[3];
      const bool filled = is_true_at(args.inputs[kFilled], static_cast<std::size_t>(index)) == plan.fills_where;
      if (filled) score = static_cast<double>(plan.fill);
    }
    if (plan.has_bias) score += addend(args, kBias, plan.bias, at, key);
    if (plan.has_mask) score += addend(args, kMask, plan.mask, at, key);
    scores[key] = score;
    maximum = std::max(maximum, score);
  }
  double sum = 0;
  if (plan.has_sinks) {
    const double sink = addend(args, kSinks, plan.sinks, at, 0);
    maximum = std::max(maximum, sink);
    sum = std::exp(sink - maximum);
  }
  for (std::int64_t key = 0; key < plan.keys; ++key) sum += scores[key] = std::exp(scores[key] - maximum);
  const bool zero = (plan.has_zero_rows &&
                     is_true_at(args.inputs[kZeroRows], static_cast<std::size_t>(offset(plan.zero_rows, at)))) ||
                    (plan.nan_is_zero && std::isnan(sum));
  for (std::int64_t key = 0; key < plan.keys; ++key) scores[key] = zero ? 0 : scores[key] / sum;
}

void run(const RunArguments& args) {
  const Reference& state = *static_cast<const Reference*>(args.state);
  const AttentionPlan& plan = state.plan;
  const std::int64_t rows = state.rows;
  const double work = static_cast<double>(plan.keys) * static_cast<double>(plan.depth + plan.width + 20) + 10;
  args.control.parallel_for(
      static_cast<std::size_t>(rows), work * static_cast<double>(rows), [&](std::size_t row, std::size_t worker) {
        if (args.control.abandon_if_stopped()) return;
        double* const scores = static_cast<double*>(args.workspace) + worker * static_cast<std::size_t>(plan.keys);
        const auto index = static_cast<std::int64_t>(row);
        const std::array<std::int64_t, 3> at = {index / plan.queries / plan.heads, index / plan.queries % plan.heads,
                                                index % plan.queries};
        softmax_of_row(args, plan, at, scores);
        const float* v =
            static_cast<const float*>(args.inputs[kV]) + offset(plan.v, {at[0], at[1] / plan.heads_of_key, 0});
        float* y = static_cast<float*>(args.outputs[0]) + offset(plan.y, at);
        for (std::int64_t column = 0; column < plan.width; ++column) {
          double sum = 0;
          for (std::int64_t key = 0; key < plan.keys; ++key)
            sum += scores[key] * static_cast<double>(v[key * plan.v[2] + column * plan.v[3]]);
          y[column * plan.y[3]] = static_cast<float>(sum);
        }
      });
}

/// From what SSE4 kernels reach.
double folding_ns(const NodeView& node) {
  const AttentionPlan plan = attention_plan(node);
  return 0.1 * static_cast<double>(plan.batches) * static_cast<double>(plan.heads) * static_cast<double>(plan.queries) *
         static_cast<double>(plan.keys) * static_cast<double>(plan.depth + plan.width + 20);
}

constexpr InputDef kInputs[] = {
    {"Q", kFloat32Type},
    {"K", kFloat32Type, kSpaced},
    {"V", kFloat32Type, kSpaced},
    {"mask", kFloat32Type, kMayBeLeftOut},
    {"zero_rows", kBoolType, kMayBeLeftOut},
    {"filled", kBoolType, kMayBeLeftOut},
    {"bias", kFloat32Type, kMayBeLeftOut},
    {"sinks", kFloat32Type, kMayBeLeftOut},
};

}  // namespace

AttentionPlan attention_plan(const NodeView& node) {
  const auto& attributes = node.attributes<AttentionAttributes>();
  const Dims q = operand(node, kQ);
  const Dims k = operand(node, kK);
  const Dims v = operand(node, kV);
  const Shape scores = to_shape(scores_of(node, q, k, v));
  AttentionPlan plan;
  plan.batches = scores[0];
  plan.heads = scores[1];
  plan.queries = scores[2];
  plan.depth = q[3].value();
  plan.keys = scores[3];
  plan.width = v[3].value();
  plan.heads_of_key = k[1].is(0) ? 1 : plan.heads / k[1].value();
  plan.scale = attributes.scale;
  plan.cap = attributes.cap;
  plan.nan_is_zero = attributes.nan_is_zero;
  const auto input_strides = [&](std::size_t input, std::size_t repeated) {
    return strides_of(node.input_shape(input), node.input_extent(input), order_of(node, input), repeated);
  };
  plan.q = input_strides(kQ, 3);
  plan.k = input_strides(kK, 3);
  plan.v = input_strides(kV, 1);
  std::vector<std::size_t> inverse(attributes.y_order.size());
  for (std::size_t i = 0; i < inverse.size(); ++i) inverse[attributes.y_order[i]] = i;
  plan.y = strides_of(node.output_shape(0), node.output_shape(0), inverse, 0);
  plan.has_mask = node.has_input(kMask);
  if (plan.has_mask) plan.mask = broadcast_strides(node, kMask);
  plan.has_zero_rows = node.has_input(kZeroRows);
  if (plan.has_zero_rows) plan.zero_rows = broadcast_strides(node, kZeroRows);
  plan.fill = attributes.fill;
  plan.fills_where = attributes.fills_where;
  plan.has_filled = node.has_input(kFilled);
  if (plan.has_filled) plan.filled = broadcast_strides(node, kFilled);
  plan.has_bias = node.has_input(kBias);
  if (plan.has_bias) plan.bias = broadcast_strides(node, kBias);
  plan.has_sinks = node.has_input(kSinks);
  if (plan.has_sinks) plan.sinks = broadcast_strides(node, kSinks);
  return plan;
}

void register_attention(Registry& registry) {
  OpDef op;
  op.name = "ScaledDotProductAttention";
  op.domain = kOwnDomain;
  op.inputs = kInputs;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_attention(), {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  op.facts.absorb_transpose = absorb_transpose_into_attention;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
