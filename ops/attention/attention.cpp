// ScaledDotProductAttention, of Linnet's own domain: what fusions/attention_fusions.cpp makes of the nodes of an
// attention, ONNX's operator Attention included, whose definition is such nodes.
//   Y = softmax(Q K^T * scale + mask) V, with the softmax over keys
// Q [batch, heads, queries, depth], K [batch, key heads, keys, depth], V [batch, key heads, keys, width], Y [batch,
// heads, queries, width]; heads is a multiple of key heads, and neighbouring ones share one. All have 4 dimensions, or
// all 3: then there is one head. mask broadcasts to [batch, heads, queries, keys]. zero_rows (bool) broadcasts to
// [batch, heads, queries, 1]: where it is true the softmax counts as zeros. Both may be left out. Only float32.
//
// Attributes: scale (a factor, with `divides` a divisor); nan_is_zero: as zero_rows, where the softmax is NaN; q_order,
// k_order, v_order, y_order: transpositions taken in.
#include "ops/attention/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/shared/axis_order.hpp"
#include "ops/shared/element_types.hpp"
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
  attributes->nan_is_zero = context.get_int("nan_is_zero", 0) != 0;
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
    require_type(node, input, names[input], {DataType::kFloat32});
    if (node.input_rank(input) != rank) {
      invalid_model(names[input], " is ", node.input_dims(input), ", expected rank ", rank, " as Q has");
    }
    check_order(order_of(node, input), rank);
  }
  check_order(node.attributes<AttentionAttributes>().y_order, rank);
}

void check_sizes(const Dims& q, const Dims& k, const Dims& v) {
  const bool batches = !k[0].differs(q[0]) && !v[0].differs(q[0]);
  const bool sizes = !k[3].differs(q[3]) && !v[2].differs(k[2]) && !v[1].differs(k[1]);
  const bool shared = !q[1].known() || !k[1].known() || q[1].value() == k[1].value() ||
                      (k[1].value() != 0 && q[1].value() % k[1].value() == 0);
  if (batches && sizes && shared) return;
  invalid_model("Q, K and V are ", q, ", ", k, " and ", v,
                ", expected [batch,heads,queries,depth], [batch,key heads,keys,depth] and [batch,key heads,keys,width]"
                " with heads a multiple of key heads");
}

void check_broadcasts(const NodeView& node, std::size_t input, const char* name, const Dims& scores) {
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() <= node.input_rank(kQ);
  for (std::size_t i = 0; fits && i < dims.size(); ++i) {
    const std::size_t axis = i + node.input_rank(kQ) - dims.size();
    const Dim wanted = scores[node.input_rank(kQ) == 3 && axis > 0 ? axis + 1 : axis];
    fits = dims[i].is(1) || !dims[i].differs(wanted);
  }
  if (!fits) invalid_model(name, " is ", dims, ", expected what broadcasts to ", scores);
}

void infer(InferContext& context) {
  check_operands(context);
  const Dims q = operand(context, kQ);
  const Dims k = operand(context, kK);
  const Dims v = operand(context, kV);
  check_sizes(q, k, v);
  if (context.has_input(kMask)) {
    require_type(context, kMask, "mask", {DataType::kFloat32});
    check_broadcasts(context, kMask, "mask", {q[0], q[1], q[2], k[2]});
  }
  if (context.has_input(kZeroRows)) {
    require_type(context, kZeroRows, "zero_rows", {DataType::kBool});
    check_broadcasts(context, kZeroRows, "zero_rows", {q[0], q[1], q[2], 1});
  }
  Dims y = {q[0], q[1], q[2], v[3]};
  if (context.input_rank(kQ) == 3) y.erase(y.begin() + 1);
  context.set_output(0, DataType::kFloat32, in_order(y, context.attributes<AttentionAttributes>().y_order));
}

/// Of a dense tensor, in the order in which it is multiplied. `repeats`: dimensions of size 1 have stride 0.
AttentionStrides strides_of(const Shape& shape, const std::vector<std::size_t>& order, bool repeats) {
  std::vector<std::int64_t> strides = row_major_strides(shape);
  for (std::size_t i = 0; repeats && i < shape.size(); ++i) {
    if (shape[i] == 1) strides[i] = 0;
  }
  strides = in_order(strides, order);
  if (strides.size() == 3) strides.insert(strides.begin() + 1, 0);
  return {strides[0], strides[1], strides[2], strides[3]};
}

AttentionStrides broadcast_strides(const NodeView& node, std::size_t input) {
  Shape shape = node.input_shape(input);
  shape.insert(shape.begin(), node.input_rank(kQ) - shape.size(), 1);
  return strides_of(shape, {}, true);
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
    if (plan.has_mask) {
      const float* mask = static_cast<const float*>(args.inputs[kMask]) + offset(plan.mask, at);
      score += static_cast<double>(mask[key * plan.mask[3]]);
    }
    scores[key] = score;
    maximum = std::max(maximum, score);
  }
  double sum = 0;
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

}  // namespace

AttentionPlan attention_plan(const NodeView& node) {
  const auto& attributes = node.attributes<AttentionAttributes>();
  const Shape q = to_shape(operand(node, kQ));
  const Shape k = to_shape(operand(node, kK));
  AttentionPlan plan;
  plan.batches = q[0];
  plan.heads = q[1];
  plan.queries = q[2];
  plan.depth = q[3];
  plan.keys = k[2];
  plan.width = to_shape(operand(node, kV))[3];
  plan.heads_of_key = k[1] == 0 ? 1 : q[1] / k[1];
  plan.scale = attributes.scale;
  plan.nan_is_zero = attributes.nan_is_zero;
  plan.q = strides_of(node.input_shape(kQ), attributes.q_order, false);
  plan.k = strides_of(node.input_shape(kK), attributes.k_order, false);
  plan.v = strides_of(node.input_shape(kV), attributes.v_order, false);
  std::vector<std::size_t> inverse(attributes.y_order.size());
  for (std::size_t i = 0; i < inverse.size(); ++i) inverse[attributes.y_order[i]] = i;
  plan.y = strides_of(node.output_shape(0), inverse, false);
  plan.has_mask = node.has_input(kMask);
  if (plan.has_mask) plan.mask = broadcast_strides(node, kMask);
  plan.has_zero_rows = node.has_input(kZeroRows);
  if (plan.has_zero_rows) plan.zero_rows = broadcast_strides(node, kZeroRows);
  return plan;
}

void register_attention(Registry& registry) {
  OpDef op;
  op.name = "ScaledDotProductAttention";
  op.domain = kOwnDomain;
  op.min_inputs = 3;
  op.max_inputs = 5;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_attention(), {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  op.facts.absorb_transpose = absorb_transpose_into_attention;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
