// ReduceMean: the mean over `axes`, which keep size 1 (keepdims = 1, the default) or are dropped. Without axes, or with
// none in the list, over all dimensions; from opset 18 with noop_with_empty_axes = 1, Y is then X. Opsets 7 to newest:
// axes are an attribute before 18 and input 1 from 18. Types: float, double, float16, bfloat16, int32, int64, uint32,
// uint64. As numpy has it, sums of integers wrap around and their quotient is cut towards zero; the mean of no elements
// is NaN. Deviations: a mean of no integers is refused, and negative axes are taken at every opset.
#include <algorithm>
#include <numeric>

#include "ops/chunks.hpp"
#include "ops/element_types.hpp"
#include "ops/kernels/normalization.hpp"
#include "ops/shape_helpers.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};
/// Elements of X that one task reads.
constexpr std::int64_t kSimdChunk = 65536;
constexpr std::int64_t kReferenceChunk = 65536;

struct ReduceMeanAttributes : Attributes {
  std::vector<std::int64_t> axes;  ///< before opset 18; then input 1, if there is one
  bool keep_dims = true;
  bool keep_without_axes = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = std::make_shared<ReduceMeanAttributes>();
  attributes->keep_dims = context.get_int("keepdims", 1) != 0;
  if (context.opset() >= 18) {
    attributes->keep_without_axes = context.get_int("noop_with_empty_axes", 0) != 0;
  } else {
    if (context.input_count() > 1) invalid_model("axes are an input only from opset 18");
    attributes->axes = context.get_ints("axes").value_or(std::vector<std::int64_t>());
  }
  return attributes;
}

/// By dimension of X: is it reduced? Nothing when the axes are not known. Errors: kInvalidModel for wrong axes.
std::optional<std::vector<bool>> reduced_dims(const NodeView& node) {
  const auto& attributes = node.attributes<ReduceMeanAttributes>();
  const std::size_t rank = node.input_rank(0);
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

void check_not_empty(DataType type, const Dims& x, const std::vector<bool>& reduced, const Dims& y) {
  if (kFloatTypes.has(type)) return;
  bool empty = false;
  for (std::size_t i = 0; i < x.size(); ++i) empty = empty || (reduced[i] && x[i].is(0));
  const Dim results = element_count(y);
  if (empty && results.known() && !results.is(0))
    invalid_model("the mean of no elements is not a number, and no ", type);
}

void infer(InferContext& context) {
  require_type(context, 0, "data", kTypes);
  const auto& attributes = context.attributes<ReduceMeanAttributes>();
  const DataType type = context.input_type(0);
  const Dims& x = context.input_dims(0);
  if (context.has_input(1)) require_int64(context, 1, "axes");
  const std::optional<std::vector<bool>> reduced = reduced_dims(context);
  if (!reduced) {
    const Dim count = list_length(context, 1, "axes");
    const Dim rank = count.known() && count.value() <= static_cast<std::int64_t>(x.size())
                         ? Dim(static_cast<std::int64_t>(x.size()) - count.value())
                         : Dim::unknown();
    set_output_of_rank(context, 0, type, attributes.keep_dims ? Dim(static_cast<std::int64_t>(x.size())) : rank);
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
  check_not_empty(type, x, *reduced, y);
  context.set_output(0, type, std::move(y));
}

bool is_identity(const NodeView& node) {
  const std::optional<std::vector<bool>> reduced = reduced_dims(node);
  return reduced && node.attributes<ReduceMeanAttributes>().keep_without_axes &&
         std::none_of(reduced->begin(), reduced->end(), [](bool is_reduced) { return is_reduced; });
}

/// X as a few dimensions, alternately kept and reduced: neighbours of the same kind are joined, those of size 1 left
/// out.
struct Reduction {
  DataType type = DataType::kFloat32;
  std::int64_t results = 0;  ///< elements of Y
  std::int64_t count = 1;    ///< elements of X behind each
  Shape sizes, strides;
  std::vector<bool> reduced;

  /// Offset of the first element behind a result, or (reduced) of element `index` behind the first result.
  std::int64_t offset(std::int64_t index, bool of_reduced) const {
    std::int64_t result = 0;
    for (std::size_t axis = sizes.size(); axis-- > 0;) {
      if (reduced[axis] != of_reduced) continue;
      result += index % sizes[axis] * strides[axis];
      index /= sizes[axis];
    }
    return result;
  }
};

Reduction reduction_of(const NodeView& node) {
  Reduction reduction;
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

/// Results of one task, so that it reads about `chunk` elements.
std::size_t results_per_task(const Reduction& reduction, std::int64_t chunk) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, chunk / std::max<std::int64_t>(reduction.count, 1)));
}

std::string accepts_simd(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  const Reduction reduction = reduction_of(node);
  if (std::count(reduction.reduced.begin(), reduction.reduced.end(), true) > 1)
    return "the reduced dimensions are not neighbours";
  return "";
}

Prepared prepare(const PrepareContext& context) {
  Prepared prepared;
  prepared.state = std::make_shared<Reduction>(reduction_of(context));
  return prepared;
}

/// Whether one mean is shared by several tasks: each writes the sum of kSimdChunk neighbours to the workspace.
bool in_parts(const Reduction& reduction) {
  return reduction.count > kSimdChunk && !reduction.reduced.empty() && reduction.reduced.back();
}

std::int64_t parts_of(const Reduction& reduction) { return (reduction.count + kSimdChunk - 1) / kSimdChunk; }

Prepared prepare_simd(const PrepareContext& context) {
  auto reduction = std::make_shared<Reduction>(reduction_of(context));
  Prepared prepared;
  if (in_parts(*reduction)) {
    prepared.workspace_bytes = static_cast<std::size_t>(reduction->results * parts_of(*reduction)) * sizeof(double);
  }
  prepared.state = std::move(reduction);
  return prepared;
}

void run_in_parts(const RunArguments& args, const Reduction& reduction) {
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  auto* sums = static_cast<double*>(args.workspace);
  const std::int64_t parts = parts_of(reduction);
  const auto tasks = static_cast<std::size_t>(reduction.results * parts);
  for_chunks(args.control, tasks, 1, 0.1 * static_cast<double>(kSimdChunk), [&](std::size_t first, std::size_t) {
    const auto task = static_cast<std::int64_t>(first);
    const std::int64_t start = task % parts * kSimdChunk;
    const auto size = static_cast<std::size_t>(std::min(kSimdChunk, reduction.count - start));
    sums[first] = kernels::reduce_sum(x + task / parts * reduction.count + start, size);
  });
  for (std::int64_t result = 0; result < reduction.results; ++result) {
    const double sum = std::accumulate(sums + result * parts, sums + (result + 1) * parts, 0.0);
    y[result] = static_cast<float>(sum / static_cast<double>(reduction.count));
  }
}

void run_simd(const RunArguments& args) {
  const Reduction& reduction = *static_cast<const Reduction*>(args.state);
  if (in_parts(reduction)) return run_in_parts(args, reduction);
  const auto* x = static_cast<const float*>(args.inputs[0]);
  auto* y = static_cast<float*>(args.outputs[0]);
  const auto results = static_cast<std::size_t>(reduction.results);
  const auto count = static_cast<std::size_t>(reduction.count);
  const auto divisor = static_cast<double>(reduction.count);
  const bool innermost_kept = !reduction.reduced.empty() && !reduction.reduced.back();
  const auto inner = innermost_kept ? static_cast<std::size_t>(reduction.sizes.back()) : std::size_t{1};
  const double cost = 0.1 * static_cast<double>(reduction.count + 1);
  for_chunks(args.control, results, results_per_task(reduction, kSimdChunk), cost,
             [&](std::size_t first, std::size_t size) {
               // Runs of results that lie side by side in X.
               for (std::size_t i = first; i < first + size;) {
                 const std::size_t run = std::min(inner - i % inner, first + size - i);
                 const float* from = x + (i / inner * count) * inner + i % inner;
                 if (innermost_kept) {
                   kernels::reduce_mean_strided(from, y + i, count, run, inner);
                 } else {
                   y[i] = static_cast<float>(kernels::reduce_sum(from, count) / divisor);
                 }
                 i += run;
               }
             });
}

template <typename T>
T mean_of(const Reduction& reduction, const T* x) {
  if constexpr (std::is_integral_v<T>) {
    std::make_unsigned_t<T> sum = 0;
    for (std::int64_t i = 0; i < reduction.count; ++i) {
      sum = static_cast<std::make_unsigned_t<T>>(sum +
                                                 static_cast<std::make_unsigned_t<T>>(x[reduction.offset(i, true)]));
    }
    const std::int64_t count = std::max<std::int64_t>(reduction.count, 1);  // infer refuses the mean of no integers
    if constexpr (std::is_signed_v<T>) {
      return static_cast<T>(static_cast<T>(sum) / count);
    } else {
      return static_cast<T>(sum / static_cast<std::uint64_t>(count));
    }
  } else {
    double sum = 0;
    for (std::int64_t i = 0; i < reduction.count; ++i) sum += static_cast<double>(x[reduction.offset(i, true)]);
    return static_cast<T>(sum / static_cast<double>(reduction.count));
  }
}

void run_reference(const RunArguments& args) {
  const Reduction& reduction = *static_cast<const Reduction*>(args.state);
  const double cost = 5.0 * static_cast<double>(reduction.count + 1);
  const auto results = static_cast<std::size_t>(reduction.results);
  visit_type(reduction.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(args.inputs[0]);
    auto* y = static_cast<T*>(args.outputs[0]);
    if constexpr (kTypes.has(data_type_of<T>())) {
      const std::size_t chunk = results_per_task(reduction, kReferenceChunk);
      for_chunks(args.control, results, chunk, cost, [&](std::size_t first, std::size_t size) {
        for (std::size_t i = first; i < first + size; ++i) {
          const std::int64_t start = reduction.count == 0 ? 0 : reduction.offset(static_cast<std::int64_t>(i), false);
          y[i] = mean_of(reduction, x + start);
        }
      });
    }
  });
}

}  // namespace

void register_reduce_mean(Registry& registry) {
  OpDef op;
  op.name = "ReduceMean";
  op.max_inputs = 2;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {
      {"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  op.facts.value_inputs = 1U << 1;
  op.facts.is_identity = is_identity;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
