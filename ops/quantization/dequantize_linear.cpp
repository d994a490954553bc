// DequantizeLinear: y = (x - x_zero_point) * x_scale, element by element, in float32, rounded once to y's type.
//   x: integers of 16 bits and less, int32, float8 or float4, any shape. x_scale and x_zero_point (of x's type): one
//   element; or 1-D, one for each index of `axis`; or, with block_size B (opset 21), of x's rank: element i along the
//   axis belongs to scale i / B.
//   y: float32, float16 or bfloat16: output_dtype (23), else the type of x_scale, which may also be float8e8m0.
// Opsets 10 to newest; the newer types are taken at every opset. Deviation: float6 types are not supported; a zero
// point of int32 x, which ONNX leaves out, is taken away like any other.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/quantize.hpp"
#include "ops/quantization/scales.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes = kQuantizedTypes | TypeSet{DataType::kInt32};
constexpr TypeSet kOutputTypes{DataType::kFloat32, DataType::kFloat16, DataType::kBfloat16};
constexpr TypeSet kScaleTypes = kOutputTypes | TypeSet{DataType::kFloat8e8m0};
constexpr std::size_t kChunk = 16384;
constexpr double kCost = 1.0;      // ns per element
constexpr double kSimdCost = 0.3;  // the same

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<QuantizationAttributes>();
  parse_granularity(context, *attributes);
  if (context.opset() >= 23) attributes->output_type = parse_element_type(context, "output_dtype", kOutputTypes);
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) {
  const DataType given = node.attributes<QuantizationAttributes>().output_type;
  return given == DataType::kUndefined ? node.input_type(1) : given;
}

void infer(InferContext& context) {
  check_scales(context, "x_scale", "x_zero_point");
  const DataType type = output_type(context, 0);
  if (!kOutputTypes.has(type)) invalid_model("output_dtype is not given, which x_scale of ", type, " needs");
  context.set_output(0, type, context.input_dims(0));
}

struct State {
  DataType x = DataType::kUndefined;
  DataType scale = DataType::kUndefined;
  DataType y = DataType::kUndefined;
  bool has_zero_point = false;
  std::size_t count = 0;
  ScaleLayout layout;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->x = context.input_type(0);
  state->scale = context.input_type(1);
  state->y = context.output(0).type;
  state->has_zero_point = context.has_input(2);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->layout = ScaleLayout(context);
  return {std::move(state), 0, 0};
}

/// Elements [first, first + count), at most kLinedUp.
void dequantize_line(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  float x[kLinedUp];
  state.layout.dequantize(state.x, args.inputs[0], state.scale, args.inputs[1],
                          state.has_zero_point ? args.inputs[2] : nullptr, first, count, x);
  store_line(state.y, x, first, count, args.outputs[0]);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size,
                 [&](std::size_t first, std::size_t count) { dequantize_line(state, args, first, count); });
  });
}

std::string accepts_simd(const NodeView& node) {
  if (!kInt8Types.has(node.input_type(0))) return text("only from int8 and uint8, not ", node.input_type(0));
  if (node.input_type(1) != DataType::kFloat32) return text("only with a float32 scale, not ", node.input_type(1));
  if (node.output(0).type != DataType::kFloat32) return text("only to float32, not ", node.output(0).type);
  return "";
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto run = [&](std::size_t first, std::size_t count, std::size_t scale) {
    const void* const zero_points = state.has_zero_point ? args.inputs[2] : nullptr;
    kernels::dequantize(quantized_bytes(state.x, args.inputs[1], zero_points, scale),
                        static_cast<const std::byte*>(args.inputs[0]) + first, count,
                        static_cast<float*>(args.outputs[0]) + first);
  };
  const auto line = [&](std::size_t first, std::size_t count) { dequantize_line(state, args, first, count); };
  for_chunks(args.control, state.count, kChunk, kSimdCost,
             [&](std::size_t first, std::size_t count) { state.layout.for_runs(first, count, kLinedUp, run, line); });
}

constexpr InputDef kInputs[] = {
    {"x", kTypes},
    {"x_scale", kScaleTypes},
    {"x_zero_point", kTypes, kMayBeLeftOut | kTypeOfFirst},
};
constexpr OutputDef kOutputs[] = {{"y", kOutputTypes, 0, over(0)}};

}  // namespace

void register_dequantize_linear(Registry& registry) {
  OpDef op;
  op.name = "DequantizeLinear";
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
