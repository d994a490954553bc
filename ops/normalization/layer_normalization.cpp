// LayerNormalization: over the elements of the dimensions from `axis` on,
//   Mean = mean(X), InvStdDev = 1 / sqrt(mean((X - Mean)^2) + epsilon), Y = (X - Mean) * InvStdDev * Scale + B.
// RMSNormalization: the same without Mean and B, Y = X / sqrt(mean(X^2) + epsilon) * scale.
// X [d0,...,d(r-1)]; Scale and B (which may be left out) broadcast to X; Mean and InvStdDev are
// [d0,...,d(axis-1),1,...,1]. LayerNormalization from opset 17, RMSNormalization from opset 23, both to newest. Types:
// float, double, float16, bfloat16, the same for X, Scale, B and Y; in RMSNormalization Y has the type of scale, which
// may be another one than X's. stash_type is the type of Mean and InvStdDev: 1 (float) or 16 (bfloat16). The mean of no
// elements is NaN.
// Deviation: stash_type does not lower the precision of the computation. It runs in double, of double in long double,
// and rounds once; in vectors only the statistics are double, the last step is float, also of 16-bit floats (simd
// half).
#include "ops/normalization/layer_normalization.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/kernels/normalization.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

/// Elements of one task.
constexpr std::int64_t kSimdChunk = 32768;
constexpr std::int64_t kHalfChunk = 8192;
constexpr std::int64_t kReferenceChunk = 8192;
constexpr double kSimdCost = 0.5;                  // ns per element
constexpr std::int64_t kLongRow = 4 * kSimdChunk;  ///< rows from here on are shared by tasks

template <bool kCentred>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<LayerNormalizationAttributes>();
  attributes->centred = kCentred;
  attributes->axis = context.get_int("axis", -1);
  attributes->epsilon = context.get_float("epsilon", 1e-5F);
  const std::int64_t stash_type = context.get_int("stash_type", 1);
  if (!kCentred && kFloatTypes.has(static_cast<DataType>(stash_type))) return attributes;
  if (stash_type != 1 && stash_type != 16) {
    invalid_model("stash_type is ", stash_type, ", expected 1 (float) or 16 (bfloat16)");
  }
  attributes->stash_type = static_cast<DataType>(stash_type);
  return attributes;
}

std::size_t first_axis(const NodeView& node) {
  return static_cast<std::size_t>(
      normalized_axis(node.attributes<LayerNormalizationAttributes>().axis, node.input_rank(0)));
}

void check_broadcasts_to_x(const NodeView& node, std::size_t input, const char* name) {
  const Dims& x = node.input_dims(0);
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() <= x.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) {
    fits = dims[i].is(1) || !dims[i].differs(x[x.size() - dims.size() + i]);
  }
  if (!fits) invalid_model("input ", name, " is ", dims, " but X is ", x, ": ", name, " must broadcast to X");
}

DataType output_type(const NodeView& node, std::size_t output) {
  if (!node.attributes<LayerNormalizationAttributes>().centred) return node.input_type(1);
  return output == 0 ? node.input_type(0) : node.attributes<LayerNormalizationAttributes>().stash_type;
}

void infer(InferContext& context) {
  require_type(context, 0, "X", kFloatTypes);
  const std::size_t axis = first_axis(context);
  if (context.attributes<LayerNormalizationAttributes>().centred) {
    require_type_of_first(context, 1, "Scale", "X");
    if (context.has_input(2)) require_type_of_first(context, 2, "B", "X");
  } else {
    require_type(context, 1, "scale", kFloatTypes);
  }
  check_broadcasts_to_x(context, 1, "Scale");
  if (context.has_input(2)) check_broadcasts_to_x(context, 2, "B");
  Dims statistics = context.input_dims(0);
  std::fill(statistics.begin() + static_cast<std::ptrdiff_t>(axis), statistics.end(), Dim(1));
  context.set_output(0, output_type(context, 0), context.input_dims(0));
  context.set_output(1, output_type(context, 1), statistics);
  context.set_output(2, output_type(context, 2), std::move(statistics));
}

/// Where Scale or B has the element for an element of X.
struct Broadcast {
  bool is_row = true;                 ///< one value for each column, the same for every row
  std::vector<std::int64_t> strides;  ///< by dimension of X, 0 where it is repeated

  std::int64_t index(const Shape& x, std::int64_t element, std::int64_t columns) const {
    if (is_row) return element % columns;
    std::int64_t result = 0;
    for (std::size_t axis = x.size(); axis-- > 0;) {
      result += element % x[axis] * strides[axis];
      element /= x[axis];
    }
    return result;
  }
};

Broadcast broadcast_of(const NodeView& node, std::size_t input) {
  Broadcast broadcast;
  const Shape x = node.input_shape(0);
  if (!node.has_input(input)) return broadcast;
  const Shape shape = node.input_shape(input);
  const std::vector<std::int64_t> dense = row_major_strides(shape);
  broadcast.strides.assign(x.size(), 0);
  const std::size_t axis = first_axis(node);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t missing = x.size() - shape.size();
    const std::int64_t size = i < missing ? 1 : shape[i - missing];
    if (size != 1) broadcast.strides[i] = dense[i - missing];
    const bool repeats = size == 1 && x[i] != 1;
    const bool varies = size != 1;
    if (i < axis ? varies : repeats) broadcast.is_row = false;
  }
  return broadcast;
}

struct State {
  Shape x;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  float epsilon = 0;
  bool centred = true;
  DataType type = DataType::kFloat32;
  DataType scale_type = DataType::kFloat32;  ///< that of B and Y as well
  DataType stash_type = DataType::kFloat32;
  Broadcast scale, bias;
  bool has_bias = false, has_mean = false, has_inv_std_dev = false;
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<LayerNormalizationAttributes>();
  auto state = new_shared<State>();
  state->x = context.input_shape(0);
  state->has_bias = context.has_input(2);
  state->has_mean = context.has_output(1);
  state->has_inv_std_dev = context.has_output(2);
  // Rows without elements count only where they have a Mean or an InvStdDev.
  if (element_count(state->x) > 0 || state->has_mean || state->has_inv_std_dev) {
    const auto axis = static_cast<std::ptrdiff_t>(first_axis(context));
    state->rows = element_count(Shape(state->x.begin(), state->x.begin() + axis));
    if (state->rows > 0) state->columns = element_count(Shape(state->x.begin() + axis, state->x.end()));
  }
  state->epsilon = attributes.epsilon;
  state->centred = attributes.centred;
  state->type = context.input_type(0);
  state->scale_type = context.input_type(1);
  state->stash_type = attributes.stash_type;
  state->scale = broadcast_of(context, 1);
  state->bias = broadcast_of(context, 2);
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

const void* bias_of(const State& state, const RunArguments& args) { return state.has_bias ? args.inputs[2] : nullptr; }
void* mean_of(const State& state, const RunArguments& args) { return state.has_mean ? args.outputs[1] : nullptr; }
void* inv_std_dev_of(const State& state, const RunArguments& args) {
  return state.has_inv_std_dev ? args.outputs[2] : nullptr;
}

/// Calls body(first_row, rows, worker) for tasks of about `chunk` elements.
template <typename Body>
void for_rows(const RunArguments& args, const State& state, std::int64_t chunk, double cost, const Body& body) {
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, chunk / std::max<std::int64_t>(state.columns, 1));
  const auto tasks = static_cast<std::size_t>((state.rows + rows_per_task - 1) / rows_per_task);
  const double work = static_cast<double>(state.rows) * static_cast<double>(state.columns + 1) * cost;
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    const std::int64_t first = static_cast<std::int64_t>(task) * rows_per_task;
    body(first, std::min(rows_per_task, state.rows - first), worker);
  });
}

/// Of every type.
std::string accepts_rows(const NodeView& node) {
  if (node.input_type(1) != node.input_type(0)) {
    return text("only a scale of X's type, ", node.input_type(0), ", not ", node.input_type(1));
  }
  if (element_count(node.input_shape(0)) == 0) return "X has no elements";
  if (!broadcast_of(node, 1).is_row) return "Scale is not one row of the normalised dimensions";
  if (!broadcast_of(node, 2).is_row) return "B is not one row of the normalised dimensions";
  const bool stashed = node.has_output(1) || node.has_output(2);
  if (stashed && node.attributes<LayerNormalizationAttributes>().stash_type != DataType::kFloat32) {
    return "Mean and InvStdDev are wanted as bfloat16";
  }
  return "";
}

std::string accepts_simd(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  return accepts_rows(node);
}

std::string accepts_short_half(const NodeView& node) {
  std::string why_not = accepts_half(node);
  if (why_not.empty()) why_not = accepts_rows(node);
  if (!why_not.empty()) return why_not;
  const Shape x = node.input_shape(0);
  const std::int64_t columns = element_count(Shape(x.begin() + static_cast<std::ptrdiff_t>(first_axis(node)), x.end()));
  return columns < kLongRow ? "" : text("only rows of less than ", kLongRow, " elements, not ", columns);
}

std::int64_t parts_of(const State& state) { return (state.columns + kSimdChunk - 1) / kSimdChunk; }

/// Long rows: each of a row's parts has a sum in the workspace.
Prepared prepare_simd(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const State& state = *static_cast<const State*>(prepared.state.get());
  if (state.columns >= kLongRow) prepared.workspace_bytes = static_cast<std::size_t>(parts_of(state)) * sizeof(double);
  return prepared;
}

/// The sum of of_part(first, count) over the parts of a row. Its order depends on the row's length alone.
template <typename OfPart>
double sum_of_parts(const RunArguments& args, const State& state, const OfPart& of_part) {
  auto* sums = static_cast<double*>(args.workspace);
  for_chunks(args.control, static_cast<std::size_t>(state.columns), kSimdChunk, kSimdCost / 3,
             [&](std::size_t first, std::size_t count) { sums[first / kSimdChunk] = of_part(first, count); });
  return std::accumulate(sums, sums + parts_of(state), 0.0);
}

void run_long_row(const RunArguments& args, const State& state, std::int64_t row) {
  const float* x = static_cast<const float*>(args.inputs[0]) + row * state.columns;
  const auto* scale = static_cast<const float*>(args.inputs[1]);
  const auto* bias = static_cast<const float*>(bias_of(state, args));
  float* y = static_cast<float*>(args.outputs[0]) + row * state.columns;
  const auto size = static_cast<double>(state.columns);
  const auto part_sum = [&](std::size_t first, std::size_t count) {
    return kernels::reduce_row(kernels::ReduceKind::kSum, x + first, count);
  };
  const double mean = state.centred ? sum_of_parts(args, state, part_sum) / size : 0.0;
  const double variance = sum_of_parts(args, state,
                                       [&](std::size_t first, std::size_t count) {
                                         return kernels::sum_of_squared_distances(x + first, mean, count);
                                       }) /
                          size;
  const auto inv_std_dev = static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(state.epsilon)));
  for_chunks(args.control, static_cast<std::size_t>(state.columns), kSimdChunk, kSimdCost / 3,
             [&](std::size_t first, std::size_t count) {
               kernels::normalize(x + first, scale + first, bias == nullptr ? nullptr : bias + first, mean, inv_std_dev,
                                  y + first, count);
             });
  if (state.has_mean) static_cast<float*>(args.outputs[1])[row] = static_cast<float>(mean);
  if (state.has_inv_std_dev) static_cast<float*>(args.outputs[2])[row] = inv_std_dev;
}

/// X and Y of some rows; Scale and B, where there is one.
struct RowOperands {
  const float* x;
  const float* scale;
  const float* bias;
  float* y;
};

/// `rows` of them, of which the first is row `first` of all.
void normalize_rows(const RunArguments& args, const State& state, const RowOperands& of, std::int64_t first,
                    std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows);
  const auto columns = static_cast<std::size_t>(state.columns);
  if (!state.centred) return kernels::rms_norm(of.x, of.scale, state.epsilon, of.y, count, columns);
  auto* mean = static_cast<float*>(mean_of(state, args));
  auto* inv_std_dev = static_cast<float*>(inv_std_dev_of(state, args));
  kernels::layer_norm(of.x, of.scale, of.bias, state.epsilon, of.y, mean == nullptr ? nullptr : mean + first,
                      inv_std_dev == nullptr ? nullptr : inv_std_dev + first, count, columns);
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.columns >= kLongRow) {
    for (std::int64_t row = 0; row < state.rows; ++row) run_long_row(args, state, row);
    return;
  }
  const auto* x = static_cast<const float*>(args.inputs[0]);
  const auto* scale = static_cast<const float*>(args.inputs[1]);
  const auto* bias = static_cast<const float*>(bias_of(state, args));
  auto* y = static_cast<float*>(args.outputs[0]);
  for_rows(args, state, kSimdChunk, kSimdCost, [&](std::int64_t first, std::int64_t rows, std::size_t) {
    normalize_rows(args, state, {x + first * state.columns, scale, bias, y + first * state.columns}, first, rows);
  });
}

/// Elements of a whole row, or of the rows that a task of 16-bit floats has.
std::size_t half_block(const State& state) { return static_cast<std::size_t>(std::max(state.columns, kHalfChunk)); }

/// Scale, B, and what each worker widens.
Prepared prepare_half(const PrepareContext& context) {
  Prepared prepared = prepare(context);
  const State& state = *static_cast<const State*>(prepared.state.get());
  const std::size_t blocks = half_block(state) * static_cast<std::size_t>(context.threads());
  prepared.workspace_bytes = (2 * static_cast<std::size_t>(state.columns) + blocks) * sizeof(float);
  return prepared;
}

void run_half(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto columns = static_cast<std::size_t>(state.columns);
  float* const scale = static_cast<float*>(args.workspace);
  float* const bias = state.has_bias ? scale + columns : nullptr;
  float* const blocks = scale + 2 * columns;
  load_line(state.type, args.inputs[1], 0, columns, scale);
  if (bias != nullptr) load_line(state.type, args.inputs[2], 0, columns, bias);
  for_rows(args, state, kHalfChunk, kSimdCost, [&](std::int64_t first, std::int64_t rows, std::size_t worker) {
    float* const block = blocks + worker * half_block(state);
    const auto begin = static_cast<std::size_t>(first) * columns;
    const auto count = static_cast<std::size_t>(rows) * columns;
    load_line(state.type, args.inputs[0], begin, count, block);
    normalize_rows(args, state, {block, scale, bias, block}, first, rows);
    store_line(state.type, block, begin, count, args.outputs[0]);
  });
}

void stash(DataType type, void* to, std::int64_t index, double value) {
  if (to == nullptr) return;
  if (type == DataType::kFloat32) {
    static_cast<float*>(to)[index] = static_cast<float>(value);
  } else {
    static_cast<Bfloat16*>(to)[index] = Bfloat16(value);
  }
}

constexpr std::int64_t kLineLength = 128;

/// Calls body(first, count) for the lines of a row whose elements are [begin, end).
template <typename Body>
void for_lines(std::int64_t begin, std::int64_t end, const Body& body) {
  for (std::int64_t first = begin; first < end; first += kLineLength) body(first, std::min(kLineLength, end - first));
}

/// What Scale or B have for the elements [first, first + count) of X.
void load_broadcast(const State& state, const Broadcast& broadcast, const void* from, std::int64_t first,
                    std::int64_t count, double* line) {
  const std::int64_t index = broadcast.index(state.x, first, state.columns);
  if (broadcast.is_row) {
    return load_line(state.scale_type, from, static_cast<std::size_t>(index), static_cast<std::size_t>(count), line);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t element = broadcast.index(state.x, first + i, state.columns);
    load_line(state.scale_type, from, static_cast<std::size_t>(element), 1, line + i);
  }
}

template <typename Wide>
void normalize_row(const State& state, const RunArguments& args, std::int64_t row) {
  const std::int64_t begin = row * state.columns;
  const std::int64_t end = begin + state.columns;
  double x[kLineLength], factors[kLineLength], addends[kLineLength];
  const auto load = [&](std::int64_t first, std::int64_t count) {
    load_line(state.type, args.inputs[0], static_cast<std::size_t>(first), static_cast<std::size_t>(count), x);
  };
  Wide mean = 0;
  if (state.centred) {
    for_lines(begin, end, [&](std::int64_t first, std::int64_t count) {
      load(first, count);
      for (std::int64_t i = 0; i < count; ++i) mean += static_cast<Wide>(x[i]);
    });
    mean /= static_cast<Wide>(state.columns);
  }
  Wide squares = 0;
  for_lines(begin, end, [&](std::int64_t first, std::int64_t count) {
    load(first, count);
    for (std::int64_t i = 0; i < count; ++i)
      squares += (static_cast<Wide>(x[i]) - mean) * (static_cast<Wide>(x[i]) - mean);
  });
  const Wide inv_std_dev = 1 / std::sqrt(squares / static_cast<Wide>(state.columns) + static_cast<Wide>(state.epsilon));
  for_lines(begin, end, [&](std::int64_t first, std::int64_t count) {
    load(first, count);
    load_broadcast(state, state.scale, args.inputs[1], first, count, factors);
    if (state.has_bias) load_broadcast(state, state.bias, args.inputs[2], first, count, addends);
    for (std::int64_t i = 0; i < count; ++i) {
      Wide value = (static_cast<Wide>(x[i]) - mean) * inv_std_dev * static_cast<Wide>(factors[i]);
      if (state.has_bias) value += static_cast<Wide>(addends[i]);
      x[i] = static_cast<double>(value);
    }
    store_line(state.scale_type, x, static_cast<std::size_t>(first), static_cast<std::size_t>(count), args.outputs[0]);
  });
  stash(state.stash_type, mean_of(state, args), row, static_cast<double>(mean));
  stash(state.stash_type, inv_std_dev_of(state, args), row, static_cast<double>(inv_std_dev));
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const bool wide = state.type == DataType::kFloat64 || state.scale_type == DataType::kFloat64;
  for_rows(args, state, kReferenceChunk, 10.0, [&](std::int64_t first, std::int64_t rows, std::size_t) {
    for (std::int64_t row = first; row < first + rows; ++row) {
      wide ? normalize_row<long double>(state, args, row) : normalize_row<double>(state, args, row);
    }
  });
}

OpDef normalization(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.min_inputs = 2;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {
      {"simd", Backend::kSimd, accepts_simd, prepare_simd, run_simd},
      {"simd half", Backend::kSimd, accepts_short_half, prepare_half, run_half},
      {"reference", Backend::kReference, nullptr, prepare, run_reference},
  };
  op.facts.in_place_inputs = {0};
  return op;
}

}  // namespace

void register_layer_normalization(Registry& registry) {
  OpDef op = normalization("LayerNormalization", 17);
  op.max_inputs = 3;
  op.max_outputs = 3;
  op.parse = parse<true>;
  registry.add(std::move(op));
}

void register_rms_normalization(Registry& registry) {
  OpDef op = normalization("RMSNormalization", 23);
  op.max_inputs = 2;
  op.parse = parse<false>;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
