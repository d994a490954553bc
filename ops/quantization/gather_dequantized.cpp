// GatherDequantized (of Linnet's own domain): slices along the first axis of what DequantizeLinear makes of x.
//   y[i..., n...] = (x[indices[i...], n...] - x_zero_point[..]) * x_scale[..]
// with DequantizeLinear's axis, block_size and shapes of scales and zero points. A fusion puts it where a table of few
// bits is dequantised and looked up: only the rows that are asked for become float32. x: integers of 8 bits and less,
// rank 1 or more; indices: int32 or int64 in [-size, size); y: float32, with the bits of the two nodes.
#include "ops/quantization/gather_dequantized.hpp"

#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/movement/index_inputs.hpp"
#include "ops/quantization/scales.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kX = 0, kScale = 1, kZeroPoint = 2, kIndices = 3;
constexpr std::size_t kTaskElements = 1 << 13;  ///< also where each has a scale of its own

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<QuantizationAttributes>();
  attributes->axis = context.get_int("axis", 0);
  attributes->block_size = context.get_int("block_size", 0);
  if (attributes->block_size < 0) invalid_model("block_size is ", attributes->block_size, ", expected 0 or more");
  return attributes;
}

void infer(InferContext& context) {
  const Dims& x = context.input_dims(kX);
  if (x.empty()) invalid_model("input x is a scalar, expected rank 1 or more");
  if (!context.has_input(kIndices)) invalid_model("input indices is missing");
  check_scales(context, "x_scale", "x_zero_point");
  Dims dims = context.input_dims(kIndices);
  dims.insert(dims.end(), x.begin() + 1, x.end());
  context.set_output(0, std::move(dims));
}

struct State {
  DataType x = DataType::kUndefined, indices = DataType::kUndefined;
  bool has_zero_point = false;
  std::int64_t size = 0;  ///< of the first axis
  std::size_t slice = 0;  ///< elements of one
  std::size_t count = 0;  ///< of indices
  ScaleLayout layout;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape x = context.input_shape(kX);
  state->x = context.input_type(kX);
  state->indices = context.input_type(kIndices);
  state->has_zero_point = context.has_input(kZeroPoint);
  state->size = x[0];
  // 0 where there are no slices: their elements need not be countable.
  state->slice = x[0] == 0 ? 0 : static_cast<std::size_t>(element_count(x) / x[0]);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(kIndices)));
  state->layout = ScaleLayout(context);
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  check_indices(args.control, state.indices, args.inputs[kIndices], state.count, &state.size);
  if (state.slice == 0) return;
  const void* const zero_points = state.has_zero_point ? args.inputs[kZeroPoint] : nullptr;
  auto* const y = static_cast<float*>(args.outputs[0]);
  // A task has several slices, or a part of one.
  const std::size_t slices = std::max<std::size_t>(1, kTaskElements / (state.slice + 64));
  const std::size_t parts = (state.slice + kTaskElements - 1) / kTaskElements;
  const std::size_t groups = (state.count + slices - 1) / slices;
  const double work = static_cast<double>(state.count) * static_cast<double>(state.slice);
  args.control.parallel_for(groups * parts, work, [&](std::size_t task) {
    const std::size_t begin = task % parts * kTaskElements;
    const std::size_t end = std::min(state.slice, begin + kTaskElements);
    const std::size_t first = task / parts * slices;
    for (std::size_t i = first; i < std::min(state.count, first + slices); ++i) {
      std::int64_t index = 0;
      load_line(state.indices, args.inputs[kIndices], i, 1, &index);
      const std::size_t from = counted_from_front(index, state.size) * state.slice;
      for (std::size_t at = begin; at < end; at += kLinedUp)
        state.layout.dequantize(state.x, args.inputs[kX], DataType::kFloat32, args.inputs[kScale], zero_points,
                                from + at, std::min<std::size_t>(kLinedUp, end - at), y + i * state.slice + at);
    }
  });
}

std::optional<WantedElements> wanted(const NodeView& node, std::size_t input) {
  if (input != kIndices || node.input_rank(kX) == 0) return std::nullopt;
  return wanted_indices(node.input_dims(kX)[0], "an index into the first axis");
}

constexpr InputDef kInputs[] = {{"x", kCodeTypes},
                                {"x_scale", kFloat32Type},
                                {"x_zero_point", kCodeTypes, kMayBeLeftOut | kTypeOfFirst},
                                // Needed, though it stands behind one that may be left out: infer asks for it.
                                {"indices", {DataType::kInt32, DataType::kInt64}, kMayBeLeftOut}};
constexpr OutputDef kOutputs[] = {{"y", kFloat32Type}};

}  // namespace

void register_gather_dequantized(Registry& registry) {
  OpDef op;
  op.name = kGatherDequantized;
  op.domain = kOwnDomain;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
