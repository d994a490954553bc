// Attention, which exports write as several nodes, as one node:
//
//   softmax(capped(scaled(Q) scaled(K)^T * scale) + bias + mask) V
//
// with the scale as product or quotient of Q, of K^T, of their product, or of several; with scores that are capped,
// tanh(s / c) * c, or not; with or without bias and mask; with scores that Where makes another number before that; with
// rows of NaN made zeros (Where(IsNaN(p), 0, p)) or some rows (Where(rows, 0, p)), as the definition of ONNX's operator
// Attention has it; with one score more of each row whose probability is cut off (Concat, Softmax, Slice), a sink; and
// with K and V repeated for groups of heads (Unsqueeze, Expand, Reshape). K may come as it is multiplied, or be
// transposed as matrices of all heads. Either product may be an Einsum ('bhqd,bhkd->bhqk', 'bqhd,bkhd->bhqk'), which
// says how operands and result lie. Transposes of them are taken in by fuse_transpose, later.
//
// What comes out rounds less: scaling Q and K rounds every element, and sqrt(scale), which is 0.35355338 for a scale of
// 1/8, before that. Only float32.
#include <algorithm>
#include <cmath>

#include "ops/attention/attention.hpp"
#include "ops/movement/concat.hpp"
#include "ops/normalization/softmax.hpp"
#include "ops/product/einsum.hpp"
#include "ops/shared/axis_order.hpp"
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
using patterns::op_on;

/// What scales or is scaled, or just `of`.
Pattern scaled(const Pattern& of, const char* factor, const char* divisor) {
  return one_of({op("Mul", {of, constant(factor)}), op("Div", {of, constant(divisor)}), of});
}

/// The names of a value and of the nodes that repeat its heads.
struct RepeatedNames {
  const char* of;
  const char* unsqueezed;
  const char* expanded;
  const char* merged;
  const char* kept;
};
constexpr RepeatedNames kKeyNames = {"k", "unsqueezed k", "expanded k", "merged k", "kept k"};
constexpr RepeatedNames kValueNames = {"v", "unsqueezed v", "expanded v", "merged v", "kept v"};

/// The heads of a value, each several times: [b, heads, 1, ...] expanded. One time needs no Expand.
Pattern expanded(const RepeatedNames& names) {
  const Pattern apart = op("Unsqueeze", {any(names.of), constant(nullptr)}, names.unsqueezed);
  return one_of({op("Expand", {apart, any(nullptr)}, names.expanded), apart});
}

/// The same merged to [b, heads, ...], which another Unsqueeze and Reshape may leave as it is.
Pattern repeated(const RepeatedNames& names) {
  const Pattern merged = op("Reshape", {expanded(names), any(nullptr)}, names.merged);
  const Pattern apart = op("Unsqueeze", {merged, constant(nullptr)});
  return one_of({op("Reshape", {apart, any(nullptr)}, names.kept), merged});
}

/// K^T from a K with heads, as matrices of all batches and heads.
Pattern turned_matrices(const Pattern& of) {
  const Pattern matrices = op("Reshape", {of, any(nullptr)}, "matrices");
  return op("Reshape", {op("Transpose", {matrices}, "turned"), any(nullptr)}, "turned heads");
}

/// What is done to the heads of K, and of V.
enum class Heads { kRepeated, kMatrices, kPlain };

/// Probabilities of scores and one sink behind them; what they have in common may be taken off before.
Pattern probabilities_beside_sinks(const Pattern& scores) {
  const Pattern sinks = one_of({op("Expand", {any("sinks"), any(nullptr)}), any("sinks")});
  const Pattern all = op("Concat", {scores, sinks}, "all scores");
  const Pattern lowered = op("Sub", {all, op_on("ReduceMax", any("all scores"), "highest")});
  const Pattern p = op("Softmax", {one_of({lowered, all})}, "p");
  const Pattern starts = constant("starts");
  const Pattern ends = constant("ends");
  const Pattern axes = constant("axes");
  return one_of({op("Slice", {p, starts, ends, axes, number(1.0)}), op("Slice", {p, starts, ends, axes})});
}

/// Whether the only element of a list is this number.
bool is_only(const Constant& list, std::int64_t number) {
  const std::vector<std::int64_t> elements = integers_of(list);
  return elements.size() == 1 && elements[0] == number;
}

/// Whether the last score of each row is a sink, and its probability is what is cut off.
bool cuts_sinks(const Match& match) {
  const NodeView concat = match.node("all scores");
  const auto* attributes = dynamic_cast<const ConcatAttributes*>(concat.node().attributes.get());
  const std::size_t rank = match.type("p").dims.size();
  const Dims& sinks = match.type("sinks").dims;
  const auto last = static_cast<std::int64_t>(rank) - 1;
  const bool joined = attributes != nullptr && normalized_axis(attributes->axis, rank) == last;
  if (!joined || sinks.size() != rank || !sinks.back().is(1) || !concat.input_dims(1).back().is(1)) return false;
  // What is the same for all scores of a row changes no probability.
  if (match.has("highest")) {
    const Dims& highest = match.type("highest").dims;
    if (highest.size() != rank || !highest.back().is(1)) return false;
  }
  return is_only(match.constant("starts"), 0) && is_only(match.constant("ends"), -1) &&
         (is_only(match.constant("axes"), last) || is_only(match.constant("axes"), -1));
}

Pattern attention(Heads heads, bool sinks) {
  const Pattern all_keys = repeated(kKeyNames);
  const Pattern keys = heads == Heads::kRepeated
                           ? one_of({op("Transpose", {all_keys}, "turned"), turned_matrices(all_keys),
                                     turned_matrices(expanded(kKeyNames))})
                       : heads == Heads::kMatrices ? turned_matrices(any("k"))
                                                   : any("k");
  const Pattern values = heads == Heads::kRepeated ? repeated(kValueNames) : any("v");
  const Pattern q = scaled(any("q"), "q factor", "q divisor");
  const Pattern k = scaled(keys, "k factor", "k divisor");
  const Pattern by_matmul = op("MatMul", {q, k}, "product");
  const Pattern by_either = one_of({by_matmul, op("Einsum", {q, k}, "product")});
  const Pattern product = heads == Heads::kPlain ? by_either : by_matmul;
  const Pattern plain = scaled(product, "factor", "divisor");
  const Pattern inside = op("Tanh", {scaled(plain, "inner factor", "inner divisor")});
  const Pattern scores = one_of({op("Mul", {inside, constant("cap")}), plain});
  const Pattern filled = one_of({op("Where", {any("filled"), constant("fill"), scores}),
                                 op("Where", {any("open"), scores, constant("fill")}), scores});
  const Pattern biased = op("Add", {op("Add", {filled, any("bias")}), any("mask")});
  const Pattern masked = one_of({biased, op("Add", {filled, any("mask")}), filled});
  if (sinks) return op("MatMul", {probabilities_beside_sinks(masked), values});
  const Pattern p = op("Softmax", {masked}, "p");
  const Pattern kept_rows = one_of({op("Where", {op("IsNaN", {p}, "nan"), number(0.0), any("p")}),
                                    op("Where", {any("zero rows"), number(0.0), p}), p});
  const Pattern last = op("MatMul", {kept_rows, values});
  const Pattern last_of_either = one_of({last, op("Einsum", {kept_rows, values})});
  return heads == Heads::kPlain ? last_of_either : last;
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
  for (const char* name : {"q factor", "k factor", "factor", "inner factor"}) {
    const std::optional<double> value = constant_of(match, name);
    if (!value) return std::nullopt;
    factor *= *value;
  }
  double divisor = 1.0;
  for (const char* name : {"q divisor", "k divisor", "divisor", "inner divisor"}) {
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

/// Whether the nodes of `expanded` and `repeated` make of [b, g, n, d] first [b, g, 1, n, d], then [b, g, heads / g, n,
/// d], and then [b, heads, n, d]. What Expand makes of the other dimensions follows from the number of elements: it
/// makes none less.
bool repeats_heads(const Match& match, const RepeatedNames& names, Dim heads) {
  const Dims& before = match.type(names.of).dims;
  const Dims& apart = match.type(names.unsqueezed).dims;
  if (before.size() != 4 || apart.size() != 5) return false;
  if (!apart[2].is(1) || !same(before, apart, 0, 2) || !before[2].same(apart[3]) || !before[3].same(apart[4])) {
    return false;
  }
  if (!before[1].known() || !heads.known() || before[1].value() == 0) return false;
  const Dims& groups = match.has(names.expanded) ? match.type(names.expanded).dims : apart;
  if (groups.size() != 5 || !groups[2].known() || !heads.is(before[1].value() * groups[2].value())) return false;
  const Dims after = {before[0], heads, before[2], before[3]};
  for (const char* name : {names.merged, names.kept}) {
    if (match.has(name) && (match.type(name).dims.size() != 4 || !same(after, match.type(name).dims, 0, 4)))
      return false;
  }
  return true;
}

/// Whether a tensor of these dimensions repeats along others at most to give `scores`, and leaves them that shape.
bool repeats_within(const Dims& dims, const Dims& scores) {
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Dim wanted = scores[i + scores.size() - dims.size()];
    const bool repeats = wanted.known() && wanted.value() != 1;
    if (!dims[i].is(1) && !dims[i].same(wanted) && !repeats) return false;
  }
  return true;
}

/// A constant of zeros only that leaves the shape of `scores`.
template <typename T>
bool changes_nothing(const Match& match, const char* name, const Dims& scores) {
  const ConstantPtr& constant = match.constant_or_null(name);
  if (constant == nullptr || !repeats_within(match.type(name).dims, scores)) return false;
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

/// Whether K^T is K [b, heads, n, d] with its last two dimensions changed round, where Transpose nodes say so.
bool turns_keys(const Match& match, const Dims& keys) {
  const NodeView transpose = match.node("turned");
  const auto* order = dynamic_cast<const AxisOrderAttributes*>(transpose.node().attributes.get());
  const std::size_t rank = transpose.input_rank(0);
  if (order == nullptr || keys.size() != 4 || order->order(rank) != swapped_order(rank)) return false;
  if (!match.has("matrices")) return rank == 4;
  const Dims& matrices = match.type("matrices").dims;
  const Dims& heads = match.type("turned heads").dims;
  return rank == 3 && heads.size() == 4 && keys[2].same(matrices[1]) && keys[3].same(matrices[2]) &&
         same(keys, heads, 0, 2) && keys[3].same(heads[2]) && keys[2].same(heads[3]);
}

/// Where the first labels of `batch` stand in a term of an Einsum, then `row` and `column`; nothing where the term has
/// others, or one of them twice.
std::optional<std::vector<std::size_t>> places_of(const std::string& term, const std::string& batch, char row,
                                                  char column) {
  constexpr char kEllipsis = '.';
  const std::size_t rank = batch.size();
  if (rank < 3 || term.size() != rank) return std::nullopt;
  std::vector<std::size_t> places(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const char label = i + 2 < rank ? batch[i] : i + 2 == rank ? row : column;
    places[i] = term.find(label);
    const auto end = places.begin() + static_cast<std::ptrdiff_t>(i);
    if (label == kEllipsis || places[i] >= rank || std::find(places.begin(), end, places[i]) != end)
      return std::nullopt;
  }
  return places;
}

/// The label of `term` that `others` lack; a space where there is none.
char label_beside(const std::string& term, const std::string& others) {
  const std::size_t place = term.find_first_not_of(others);
  return place == std::string::npos ? ' ' : term[place];
}

const EinsumAttributes* equation_of(const NodeView& node) {
  return dynamic_cast<const EinsumAttributes*>(node.node().attributes.get());
}

/// Of an Einsum that makes [.., queries, keys] of [.., queries, depth] and [.., keys, depth], in whatever order they
/// lie.
bool orders_keys(const EinsumAttributes& equation, AttentionAttributes& attributes) {
  const std::string& scores = equation.output;
  if (equation.operands.size() != 2 || scores.size() < 3) return false;
  const char query = scores[scores.size() - 2];
  const char depth = label_beside(equation.operands[0], scores);
  std::optional<std::vector<std::size_t>> q = places_of(equation.operands[0], scores, query, depth);
  std::optional<std::vector<std::size_t>> k = places_of(equation.operands[1], scores, scores.back(), depth);
  if (!q || !k) return false;
  attributes.q_order.swap(*q);
  attributes.k_order.swap(*k);
  return true;
}

/// Of an Einsum that makes [.., queries, width], in whatever order, of [.., queries, keys] and [.., keys, width].
bool orders_values(const EinsumAttributes& equation, AttentionAttributes& attributes) {
  const std::string& p = equation.operands[0];
  if (equation.operands.size() != 2 || p.size() < 3) return false;
  const char width = label_beside(equation.operands[1], p);
  std::optional<std::vector<std::size_t>> v = places_of(equation.operands[1], p, p.back(), width);
  const std::optional<std::vector<std::size_t>> y = places_of(equation.output, p, p[p.size() - 2], width);
  if (!v || !y || !places_of(p, p, p[p.size() - 2], p.back())) return false;
  attributes.v_order.swap(*v);
  attributes.y_order.resize(y->size());
  for (std::size_t i = 0; i < y->size(); ++i) attributes.y_order[(*y)[i]] = i;
  return true;
}

/// Whether a dimension is the last of what lies in memory.
bool is_contiguous(const std::vector<std::size_t>& order, std::size_t rank, std::size_t dim) {
  return (order.empty() ? dim : order[dim]) + 1 == rank;
}

/// How operands and result lie. False where an Einsum is no such product, or the kernels cannot read what it reads:
/// rows have to be contiguous, of K and V else columns.
bool order_operands(const Match& match, AttentionAttributes& attributes) {
  const EinsumAttributes* const keys = equation_of(match.node("product"));
  const EinsumAttributes* const values = equation_of(match.last());
  const std::size_t rank = match.type("k").dims.size();
  if (rank < 3) return false;
  if (keys != nullptr && !orders_keys(*keys, attributes)) return false;
  if (values != nullptr && !orders_values(*values, attributes)) return false;
  if (keys == nullptr && !match.has("turned")) attributes.k_order = swapped_order(rank);
  const auto rows = [&](const std::vector<std::size_t>& order) { return is_contiguous(order, rank, rank - 1); };
  const auto columns = [&](const std::vector<std::size_t>& order) { return is_contiguous(order, rank, rank - 2); };
  return rows(attributes.q_order) && rows(attributes.y_order) &&
         (rows(attributes.k_order) || columns(attributes.k_order)) &&
         (rows(attributes.v_order) || columns(attributes.v_order));
}

/// What Einsum would repeat is left to it. `k` and `v` are as they are multiplied.
bool sizes_meet(const Match& match, const Dims& q, const Dims& k, const Dims& v) {
  const std::size_t rank = q.size();
  const Dims& p = match.type("p").dims;
  const bool depth = equation_of(match.node("product")) == nullptr || q[rank - 1].same(k[rank - 1]);
  const bool keys = equation_of(match.last()) == nullptr || p[rank - 1].same(v[rank - 2]);
  return depth && keys;
}

/// Whether q [.., queries, depth], k and v are as attention wants them, whatever sizes are not known yet. Which sizes
/// of batches and masks broadcast the operator asks.
bool operands_fit(const Match& match, const AttentionAttributes& attributes) {
  const NodeView product = match.node("product");
  if (match.type("k").dims.size() != match.type("q").dims.size()) return false;
  if (match.type("v").dims.size() != match.type("q").dims.size()) return false;
  const Dims q = in_order(match.type("q").dims, attributes.q_order);
  const Dims k = in_order(match.type("k").dims, attributes.k_order);
  const Dims v = in_order(match.type("v").dims, attributes.v_order);
  const std::size_t rank = q.size();
  if ((rank != 3 && rank != 4) || product.input_rank(0) != rank || product.input_rank(1) != rank) return false;
  if (match.type("p").dims.size() != rank || match.last().output(0).dims.size() != rank) return false;
  if (!sizes_meet(match, q, k, v)) return false;
  if (match.has(kKeyNames.unsqueezed)) {
    return rank == 4 && k[1].same(v[1]) && repeats_heads(match, kKeyNames, q[1]) &&
           repeats_heads(match, kValueNames, q[1]) && turns_keys(match, {k[0], q[1], k[2], k[3]});
  }
  if (match.has("turned") && !turns_keys(match, k)) return false;
  return rank == 3 || (k[1].same(v[1]) && (k[1].same(q[1]) || k[1].is(1)));
}

/// Whether all keys have the same element.
bool is_of_rows(const Dims& dims) { return dims.empty() || dims.back().is(1); }

std::optional<Replacement> make_attention(const Match& match) {
  const OpDef* op = match.registry().find(kOwnDomain, "ScaledDotProductAttention");
  const Backend backend = match.last().options().backend;
  const bool own_kernels = backend == Backend::kAuto || backend == Backend::kSimd;
  if (op == nullptr || !own_kernels || match.type("q").type != DataType::kFloat32) return std::nullopt;
  const std::optional<kernels::ScoreScale> scale = scale_of(match);
  if (!scale || !softmax_over_keys(match.node("p"))) return std::nullopt;
  auto attributes = new_shared<AttentionAttributes>();
  if (!order_operands(match, *attributes) || !operands_fit(match, *attributes)) return std::nullopt;
  attributes->scale = *scale;
  if (match.has("cap")) {
    const std::optional<float> cap = float_scalar(match.constant("cap"));
    if (!cap || !std::isfinite(*cap) || *cap == 0) return std::nullopt;
    attributes->cap = *cap;
  }
  attributes->nan_is_zero = match.has("nan");
  if (match.has("sinks") && !cuts_sinks(match)) return std::nullopt;
  Replacement replacement{op, nullptr, {match.value("q"), match.value("k"), match.value("v")}};
  ValueId mask = match.has("mask") ? match.value("mask") : kNoValue;
  ValueId bias = match.has("bias") ? match.value("bias") : kNoValue;
  ValueId zero_rows = match.has("zero rows") ? match.value("zero rows") : kNoValue;
  if (zero_rows != kNoValue && !is_of_rows(match.type("zero rows").dims)) return std::nullopt;
  const Dims& scores = match.node("product").output(0).dims;
  if (mask != kNoValue && changes_nothing<float>(match, "mask", scores)) mask = kNoValue;
  if (bias != kNoValue && changes_nothing<float>(match, "bias", scores)) bias = kNoValue;
  if (mask == kNoValue) std::swap(mask, bias);
  if (zero_rows != kNoValue && changes_nothing<std::uint8_t>(match, "zero rows", scores)) zero_rows = kNoValue;
  ValueId filled = kNoValue;
  if (match.has("fill")) {
    const std::optional<float> fill = float_scalar(match.constant("fill"));
    if (!fill) return std::nullopt;
    attributes->fill = *fill;
    attributes->fills_where = match.has("filled");
    filled = match.value(attributes->fills_where ? "filled" : "open");
  }
  const ValueId sinks = match.has("sinks") ? match.value("sinks") : kNoValue;
  for (const ValueId input : {mask, zero_rows, filled, bias, sinks}) replacement.inputs.emplace_back(input);
  while (replacement.inputs.back() == std::variant<ValueId, ConstantPtr>(kNoValue)) replacement.inputs.pop_back();
  replacement.attributes = std::move(attributes);
  return replacement;
}

}  // namespace

void register_attention_fusions(Registry& registry) {
  for (const Heads heads : {Heads::kRepeated, Heads::kMatrices, Heads::kPlain}) {
    for (const bool sinks : {false, true})
      registry.add(Fusion{kFuseLayerParts, attention(heads, sinks), make_attention});
  }
}

}  // namespace linnet::internal
