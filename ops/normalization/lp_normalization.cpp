// LpNormalization: output = input / norm along `axis` (default -1); the norm is the root of the sum of squares (p = 2,
// the default) or the sum of |x| (p = 1). Where the norm is 0 the output is 0. The output has input's floating-point
// type and shape, of rank 1 or more. Opsets 1 to newest; bfloat16 (from 22) is accepted at every opset. It is computed
// in double, of double in long double, and rounded once: no square overflows.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr double kCost = 2.0;  // ns per element
constexpr std::size_t kColumns = 256;

struct LpAttributes : Attributes {
  std::int64_t axis = -1;
  bool squares = true;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<LpAttributes>();
  attributes->axis = context.get_int("axis", -1);
  const std::int64_t p = context.get_int("p", 2);
  if (p != 1 && p != 2) invalid_model("p is ", p, ", expected 1 or 2");
  attributes->squares = p == 2;
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<LpAttributes>().axis, node.input_rank(0)));
}

void infer(InferContext& context) {
  infer_like_first(context);
  if (context.input_rank(0) == 0) invalid_model("input is a scalar, expected rank 1 or more");
  axis_of(context);
}

struct State {
  DataType type = DataType::kUndefined;
  bool squares = true;
  std::size_t outer = 0, size = 0, inner = 0;
};

Prepared prepare(const PrepareContext& context) {
  const Shape shape = context.input_shape(0);
  const auto at_axis = shape.begin() + static_cast<std::ptrdiff_t>(axis_of(context));
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->squares = context.attributes<LpAttributes>().squares;
  state->outer = static_cast<std::size_t>(element_count(Shape(shape.begin(), at_axis)));
  state->size = static_cast<std::size_t>(*at_axis);
  state->inner = static_cast<std::size_t>(element_count(Shape(at_axis + 1, shape.end())));
  return {std::move(state), 0, 0};
}

/// Calls body(first, count) for runs of neighbours, which begin at the same columns: steps along the axis, or of a row
/// of its own pieces. Returns whether that was all.
template <typename Body>
bool for_runs(const State& state, const RunArguments& args, std::size_t begin, std::size_t columns, const Body& body) {
  const bool row = state.inner == 1;
  const std::size_t runs = row ? (state.size + kColumns - 1) / kColumns : state.size;
  for (std::size_t i = 0; i < runs; ++i) {
    if (args.control.abandon_if_stopped()) return false;
    body(begin + i * (row ? kColumns : state.inner), row ? std::min(kColumns, state.size - i * kColumns) : columns);
  }
  return true;
}

/// Wide is what is summed in.
template <typename Wide>
void normalize(const State& state, const RunArguments& args, std::size_t begin, std::size_t columns) {
  const bool row = state.inner == 1;
  const std::size_t width = row ? std::min(kColumns, state.size) : columns;
  Wide norms[kColumns];
  std::fill_n(norms, width, Wide{0});
  double line[kColumns];
  const bool summed = for_runs(state, args, begin, columns, [&](std::size_t first, std::size_t count) {
    load_line(state.type, args.inputs[0], first, count, line);
    for (std::size_t i = 0; i < count; ++i) {
      const auto x = static_cast<Wide>(line[i]);
      norms[i] += state.squares ? x * x : std::fabs(x);
    }
  });
  if (!summed) return;
  if (row) norms[0] = std::accumulate(norms, norms + width, Wide{0});
  for (std::size_t i = 0; i < columns; ++i) {
    const Wide norm = state.squares ? std::sqrt(norms[i]) : norms[i];
    norms[i] = norm == 0 ? 0 : 1 / norm;
  }
  if (row) std::fill_n(norms, width, norms[0]);
  for_runs(state, args, begin, columns, [&](std::size_t first, std::size_t count) {
    load_line(state.type, args.inputs[0], first, count, line);
    for (std::size_t i = 0; i < count; ++i) line[i] = static_cast<double>(static_cast<Wide>(line[i]) * norms[i]);
    store_line(state.type, line, first, count, args.outputs[0]);
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.size == 0) return;  // of as many rows as anybody likes
  const std::size_t blocks = (state.inner + kColumns - 1) / kColumns;
  const double work = static_cast<double>(state.outer * state.size * state.inner) * kCost;
  const auto normalize_block = state.type == DataType::kFloat64 ? normalize<long double> : normalize<double>;
  const std::size_t count = state.outer * blocks;
  const std::size_t per_task = std::max<std::size_t>(1, 16384 / (state.size * std::min(state.inner, kColumns) + 1));
  args.control.parallel_for((count + per_task - 1) / per_task, work, [&](std::size_t task) {
    for (std::size_t i = task * per_task; i < std::min(count, (task + 1) * per_task); ++i) {
      const std::size_t column = i % blocks * kColumns;
      normalize_block(state, args, i / blocks * state.size * state.inner + column,
                      std::min(kColumns, state.inner - column));
    }
  });
}

}  // namespace

void register_lp_normalization(Registry& registry) {
  OpDef op;
  op.name = "LpNormalization";
  op.inputs = kInputOfFloats;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
