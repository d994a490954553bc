// LayerNormalization and RMSNormalization of every type: in double, with float64 in long double. Sums run in the order
// of the elements.
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/normalization/layer_normalization.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kChunk = 8192;  ///< elements of one task
constexpr double kCost = 10.0;         // ns per element

struct State {
  LayerNormalization of;
  BroadcastLoops scale, bias;  ///< beside X
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->of = layer_normalization_of(context);
  const Shape x = context.input_shape(0);
  if (element_count(x) > 0) {
    state->scale = broadcast_loops(x, context.input_shape(1));
    if (state->of.has_bias) state->bias = broadcast_loops(x, context.input_shape(2));
  }
  return {std::move(state), 0, 0};
}

void stash(DataType type, void* to, std::int64_t index, double value) {
  if (to == nullptr) return;
  if (type == DataType::kFloat32) {
    static_cast<float*>(to)[index] = static_cast<float>(value);
  } else {
    static_cast<Bfloat16*>(to)[index] = Bfloat16(value);
  }
}

template <typename Wide>
void normalize_row(const State& state, const RunArguments& args, std::int64_t row) {
  const LayerNormalization& of = state.of;
  double x[kLinedUp], factors[kLinedUp], addends[kLinedUp];
  // Calls body(first, count) for the lines of the row, each of which lies in x then.
  const auto for_lines = [&](const auto& body) {
    const auto columns = static_cast<std::size_t>(of.columns);
    for_lined_up(static_cast<std::size_t>(row) * columns, columns, [&](std::size_t first, std::size_t count) {
      load_line(of.type, args.inputs[0], first, count, x);
      body(first, count);
    });
  };
  Wide mean = 0;
  if (of.centred) {
    for_lines([&](std::size_t, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) mean += static_cast<Wide>(x[i]);
    });
    mean /= static_cast<Wide>(of.columns);
  }
  Wide squares = 0;
  for_lines([&](std::size_t, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      squares += (static_cast<Wide>(x[i]) - mean) * (static_cast<Wide>(x[i]) - mean);
  });
  const Wide inv_std_dev = 1 / std::sqrt(squares / static_cast<Wide>(of.columns) + static_cast<Wide>(of.epsilon));
  for_lines([&](std::size_t first, std::size_t count) {
    load_lined_up(state.scale, of.scale_type, args.inputs[1], first, count, factors);
    if (of.has_bias) load_lined_up(state.bias, of.scale_type, args.inputs[2], first, count, addends);
    for (std::size_t i = 0; i < count; ++i) {
      Wide value = (static_cast<Wide>(x[i]) - mean) * inv_std_dev * static_cast<Wide>(factors[i]);
      if (of.has_bias) value += static_cast<Wide>(addends[i]);
      x[i] = static_cast<double>(value);
    }
    store_line(of.scale_type, x, first, count, args.outputs[0]);
  });
  stash(of.stash_type, of.mean(args), row, static_cast<double>(mean));
  stash(of.stash_type, of.inv_std_dev(args), row, static_cast<double>(inv_std_dev));
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const bool wide = state.of.type == DataType::kFloat64 || state.of.scale_type == DataType::kFloat64;
  for_rows(args, state.of, kChunk, kCost, [&](std::int64_t first, std::int64_t rows, std::size_t) {
    for (std::int64_t row = first; row < first + rows; ++row) {
      wide ? normalize_row<long double>(state, args, row) : normalize_row<double>(state, args, row);
    }
  });
}

}  // namespace

Implementation reference_layer_normalization() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
