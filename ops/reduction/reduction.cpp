// ReduceMean, ReduceSum, ReduceL1 (the sum of |x|), ReduceL2 (the root of the sum of squares), ReduceSumSquare,
// ReduceLogSum (the logarithm of the sum), ReduceLogSumExp (the logarithm of the sum of e^x), ReduceProd, ReduceMax,
// ReduceMin: over `axes`, which keep size 1 (keepdims = 1, the default) or are dropped. Without axes, or with none in
// the list, over all dimensions; with noop_with_empty_axes = 1 over none: Y is then X, squared by ReduceSumSquare.
// Opsets 7 to newest: axes are an attribute before 18 (ReduceSum: 13) and input 1 from then on, noop_with_empty_axes
// exists since. Types: float, double, float16, bfloat16, int32, int64, uint32, uint64; for ReduceMax and ReduceMin also
// int8, uint8 and bool (false below true); at every opset. Floats are reduced in double, doubles in long double, and
// rounded once: no sum on the way overflows. Integers wrap around; a mean, a root or a logarithm of them is cut towards
// zero. Of no elements: 0, 1 for ReduceProd, NaN for ReduceMean, -infinity for ReduceLogSum and ReduceLogSumExp, for
// ReduceMax and ReduceMin the least and the largest number of the type, which may be infinite. Deviations: a mean of no
// integers is refused, and negative axes are taken at every opset.
#include "ops/reduction/reduction.hpp"

#include <algorithm>
#include <cmath>

#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

template <ReduceOp kOp>
AttributesPtr parse(ParseContext& context) {
  constexpr int kAxesAreInput = kOp == ReduceOp::kSum ? 13 : 18;
  auto attributes = new_shared<ReduceAttributes>();
  attributes->op = kOp;
  attributes->keep_dims = context.get_int("keepdims", 1) != 0;
  if (context.opset() >= kAxesAreInput) {
    attributes->keep_without_axes = context.get_int("noop_with_empty_axes", 0) != 0;
  } else {
    if (context.input_count() > 1) invalid_model("axes are an input only from opset ", kAxesAreInput);
    attributes->axes = context.get_ints("axes").value_or(std::vector<std::int64_t>());
  }
  return attributes;
}

ReduceOp op_of(const NodeView& node) { return node.attributes<ReduceAttributes>().op; }

void check_not_empty(DataType type, const Dims& x, const std::vector<bool>& reduced, const Dims& y) {
  if (kFloatTypes.has(type)) return;
  bool empty = false;
  for (std::size_t i = 0; i < x.size(); ++i) empty = empty || (reduced[i] && x[i].is(0));
  const Dim results = element_count(y);
  if (empty && results.known() && !results.is(0))
    invalid_model("the mean of no elements is not a number, and no ", type);
}

/// Nothing where it would wrap around.
std::optional<std::int64_t> joined(ReduceOp op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case ReduceOp::kSum:
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case ReduceOp::kProd:
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case ReduceOp::kMax:
      return std::max(a, b);
    case ReduceOp::kMin:
      return std::min(a, b);
    default:
      return std::nullopt;
  }
}

/// Of the dimensions of a shape, all reduced to one number.
void infer_element(InferContext& context, ReduceOp op, const Dims& y) {
  const DataType type = context.input_type(0);
  const bool joins = op == ReduceOp::kSum || op == ReduceOp::kProd || op == ReduceOp::kMax || op == ReduceOp::kMin;
  if (!has_known_elements(type) || !joins) return;
  const std::optional<Dims> elements = context.input_elements(0);
  if (!elements || elements->empty() || !element_count(y).is(1)) return;
  Dim result = elements->front();
  for (std::size_t i = 1; i < elements->size(); ++i) {
    const Dim next = (*elements)[i];
    if (!result.known() || !next.known() || !holds(type, result.value()) || !holds(type, next.value())) return;
    const std::optional<std::int64_t> number = joined(op, result.value(), next.value());
    if (!number || !holds(type, *number)) return;
    result = *number;
  }
  context.set_output_elements(0, {result});
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<ReduceAttributes>();
  const DataType type = context.input_type(0);
  const Dims& x = context.input_dims(0);
  const std::optional<std::vector<bool>> reduced = reduced_dims(context);
  if (!reduced) {
    const Dim count = list_length(context, 1, "axes");
    const Dim rank = count.known() && count.value() <= static_cast<std::int64_t>(x.size())
                         ? Dim(static_cast<std::int64_t>(x.size()) - count.value())
                         : Dim::unknown();
    set_output_of_rank(context, 0, attributes.keep_dims ? Dim(static_cast<std::int64_t>(x.size())) : rank);
    return;
  }
  Dims y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!(*reduced)[i]) {
      y.push_back(x[i]);
    } else if (attributes.keep_dims) {
      y.push_back(1);
    }
  }
  if (attributes.op == ReduceOp::kMean) check_not_empty(type, x, *reduced, y);
  context.set_output(0, y);
  infer_element(context, attributes.op, y);
}

/// Whether a number alone is reduced to itself.
bool keeps_single_numbers(ReduceOp op) {
  return op != ReduceOp::kSumSquare && op != ReduceOp::kL1 && op != ReduceOp::kL2 && op != ReduceOp::kLogSum;
}

bool is_identity(const NodeView& node) {
  const std::optional<std::vector<bool>> reduced = reduced_dims(node);
  return reduced && node.attributes<ReduceAttributes>().keep_without_axes && keeps_single_numbers(op_of(node)) &&
         std::none_of(reduced->begin(), reduced->end(), [](bool is_reduced) { return is_reduced; });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_axes(node, input);
}

constexpr InputDef kSummed[] = {{"data", kSummedTypes}, {"axes", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr InputDef kCompared[] = {{"data", kComparedTypes}, {"axes", kInt64Type, kMayBeLeftOut | kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"reduced", TypeOf{0}}};

template <ReduceOp kOp>
OpDef reduction(const char* name) {
  OpDef op;
  op.name = name;
  op.inputs = kOp == ReduceOp::kMax || kOp == ReduceOp::kMin ? InputTable(kCompared) : InputTable(kSummed);
  op.outputs = kOutputs;
  op.parse = parse<kOp>;
  op.infer = infer;
  op.implementations = reduction_implementations();
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = is_identity;
  op.facts.channels_last = reduction_channels_last;
  return op;
}

/// With channels first.
std::optional<std::vector<bool>> reduced_of_first(const NodeView& node) {
  const auto& attributes = node.attributes<ReduceAttributes>();
  const std::size_t rank = node.input_rank(0);
  if (attributes.spatial) {
    std::vector<bool> spatial(rank, true);
    std::fill_n(spatial.begin(), std::min<std::size_t>(rank, 2), false);
    return spatial;
  }
  std::vector<std::int64_t> axes = attributes.axes;
  if (node.has_input(1)) {
    const Dim count = list_length(node, 1, "axes");
    const std::optional<std::vector<std::int64_t>> given = node.input_integers(1);
    if (!given && !count.is(0)) return std::nullopt;
    axes = given.value_or(axes);
  }
  if (axes.empty()) return std::vector<bool>(rank, !attributes.keep_without_axes);
  std::vector<bool> reduced(rank, false);
  for (const std::size_t axis : distinct_axes(axes, rank)) reduced[axis] = true;
  return reduced;
}

}  // namespace

std::optional<std::vector<bool>> reduced_dims(const NodeView& node) {
  std::optional<std::vector<bool>> reduced = reduced_of_first(node);
  if (reduced && node.attributes<ReduceAttributes>().channels_last) reduced = to_channels_last(std::move(*reduced));
  return reduced;
}

std::optional<ChannelsLast> reduction_channels_last(const NodeView& node) {
  if (!node.attributes<ReduceAttributes>().keep_dims) return std::nullopt;
  return turned<ReduceAttributes>(node);
}

std::int64_t Reduction::offset(std::int64_t index, bool of_reduced) const {
  std::int64_t result = 0;
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    if (reduced[axis] != of_reduced) continue;
    result += index % sizes[axis] * strides[axis];
    index /= sizes[axis];
  }
  return result;
}

Reduction reduction_of(const NodeView& node) {
  Reduction reduction;
  reduction.op = op_of(node);
  reduction.type = node.input_type(0);
  reduction.results = element_count(node.output_shape(0));
  const Shape x = node.input_shape(0);
  const std::vector<bool> reduced = *reduced_dims(node);
  Shape reduced_sizes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (reduced[i]) reduced_sizes.push_back(x[i]);
  }
  if (reduction.results == 0) return reduction;
  reduction.count = element_count(reduced_sizes);
  if (reduction.count == 0) return reduction;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == 1) continue;
    if (!reduction.sizes.empty() && reduction.reduced.back() == reduced[i]) {
      reduction.sizes.back() *= x[i];
    } else {
      reduction.sizes.push_back(x[i]);
      reduction.reduced.push_back(reduced[i]);
    }
  }
  reduction.strides = row_major_strides(reduction.sizes);
  return reduction;
}

LogSumExp joined(const LogSumExp& a, const LogSumExp& b) {
  const bool first = std::isnan(a.maximum) || a.maximum > b.maximum;
  const LogSumExp& lower = first ? b : a;
  LogSumExp result = first ? a : b;  // the larger maximum, or NaN
  if (lower.maximum == result.maximum) {
    result.sum.equal += lower.sum.equal;
    result.sum.others += lower.sum.others;
  } else if (std::isfinite(lower.maximum)) {
    result.sum.others += (lower.sum.equal + lower.sum.others) * std::exp(lower.maximum - result.maximum);
  }
  return result;
}

long double logarithm_of(const LogSumExp& sums) {
  if (!std::isfinite(sums.maximum)) return sums.maximum;
  return static_cast<long double>(sums.maximum) + std::log1p(sums.sum.equal - 1 + sums.sum.others);
}

void register_reduce_mean(Registry& registry) { registry.add(reduction<ReduceOp::kMean>("ReduceMean")); }
void register_reduce_sum(Registry& registry) { registry.add(reduction<ReduceOp::kSum>("ReduceSum")); }
void register_reduce_l1(Registry& registry) { registry.add(reduction<ReduceOp::kL1>("ReduceL1")); }
void register_reduce_l2(Registry& registry) { registry.add(reduction<ReduceOp::kL2>("ReduceL2")); }
void register_reduce_log_sum(Registry& registry) { registry.add(reduction<ReduceOp::kLogSum>("ReduceLogSum")); }
void register_reduce_log_sum_exp(Registry& registry) {
  registry.add(reduction<ReduceOp::kLogSumExp>("ReduceLogSumExp"));
}
void register_reduce_sum_square(Registry& registry) {
  registry.add(reduction<ReduceOp::kSumSquare>("ReduceSumSquare"));
}
void register_reduce_prod(Registry& registry) { registry.add(reduction<ReduceOp::kProd>("ReduceProd")); }
void register_reduce_max(Registry& registry) { registry.add(reduction<ReduceOp::kMax>("ReduceMax")); }
void register_reduce_min(Registry& registry) { registry.add(reduction<ReduceOp::kMin>("ReduceMin")); }

}  // namespace linnet::internal
