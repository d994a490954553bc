// Attention, which exports write as several nodes, as one node:
//
//   softmax(scaled(Q) scaled(K)^T * scale + mask) V
//
// with the scale as product or quotient of Q, of K^T, of their product, or of several; with or without mask; with rows
// of NaN made zeros (Where(IsNaN(p), 0, p)) or some rows (Where(rows, 0, p)), as the definition of ONNX's operator
// Attention has it; and with K and V repeated for groups of heads (Unsqueeze, Expand, Reshape). K may come as it is
// multiplied. Transposes of operands and result are taken in by fuse_transpose, later.
//
// What comes out rounds less: scaling Q and K rounds every element, and sqrt(scale), which is 0.35355338 for a scale of
// 1/8, before that. Only float32.
#include <algorithm>
#include <cmath>

#include "ops/attention/attention.hpp"
#include "ops/normalization/softmax.hpp"
#include "ops/shared/float_scalar.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "runtime/data_type.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::number;
using patterns::one_of;
using patterns::op;

/// What scales or is scaled, or just `of`.
Pattern scaled(const Pattern& of, const char* factor, const char* divisor) {
  return one_of({op("Mul", {of, constant(factor)}), op("Div", {of, constant(divisor)}), of});
}

/// The heads of a value, each several times: [b, heads, 1, ...] expanded, and merged again. One time needs no Expand.
Pattern repeated(const char* of, const char* unsqueezed, const char* as) {
  const Pattern apart = op("Unsqueeze", {any(of), constant(nullptr)}, unsqueezed);
  return op("Reshape", {one_of({op("Expand", {apart, any(nullptr)}), apart}), any(nullptr)}, as);
}

Pattern attention(bool groups) {
  const Pattern keys =
      groups ? op("Transpose", {repeated("k", "unsqueezed k", "repeated k")}, "transposed k") : any("k");
  const Pattern values = groups ? repeated("v", "unsqueezed v", "repeated v") : any("v");
  const Pattern product =
      op("MatMul", {scaled(any("q"), "q factor", "q divisor"), scaled(keys, "k factor", "k divisor")}, "product");
  const Pattern scores = scaled(product, "factor", "divisor");
  const Pattern p = op("Softmax", {one_of({op("Add", {scores, any("mask")}), scores})}, "p");
  const Pattern kept = one_of({op("Where", {op("IsNaN", {p}, "nan"), number(0.0), any("p")}),
                               op("Where", {any("zero rows"), number(0.0), p}), p});
  return op("MatMul", {kept, values});
}

/// 1 for what is left out; nothing where a float does not hold it.
std::optional<double> constant_of(const Match& match, const char* name) {
  if (!match.has(name)) return 1.0;
  const std::optional<float> value = float_scalar(match.constant(name));
  return value ? std::optional<double>(*value) : std::nullopt;
}

/// Two equal factors are the square root of one: a power of two that is 2 ULP away from their product is meant.
double meant(double product) {
  const double power = std::exp2(std::round(std::log2(product)));
  return std::abs(product - power) <= 2 * 0x1p-24 * power ? power : product;
}

std::optional<kernels::ScoreScale> scale_of(const Match& match) {
  double factor = 1.0;
  for (const char* name : {"q factor", "k factor", "factor"}) {
    const std::optional<double> value = constant_of(match, name);
    if (!value) return std::nullopt;
    factor *= *value;
  }
  double divisor = 1.0;
  for (const char* name : {"q divisor", "k divisor", "divisor"}) {
    const std::optional<double> value = constant_of(match, name);
    if (!value) return std::nullopt;
    divisor *= *value;
  }
  if (factor == 1.0) return kernels::ScoreScale{static_cast<float>(divisor), divisor != 1.0};
  const double scale = factor / divisor;
  return kernels::ScoreScale{static_cast<float>(scale > 0 ? meant(scale) : scale), false};
}

bool same(const Dims& a, const Dims& b, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    if (!a[i].same(b[i])) return false;
  }
  return true;
}

/// Whether the nodes of `repeated` make of [b, g, n, d] first [b, g, 1, n, d], and then `heads` heads of them.
bool repeats_heads(const Match& match, const char* of, const char* unsqueezed, const char* as, Dim heads) {
  const Dims& before = match.type(of).dims;
  const Dims& apart = match.type(unsqueezed).dims;
  const NodeView merge = match.node(as);
  const Dims& groups = merge.input_dims(0);
  const Dims& after = merge.output(0).dims;
  if (before.size() != 4 || apart.size() != 5 || groups.size() != 5 || after.size() != 4) return false;
  if (!apart[2].is(1) || !same(before, apart, 0, 2) || !before[2].same(apart[3]) || !before[3].same(apart[4])) {
    return false;
  }
  if (!same(apart, groups, 0, 2) || !same(apart, groups, 3, 5)) return false;
  if (!groups[1].known() || !groups[2].known() || !heads.is(groups[1].value() * groups[2].value())) return false;
  return before[0].same(after[0]) && heads.same(after[1]) && same(before, after, 2, 4);
}

/// Whether a tensor of these dimensions repeats along others at most to give `scores`, and leaves them that shape.
bool fits(const Dims& dims, const Dims& scores) {
  if (dims.size() > scores.size()) return false;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Dim wanted = scores[i + scores.size() - dims.size()];
    const bool repeats = wanted.known() && wanted.value() != 1;
    if (!dims[i].is(1) && !dims[i].same(wanted) && !repeats) return false;
  }
  return true;
}

/// A constant of zeros only.
template <typename T>
bool is_all_zero(const ConstantPtr& constant) {
  if (constant == nullptr) return false;
  const T* elements = constant->as<T>();
  return std::all_of(elements, elements + constant->count(), [](T element) { return element == T{}; });
}

/// The last two dimensions change places.
std::vector<std::size_t> swapped_order(std::size_t rank) {
  std::vector<std::size_t> order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = i;
  std::swap(order[rank - 1], order[rank - 2]);
  return order;
}

bool softmax_over_keys(const NodeView& softmax) {
  const auto& attributes = softmax.attributes<SoftmaxAttributes>();
  const std::size_t rank = softmax.input_rank(0);
  return normalized_axis(attributes.axis, rank) == static_cast<std::int64_t>(rank) - 1;
}

/// Whether q [.., queries, depth], k and v are as attention wants them, whatever sizes are not known yet.
bool operands_fit(const Match& match) {
  const Dims& q = match.type("q").dims;
  const NodeView product = match.node("product");
  const Dims& scores = match.type("p").dims;
  const std::size_t rank = q.size();
  if ((rank != 3 && rank != 4) || product.input_rank(0) != rank || product.input_rank(1) != rank) return false;
  if (scores.size() != rank || match.last().output(0).dims.size() != rank || match.type("v").dims.size() != rank) {
    return false;
  }
  if (match.has("transposed k")) {
    const NodeView transpose = match.node("transposed k");
    const auto* order = dynamic_cast<const AxisOrderAttributes*>(transpose.node().attributes.get());
    if (order == nullptr || order->order(4) != swapped_order(4)) return false;
    return rank == 4 && match.type("k").dims[0].same(q[0]) &&
           repeats_heads(match, "k", "unsqueezed k", "repeated k", q[1]) &&
           same(match.type("k").dims, match.type("v").dims, 0, 2) &&
           repeats_heads(match, "v", "unsqueezed v", "repeated v", q[1]);
  }
  return match.type("k").dims.size() == rank && same(match.type("k").dims, q, 0, rank - 2) &&
         same(match.type("v").dims, q, 0, rank - 2);
}

std::optional<Replacement> make_attention(const Match& match) {
  const OpDef* op = match.registry().find(kFusedDomain, "ScaledDotProductAttention");
  const Backend backend = match.last().options().backend;
  const bool own_kernels = backend == Backend::kAuto || backend == Backend::kSimd;
  if (op == nullptr || !own_kernels || match.type("q").type != DataType::kFloat32) return std::nullopt;
  const std::optional<kernels::ScoreScale> scale = scale_of(match);
  if (!scale || !softmax_over_keys(match.node("p")) || !operands_fit(match)) return std::nullopt;
  auto attributes = std::make_shared<AttentionAttributes>();
  attributes->scale = *scale;
  attributes->nan_is_zero = match.has("nan");
  if (!match.has("transposed k")) attributes->k_order = swapped_order(match.type("k").dims.size());
  Replacement replacement{op, nullptr, {match.value("q"), match.value("k"), match.value("v")}};
  Dims scores = match.node("product").output(0).dims;
  ValueId mask = match.has("mask") ? match.value("mask") : kNoValue;
  if (mask != kNoValue && !fits(match.type("mask").dims, scores)) return std::nullopt;
  scores.back() = 1;
  ValueId zero_rows = match.has("zero rows") ? match.value("zero rows") : kNoValue;
  if (zero_rows != kNoValue && !fits(match.type("zero rows").dims, scores)) return std::nullopt;
  if (mask != kNoValue && is_all_zero<float>(match.constant_or_null("mask"))) mask = kNoValue;
  if (zero_rows != kNoValue && is_all_zero<bool>(match.constant_or_null("zero rows"))) zero_rows = kNoValue;
  if (mask != kNoValue || zero_rows != kNoValue) replacement.inputs.emplace_back(mask);
  if (zero_rows != kNoValue) replacement.inputs.emplace_back(zero_rows);
  replacement.attributes = std::move(attributes);
  return replacement;
}

}  // namespace

void register_attention_fusions(Registry& registry) {
  registry.add(Fusion{kFuseLayerParts, attention(true), make_attention});
  registry.add(Fusion{kFuseLayerParts, attention(false), make_attention});
}

}  // namespace linnet::internal
