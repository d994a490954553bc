// QuantizeLinear: y = saturate(round(x / y_scale) + y_zero_point), element by element; round to nearest, ties to even.
//   x: float32, float16, bfloat16 or int32, any shape. y_scale and y_zero_point: one element; or 1-D, one for each
//   index of `axis`; or, with block_size B (opset 21), of x's rank: element i along the axis belongs to scale i / B. y:
//   the type of y_zero_point; without it output_dtype (21), or uint8.
// The division is computed in `precision` (23), else in y_scale's type: float16 and bfloat16 round x and the quotient.
// To float8 and float4: x / y_scale + y_zero_point, rounded as Cast does, `saturate` (19) for float8.
// Infinities and what is too large become the nearest end of the range; NaN, also that of 0 / 0, the lowest integer.
// Opsets 10 to newest; the newer types are taken at every opset. Deviation: float6 types are not supported.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/quantize.hpp"
#include "ops/quantization/scales.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16, DataType::kInt32};
constexpr TypeSet kScaleTypes = kTypes | TypeSet{DataType::kFloat8e8m0};
constexpr std::size_t kChunk = 16384;  // whole bytes of every type
constexpr double kCost = 1.5;          // ns per element
constexpr double kSimdCost = 0.3;      // the same

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<QuantizationAttributes>();
  parse_granularity(context, *attributes);
  if (context.opset() >= 19) attributes->saturate = context.get_int("saturate", 1) != 0;
  if (context.opset() >= 21) attributes->output_type = parse_element_type(context, "output_dtype", kQuantizedTypes);
  if (context.opset() >= 23) attributes->precision = parse_element_type(context, "precision", kFloatTypes);
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) {
  if (node.has_input(2)) return node.input_type(2);
  const DataType given = node.attributes<QuantizationAttributes>().output_type;
  return given == DataType::kUndefined ? DataType::kUint8 : given;
}

void infer(InferContext& context) {
  if (context.has_input(2)) {
    const DataType given = context.attributes<QuantizationAttributes>().output_type;
    if (given != DataType::kUndefined && given != context.input_type(2))
      invalid_model("output_dtype is ", given, ", but y_zero_point is ", context.input_type(2));
  }
  check_scales(context, "y_scale", "y_zero_point");
  context.set_output(0, output_type(context, 0), context.input_dims(0));
}

struct State {
  DataType x = DataType::kUndefined;
  DataType scale = DataType::kUndefined;
  DataType precision = DataType::kUndefined;  ///< float32, float64, float16 or bfloat16
  DataType y = DataType::kUndefined;
  bool saturate = true;
  bool has_zero_point = false;
  std::size_t count = 0;
  ScaleLayout layout;
};

/// What the division is computed in.
DataType precision_of(const NodeView& node) {
  const DataType given = node.attributes<QuantizationAttributes>().precision;
  if (given != DataType::kUndefined) return given;
  const DataType scale = node.input_type(1);
  if (scale == DataType::kInt32) return DataType::kFloat64;
  return scale == DataType::kFloat8e8m0 ? DataType::kFloat32 : scale;
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->x = context.input_type(0);
  state->scale = context.input_type(1);
  state->precision = precision_of(context);
  state->y = context.output(0).type;
  state->saturate = context.attributes<QuantizationAttributes>().saturate;
  state->has_zero_point = context.has_input(2);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->layout = ScaleLayout(context);
  return {std::move(state), 0, 0};
}

/// Rounds to a 16-bit precision.
template <typename W>
void round_to(DataType precision, W* line, std::size_t count) {
  if (precision != DataType::kFloat16 && precision != DataType::kBfloat16) return;
  std::uint16_t rounded[kLinedUp];
  store_line(precision, line, 0, count, rounded);
  load_line(precision, rounded, 0, count, line);
}

/// To whole numbers of an integer type. Between these ends, adding and taking away what has no fractions rounds.
template <typename W>
void round_to_integers(DataType type, const W* zero, std::size_t count, W* line) {
  constexpr W kNoFractions = sizeof(W) == sizeof(float) ? W(0x1.8p23) : W(0x1.8p52);
  const bool is_signed = kSignedLineTypes.has(type);
  const auto values = static_cast<W>(1U << bits_of(type));
  const W lowest = is_signed ? -values / 2 : 0;
  const W highest = lowest + values - 1;
  for (std::size_t i = 0; i < count; ++i) {
    W value = line[i];
    value = value > lowest - zero[i] ? value : lowest - zero[i];  // NaN too
    value = value < highest - zero[i] ? value : highest - zero[i];
    line[i] = ((value + kNoFractions) - kNoFractions) + zero[i];
  }
}

/// Elements [first, first + count), at most kLinedUp.
template <typename W>
void quantize_line(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  W x[kLinedUp];
  W other[kLinedUp];  // scales, then zero points
  load_line(state.x, args.inputs[0], first, count, x);
  state.layout.load(state.scale, args.inputs[1], first, count, other);
  if (state.x != state.precision) round_to(state.precision, x, count);
  if (state.scale != state.precision) round_to(state.precision, other, count);
  for (std::size_t i = 0; i < count; ++i) x[i] /= other[i];
  round_to(state.precision, x, count);
  if (state.has_zero_point) {
    state.layout.load(state.y, args.inputs[2], first, count, other);
  } else {
    std::fill_n(other, count, W(0));
  }
  if (kSmallFloatTypes.has(state.y)) {
    double numbers[kLinedUp];
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<double>(x[i] + other[i]);
    store_small_floats(state.y, {state.saturate}, numbers, first, count, args.outputs[0]);
    return;
  }
  round_to_integers(state.y, other, count, x);
  if constexpr (std::is_same_v<W, float>) {
    store_line(state.y, x, first, count, args.outputs[0]);
  } else {
    float numbers[kLinedUp];
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>(x[i]);  // exact
    store_line(state.y, numbers, first, count, args.outputs[0]);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const bool wide = state.precision == DataType::kFloat64;
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      return wide ? quantize_line<double>(state, args, first, count) : quantize_line<float>(state, args, first, count);
    });
  });
}

std::string accepts_simd(const NodeView& node) {
  if (node.input_type(0) != DataType::kFloat32) return text("only from float32, not ", node.input_type(0));
  if (node.input_type(1) != DataType::kFloat32) return text("only with a float32 scale, not ", node.input_type(1));
  if (!kInt8Types.has(node.output(0).type)) return text("only to int8 and uint8, not ", node.output(0).type);
  if (precision_of(node) != DataType::kFloat32) return text("only in float32, not ", precision_of(node));
  return "";
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto run = [&](std::size_t first, std::size_t count, std::size_t scale) {
    const void* const zero_points = state.has_zero_point ? args.inputs[2] : nullptr;
    kernels::quantize(quantized_bytes(state.y, args.inputs[1], zero_points, scale),
                      static_cast<const float*>(args.inputs[0]) + first, count,
                      static_cast<std::byte*>(args.outputs[0]) + first);
  };
  const auto line = [&](std::size_t first, std::size_t count) { quantize_line<float>(state, args, first, count); };
  for_chunks(args.control, state.count, kChunk, kSimdCost,
             [&](std::size_t first, std::size_t count) { state.layout.for_runs(first, count, kLinedUp, run, line); });
}

constexpr InputDef kInputs[] = {
    {"x", kTypes},
    {"y_scale", kScaleTypes},
    {"y_zero_point", kQuantizedTypes, kMayBeLeftOut},
};
constexpr OutputDef kOutputs[] = {{"y", kQuantizedTypes}};

}  // namespace

void register_quantize_linear(Registry& registry) {
  OpDef op;
  op.name = "QuantizeLinear";
  op.since_opset = 10;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {{"simd", Backend::kSimd, accepts_simd, prepare, run_simd},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
