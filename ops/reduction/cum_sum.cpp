// CumSum: y[i..., j, k...] = sum of x[i..., 0, k...] to x[i..., j, k...], with j along the axis that the input `axis`
// (int32 or int64, one element in [-r,r)) names; CumProd: their product. exclusive = 1 leaves out the element itself;
// reverse = 1 goes from the end of the axis. Floats are computed in double and rounded once an element; integers wrap
// around. Opsets 11 to newest, CumProd 26 to newest; types: floats, int32, int64, uint32, uint64 (float16 and bfloat16,
// from 14, at every opset). An axis out of range is an error of the run where only the run knows it.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/movement/index_inputs.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes =
    kFloatTypes | TypeSet{DataType::kInt32, DataType::kInt64, DataType::kUint32, DataType::kUint64};
constexpr std::size_t kTask = 32768;  // elements
constexpr double kCost = 2.0;         // ns per element
constexpr std::size_t kRowsAtOnce = 256;

struct CumulativeAttributes : Attributes {
  bool exclusive = false;
  bool reverse = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<CumulativeAttributes>();
  attributes->exclusive = context.get_int("exclusive", 0) != 0;
  attributes->reverse = context.get_int("reverse", 0) != 0;
  return attributes;
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.empty()) invalid_model("input x is a scalar, expected rank 1 or more");
  const Dim length = list_length(context, 1, "axis");
  if (length.differs(1)) invalid_model("input axis has ", length, " elements, expected 1");
  const std::optional<std::vector<std::int64_t>> axis = context.input_integers(1);
  if (axis) normalized_axis(axis->front(), dims.size());
  context.set_output(0, dims);
}

struct State {
  CumulativeAttributes attributes;
  DataType type = DataType::kUndefined;
  DataType axis_type = DataType::kUndefined;
  bool by_kernel = false;  ///< sums of columns, where their own elements count
  std::vector<std::size_t> sizes;
};

Prepared prepare(const PrepareContext& context, bool by_kernel) {
  auto state = new_shared<State>();
  state->attributes = context.attributes<CumulativeAttributes>();
  state->type = context.input_type(0);
  state->axis_type = context.input_type(1);
  state->by_kernel = by_kernel;
  const Shape shape = context.input_shape(0);
  state->sizes.assign(shape.begin(), shape.end());
  return {std::move(state), 0, 0};
}

struct Sum {
  static constexpr int kStart = 0;
  template <typename W>
  static W of(W a, W b) {
    return a + b;
  }
};
struct Product {
  static constexpr int kStart = 1;
  template <typename W>
  static W of(W a, W b) {
    return a * b;
  }
};

/// Joins a line to the totals; it becomes the totals before or after.
template <class Join, typename W>
void join_line(W* totals, W* line, std::size_t count, bool exclusive) {
  for (std::size_t i = 0; i < count; ++i) {
    const W before = totals[i];
    totals[i] = Join::of(before, line[i]);
    line[i] = exclusive ? before : totals[i];
  }
}

/// A row of `size` elements that lie next to each other, from element `begin` on.
template <class Join, typename W>
void join_row(const State& state, const RunArguments& args, std::size_t begin, std::size_t size) {
  W total = Join::kStart;
  W line[kLinedUp];
  for (std::size_t done = 0; done < size; done += kLinedUp) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t count = std::min(kLinedUp, size - done);
    const std::size_t first = begin + (state.attributes.reverse ? size - done - count : done);
    load_line(state.type, args.inputs[0], first, count, line);
    for (std::size_t i = 0; i < count; ++i) {
      W& x = line[state.attributes.reverse ? count - 1 - i : i];
      const W after = Join::of(total, x);
      x = state.attributes.exclusive ? total : after;
      total = after;
    }
    store_line(state.type, line, first, count, args.outputs[0]);
  }
}

/// `count` columns of `size` elements, each `stride` behind the one before, from element `begin` on.
template <class Join, typename W>
void join_columns(const State& state, const RunArguments& args, std::size_t begin, std::size_t size, std::size_t stride,
                  std::size_t count) {
  const bool exclusive = state.attributes.exclusive;
  W totals[kLinedUp];
  W line[kLinedUp];
  std::fill_n(totals, kLinedUp, static_cast<W>(Join::kStart));
  const bool by_kernel = state.by_kernel && !exclusive;
  const std::size_t rows = by_kernel ? kRowsAtOnce : 1;
  for (std::size_t done = 0; done < size; done += rows) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t first = begin + (state.attributes.reverse ? size - 1 - done : done) * stride;
    if constexpr (std::is_same_v<W, double> && std::is_same_v<Join, Sum>) {
      if (by_kernel) {
        const auto step = static_cast<std::ptrdiff_t>(stride);
        kernels::accumulate(static_cast<const float*>(args.inputs[0]) + first, totals,
                            static_cast<float*>(args.outputs[0]) + first, std::min(rows, size - done), count,
                            state.attributes.reverse ? -step : step);
        continue;
      }
    }
    load_line(state.type, args.inputs[0], first, count, line);
    join_line<Join>(totals, line, count, exclusive);
    store_line(state.type, line, first, count, args.outputs[0]);
  }
}

/// W is what elements are joined in: double, or uint64 for integers of every kind, whose low bits are the same.
template <class Join, typename W>
void run_along(const State& state, const RunArguments& args, std::size_t axis) {
  std::size_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= state.sizes[i];
  for (std::size_t i = axis + 1; i < state.sizes.size(); ++i) inner *= state.sizes[i];
  const std::size_t size = state.sizes[axis];
  if (outer == 0 || size == 0 || inner == 0) return;
  const double work = static_cast<double>(outer * size * inner) * kCost;
  if (inner == 1) {
    const std::size_t rows = std::max<std::size_t>(1, kTask / size);
    return args.control.parallel_for((outer + rows - 1) / rows, work, [&](std::size_t task) {
      const std::size_t end = std::min(outer, (task + 1) * rows);
      for (std::size_t row = task * rows; row < end; ++row) join_row<Join, W>(state, args, row * size, size);
    });
  }
  const std::size_t blocks = (inner + kLinedUp - 1) / kLinedUp;
  args.control.parallel_for(outer * blocks, work, [&](std::size_t task) {
    const std::size_t column = task % blocks * kLinedUp;
    join_columns<Join, W>(state, args, task / blocks * size * inner + column, size, inner,
                          std::min(kLinedUp, inner - column));
  });
}

template <class Join>
void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::size_t axis = axis_from_input(state.axis_type, args.inputs[1], state.sizes.size());
  kFloatTypes.has(state.type) ? run_along<Join, double>(state, args, axis)
                              : run_along<Join, std::uint64_t>(state, args, axis);
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_indices(static_cast<std::int64_t>(node.input_rank(0)), "the axis to go along");
}

Prepared prepare_simd(const PrepareContext& context) { return prepare(context, true); }
Prepared prepare_reference(const PrepareContext& context) { return prepare(context, false); }

constexpr InputDef kInputs[] = {{"x", kTypes}, {"axis", kIndexTypes}};
constexpr OutputDef kOutputs[] = {{"y", TypeOf{0}, 0, over(0)}};

template <class Join>
OpDef cumulative(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_reference, run<Join>}};
  op.facts.wanted_elements = wanted_elements;
  return op;
}

}  // namespace

void register_cum_sum(Registry& registry) {
  OpDef op = cumulative<Sum>("CumSum", 11);
  op.implementations.insert(op.implementations.begin(),
                            {"simd", Backend::kSimd, accepts_float32, prepare_simd, run<Sum>});
  registry.add(std::move(op));
}
void register_cum_prod(Registry& registry) { registry.add(cumulative<Product>("CumProd", 26)); }

}  // namespace linnet::internal
