// Modes linear and cubic: weighted sums along one axis after the other, those that shrink most first. Between the axes
// elements are float32 (simd) or double (reference).
#include <algorithm>
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/resample.hpp"
#include "ops/resize/resize_axis.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTask = 16384;   // products, about
constexpr std::size_t kBlock = 4096;   // most elements of Y that are computed at a time
constexpr std::size_t kChunk = 16384;  // elements converted at a time
/// An axis with fewer elements inside it is resampled with a table entry for each of these, too.
constexpr std::size_t kFewInner = 16;
constexpr double kSimdCost = 0.3;       // ns per product
constexpr double kReferenceCost = 2.0;  // the same
constexpr double kConversion = 1.0;     // ns per element

/// One axis: from [outer, size, inner] to [outer, resized, inner]. W is float or double.
template <typename W>
struct Pass {
  std::size_t outer = 1, size = 1, resized = 1, inner = 1;
  std::size_t taps = 1;
  /// By rows: of `resized`, the first element of X and `taps` weights. By elements: of resized * inner, the first
  /// element within [size, inner], and for each tap a line of as many weights; lines are padded.
  bool by_elements = false;
  std::vector<std::int64_t> first_rows;
  std::vector<std::int32_t> first_elements;
  std::vector<W> weights;
  std::size_t line = 0;  ///< elements of a padded line

  std::size_t results() const { return outer * resized * inner; }
};

template <typename W>
struct WeightedState {
  DataType type = DataType::kUndefined;
  bool converts = false;  ///< elements are not of type W
  std::size_t x_count = 0, y_count = 0;
  std::size_t y_bytes = 0;
  std::size_t buffer_elements = 0;  ///< of each of two in the workspace
  std::vector<Pass<W>> passes;
  Extrapolation extrapolation;
};

void weighted_rows(const float* x, std::size_t stride, const float* weights, std::size_t taps, float* y,
                   std::size_t count) {
  kernels::weighted_rows(x, stride, weights, taps, y, count);
}

void weighted_rows(const double* x, std::size_t stride, const double* weights, std::size_t taps, double* y,
                   std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) sum += weights[tap] * x[tap * stride + i];
    y[i] = sum;
  }
}

void weighted_elements(const float* x, const std::int32_t* first, std::size_t stride, const float* weights,
                       std::size_t line, std::size_t taps, float* y, std::size_t count) {
  kernels::weighted_elements(x, {first, 0, stride}, weights, line, taps, y, count);
}

void weighted_elements(const double* x, const std::int32_t* first, std::size_t stride, const double* weights,
                       std::size_t line, std::size_t taps, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double* from = x + first[i];
    double sum = 0;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const double weight = weights[tap * line + i];
      if (weight != 0) sum += weight * from[tap * stride];
    }
    y[i] = sum;
  }
}

template <typename W>
void set_tables(Pass<W>& pass, AxisTaps&& table) {
  pass.taps = table.taps;
  pass.by_elements = pass.inner < kFewInner && pass.size * pass.inner <= INT32_MAX;
  if (!pass.by_elements) {
    pass.first_rows = std::move(table.first);
    pass.weights.assign(table.weights.begin(), table.weights.end());
    return;
  }
  const std::size_t count = pass.resized * pass.inner;
  pass.line = (count + kernels::kTablePadding - 1) / kernels::kTablePadding * kernels::kTablePadding;
  pass.first_elements.resize(pass.line);
  pass.weights.resize(pass.line * pass.taps);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = i / pass.inner;
    const auto first = static_cast<std::size_t>(table.first[row]) * pass.inner + i % pass.inner;
    pass.first_elements[i] = static_cast<std::int32_t>(first);
    for (std::size_t tap = 0; tap < pass.taps; ++tap) {
      pass.weights[tap * pass.line + i] = static_cast<W>(table.weights[row * pass.taps + tap]);
    }
  }
}

/// Axes in the order in which they are resampled: the intermediate results are then no larger than X or Y. Of axes that
/// shrink alike the inner one comes last, of others first: it is the slower one, and has fewer elements then.
std::vector<std::size_t> order_of(const std::vector<AxisResize>& axes) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!axes[i].keeps()) order.push_back(i);
  }
  const auto growth = [&](std::size_t axis) {
    return static_cast<double>(axes[axis].resized) / static_cast<double>(axes[axis].size);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (growth(a) != growth(b)) return growth(a) < growth(b);
    return growth(a) < 1 ? a < b : a > b;
  });
  return order;
}

template <typename W>
std::vector<Pass<W>> passes_of(const ResizeAttributes& attributes, const std::vector<AxisResize>& axes) {
  std::vector<std::size_t> sizes;
  sizes.reserve(axes.size());
  for (const AxisResize& axis : axes) sizes.push_back(static_cast<std::size_t>(axis.size));
  std::vector<Pass<W>> passes;
  for (const std::size_t axis : order_of(axes)) {
    Pass<W> pass;
    for (std::size_t i = 0; i < axis; ++i) pass.outer *= sizes[i];
    for (std::size_t i = axis + 1; i < sizes.size(); ++i) pass.inner *= sizes[i];
    pass.size = sizes[axis];
    pass.resized = static_cast<std::size_t>(axes[axis].resized);
    set_tables(pass, axis_taps(attributes, axes[axis]));
    sizes[axis] = pass.resized;
    passes.push_back(std::move(pass));
  }
  return passes;
}

template <typename W>
std::shared_ptr<const WeightedState<W>> weighted_state(const NodeView& node, std::size_t& workspace_bytes) {
  auto state = new_shared<WeightedState<W>>();
  state->type = node.input_type(0);
  state->converts = size_of(state->type) != sizeof(W) || !kFloatTypes.has(state->type);
  state->x_count = static_cast<std::size_t>(element_count(node.input_shape(0)));
  state->y_count = static_cast<std::size_t>(element_count(node.output_shape(0)));
  state->y_bytes = byte_count(state->type, node.output_shape(0));
  if (state->y_count == 0) return state;
  const std::vector<AxisResize> axes = resized_axes(node);
  state->passes = passes_of<W>(node.template attributes<ResizeAttributes>(), axes);
  state->extrapolation = Extrapolation(node, axes);
  const std::size_t passes = state->passes.size();
  if (passes == 0) return state;
  if (state->converts) state->buffer_elements = state->x_count;
  for (std::size_t i = 0; i + (state->converts ? 0 : 1) < passes; ++i) {
    state->buffer_elements = std::max(state->buffer_elements, state->passes[i].results());
  }
  state->buffer_elements = (state->buffer_elements + 15) / 16 * 16;
  const auto bytes = checked_product(static_cast<std::int64_t>(state->buffer_elements), 2 * sizeof(W));
  if (!bytes) fail(ErrorCode::kLimitExceeded, "the resized axes need more memory than 64 bits can count");
  workspace_bytes = static_cast<std::size_t>(*bytes);
  return state;
}

/// Elements [first, first + count) of row `row` of the result, which lie in one element of the resized axis.
template <typename W>
void resample_block(const Pass<W>& pass, const W* x, W* y, std::size_t row, std::size_t first, std::size_t count) {
  if (pass.by_elements) {
    weighted_elements(x + row * pass.size * pass.inner, pass.first_elements.data() + first, pass.inner,
                      pass.weights.data() + first, pass.line, pass.taps, y + row * pass.resized * pass.inner + first,
                      count);
    return;
  }
  const std::size_t index = row % pass.resized;
  const W* weights = pass.weights.data() + index * pass.taps;
  std::size_t taps = pass.taps, skipped = 0;
  while (taps > 1 && weights[taps - 1] == 0) --taps;
  while (skipped + 1 < taps && weights[skipped] == 0) ++skipped;
  const std::size_t from = row / pass.resized * pass.size + static_cast<std::size_t>(pass.first_rows[index]) + skipped;
  weighted_rows(x + from * pass.inner + first, pass.inner, weights + skipped, taps - skipped,
                y + row * pass.inner + first, count);
}

template <typename W>
void resample(RunControl& control, const Pass<W>& pass, const W* x, W* y) {
  const std::size_t rows = pass.by_elements ? pass.outer : pass.outer * pass.resized;
  const std::size_t row_size = pass.by_elements ? pass.resized * pass.inner : pass.inner;
  // Shorter with many taps, but whole lines of a table.
  const std::size_t lines = 4 * kTask / pass.taps / kernels::kTablePadding;
  const std::size_t most = std::clamp<std::size_t>(lines * kernels::kTablePadding, kernels::kTablePadding, kBlock);
  const std::size_t blocks = (row_size + most - 1) / most;
  const std::size_t block_size = std::min(most, row_size);
  const std::size_t per_task = std::max<std::size_t>(1, kTask / (block_size * pass.taps));
  const double product = std::is_same_v<W, float> ? kSimdCost : kReferenceCost;
  const double cost = product * static_cast<double>(block_size * pass.taps);
  for_chunks(control, rows * blocks, per_task, cost, [&](std::size_t begin, std::size_t count) {
    for (std::size_t block = begin; block < begin + count; ++block) {
      if (control.abandon_if_stopped()) return;
      const std::size_t first = block % blocks * most;
      resample_block(pass, x, y, block / blocks, first, std::min(most, row_size - first));
    }
  });
}

template <typename W>
void load_all(RunControl& control, const WeightedState<W>& state, const void* x, W* to) {
  for_chunks(control, state.x_count, kChunk, kConversion,
             [&](std::size_t first, std::size_t count) { load_line(state.type, x, first, count, to + first); });
}

void store_all(RunControl& control, const WeightedState<float>& state, const float* from, void* y) {
  for_chunks(control, state.y_count, kChunk, kConversion,
             [&](std::size_t first, std::size_t count) { store_line(state.type, from + first, first, count, y); });
}

void store_all(RunControl& control, const WeightedState<double>& state, const double* from, void* y) {
  for_chunks(control, state.y_count, kChunk, kConversion,
             [&](std::size_t first, std::size_t count) { store_rounded(state.type, from + first, first, count, y); });
}

template <typename W>
void run_weighted(const WeightedState<W>& state, const RunArguments& args) {
  if (state.y_count == 0) return;
  if (state.passes.empty()) return copy_bytes(args.control, args.outputs[0], args.inputs[0], state.y_bytes);
  W* buffers[2] = {static_cast<W*>(args.workspace), static_cast<W*>(args.workspace) + state.buffer_elements};
  const W* from = static_cast<const W*>(args.inputs[0]);
  std::size_t free_buffer = 0;
  if (state.converts) {
    load_all(args.control, state, args.inputs[0], buffers[0]);
    from = buffers[0];
    free_buffer = 1;
  }
  for (std::size_t i = 0; i < state.passes.size(); ++i) {
    const bool last = i + 1 == state.passes.size();
    W* to = last && !state.converts ? static_cast<W*>(args.outputs[0]) : buffers[free_buffer];
    resample(args.control, state.passes[i], from, to);
    from = to;
    free_buffer = 1 - free_buffer;
  }
  if (state.converts) store_all(args.control, state, from, args.outputs[0]);
  state.extrapolation.run(args);
}

std::string accepts_simd(const NodeView& node) {
  if (node.attributes<ResizeAttributes>().mode == ResizeMode::kNearest) return "mode nearest only moves elements";
  const DataType type = node.input_type(0);
  return type == DataType::kFloat32 || is_half(type) ? "" : text("only float32, float16 and bfloat16, not ", type);
}

Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared;
  prepared.state = weighted_state<float>(context, prepared.workspace_bytes);
  return prepared;
}

void run_simd(const RunArguments& args) { run_weighted(*static_cast<const WeightedState<float>*>(args.state), args); }

/// One of the two.
struct ReferenceState {
  std::shared_ptr<const void> nearest;
  std::shared_ptr<const WeightedState<double>> weighted;
};

Prepared prepare_reference(const PrepareContext& context) {
  auto state = new_shared<ReferenceState>();
  Prepared prepared;
  if (context.attributes<ResizeAttributes>().mode == ResizeMode::kNearest) {
    state->nearest = prepare_nearest(context);
  } else {
    state->weighted = weighted_state<double>(context, prepared.workspace_bytes);
  }
  prepared.state = std::move(state);
  return prepared;
}

void run_reference(const RunArguments& args) {
  const ReferenceState& state = *static_cast<const ReferenceState*>(args.state);
  if (state.nearest != nullptr) return run_nearest(state.nearest.get(), args);
  run_weighted(*state.weighted, args);
}

}  // namespace

Implementation simd_resize() { return {"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd}; }

Implementation reference_resize() {
  return {"reference", Backend::kReference, nullptr, prepare_reference, run_reference};
}

void store_rounded(DataType type, const double* numbers, std::size_t first, std::size_t count, void* elements) {
  visit_line_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      const IntegerRange<T> range = integer_range<T>(type);
      T line[kLinedUp];
      for_lined_up(0, count, [&](std::size_t begin, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) line[i] = cut(range, std::nearbyint(numbers[begin + i]));
        store_line(type, line, first + begin, size, elements);
      });
    } else {
      store_line(type, numbers, first, count, elements);
    }
  });
}

Extrapolation::Extrapolation(const NodeView& node, const std::vector<AxisResize>& axes)
    : type_(node.input_type(0)), value_(node.attributes<ResizeAttributes>().extrapolation_value) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Blocks blocks;
    blocks.places = extrapolated(node.attributes<ResizeAttributes>(), axes[i]);
    if (blocks.places.empty()) continue;
    for (std::size_t k = 0; k < i; ++k) blocks.outer *= static_cast<std::size_t>(axes[k].resized);
    for (std::size_t k = i + 1; k < axes.size(); ++k) blocks.inner *= static_cast<std::size_t>(axes[k].resized);
    blocks.size = static_cast<std::size_t>(axes[i].resized);
    blocks_.push_back(std::move(blocks));
  }
}

void Extrapolation::run(const RunArguments& args) const {
  double line[kLinedUp];
  std::fill_n(line, kLinedUp, value_);
  for (const Blocks& blocks : blocks_) {
    const std::size_t places = blocks.places.size();
    const std::size_t pieces = (blocks.inner + kLinedUp - 1) / kLinedUp;
    const std::size_t per_task = std::max<std::size_t>(1, kChunk / std::min(blocks.inner, kLinedUp));
    const double cost = static_cast<double>(std::min(blocks.inner, kLinedUp));
    for_chunks(args.control, blocks.outer * places * pieces, per_task, cost, [&](std::size_t begin, std::size_t count) {
      for (std::size_t piece = begin; piece < begin + count; ++piece) {
        const std::size_t block = piece / pieces;
        const std::size_t first = piece % pieces * kLinedUp;
        const auto place = static_cast<std::size_t>(blocks.places[block % places]);
        store_rounded(type_, line, (block / places * blocks.size + place) * blocks.inner + first,
                      std::min(kLinedUp, blocks.inner - first), args.outputs[0]);
      }
    });
  }
}

}  // namespace linnet::internal
