// DynamicQuantizeLinear: y = saturate(round(x / y_scale) + y_zero_point), to uint8, with
//   y_scale = (max(x, 0) - min(x, 0)) / 255        (1 / 255 where that is 0)
//   y_zero_point = round(saturate(-min(x, 0) / y_scale))
// in float32, halves to even. x: float32, any shape; y: uint8 of that shape; y_scale: float32 and y_zero_point: uint8,
// scalars. Opsets 11 to newest. Where an element is NaN, minimum and maximum count as 0; NaN becomes 0.
#include <algorithm>
#include <cmath>

#include "ops/kernels/quantize.hpp"
#include "ops/quantization/dynamic_scale.hpp"
#include "ops/shared/chunks.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 0.1;  // ns per element

void infer(InferContext& context) {
  context.set_output(0, context.input_dims(0));
  context.set_output(1, {});
  context.set_output(2, {});
}

struct State {
  std::size_t count = 0;
  bool has_scale = false, has_zero_point = false;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->has_scale = context.has_output(1);
  state->has_zero_point = context.has_output(2);
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* const x = static_cast<const float*>(args.inputs[0]);
  auto* const y = static_cast<std::uint8_t*>(args.outputs[0]);
  const DynamicScale scale = dynamic_scale_of(args.control, x, state.count);
  if (state.has_scale) *static_cast<float*>(args.outputs[1]) = scale.scale;
  if (state.has_zero_point) *static_cast<std::uint8_t*>(args.outputs[2]) = scale.zero;
  if (y == nullptr) return;
  const kernels::QuantizedBytes type = {false, scale.scale, static_cast<float>(scale.zero)};
  for_chunks(args.control, state.count, kChunk, kCost,
             [&](std::size_t first, std::size_t size) { kernels::quantize(type, x + first, size, y + first); });
}

constexpr InputDef kInputs[] = {{"x", kFloat32Type}};
constexpr OutputDef kOutputs[] = {
    {"y", {DataType::kUint8}}, {"y_scale", kFloat32Type}, {"y_zero_point", {DataType::kUint8}}};

}  // namespace

DynamicScale dynamic_scale_of(RunControl& control, const float* x, std::size_t count) {
  // A few long parts: what they have found stands on the stack.
  constexpr std::size_t kParts = 64;
  constexpr std::size_t kLeastPart = 16384;
  constexpr double kFindingCost = 0.03;
  kernels::Extremes found[kParts] = {};
  const std::size_t part = std::max(kLeastPart, (count + kParts - 1) / kParts);
  const std::size_t parts = (count + part - 1) / part;
  control.parallel_for(parts, kFindingCost * static_cast<double>(count), [&](std::size_t i) {
    found[i] = kernels::find_extremes(x + i * part, std::min(part, count - i * part));
  });
  float low = 0;
  float high = 0;
  bool has_nan = false;
  for (std::size_t i = 0; i < parts; ++i) {
    low = std::min(low, found[i].low);
    high = std::max(high, found[i].high);
    has_nan = has_nan || found[i].has_nan;
  }
  if (has_nan) low = high = 0;
  const float scale = (low == high ? 1.0F : high - low) / 255.0F;
  const float zero = std::min(255.0F, std::max(0.0F, 0.0F - low / scale));
  return {scale, static_cast<std::uint8_t>(std::nearbyint(zero))};
}

void register_dynamic_quantize_linear(Registry& registry) {
  OpDef op;
  op.name = "DynamicQuantizeLinear";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
