// OneHot: output[i..., j, k...] is values[1], the on value, where j is indices[i..., k...], and values[0], the off
// value, elsewhere. `axis` (in [-r-1,r] for the rank r of indices, default -1) says which dimension of the output j is;
// depth (one number) is its size. Negative indices count from the end; where an index lies outside [-depth,depth), or
// is NaN, all is off. Fractions of indices and of depth are cut off. values are two elements of any type, the output's.
// Opsets 9 to newest; bfloat16 values (from 28) are accepted at every opset.
#include <algorithm>
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kFillCost = 0.2;  // ns per element of the output
constexpr double kCost = 2.0;      // ns per index

struct OneHotAttributes : Attributes {
  std::int64_t axis = -1;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<OneHotAttributes>();
  attributes->axis = context.get_int("axis", -1);
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<OneHotAttributes>().axis, node.input_rank(0) + 1));
}

/// A number where it is known. Errors: kInvalidModel for a negative one or more than one.
Dim depth_of(const NodeView& node) {
  const Dim length = element_count(node.input_dims(1));
  if (length.differs(1)) invalid_model("input depth is ", node.input_dims(1), ", expected a single number");
  Dim depth = Dim::unknown();
  const ConstantPtr& constant = node.input_constant(1);
  if (kFloatTypes.has(node.input_type(1)) && constant != nullptr) {
    double number;
    load_line(constant->type, constant->aligned(), 0, 1, &number);
    depth = cut(integer_range<std::int64_t>(DataType::kInt64), number);
  } else if (const std::optional<Dims> elements = node.input_elements(1)) {
    if (elements->size() == 1) depth = elements->front();
  }
  if (depth.known() && depth.value() < 0) invalid_model("input depth is ", depth, ", expected 0 or more");
  return depth;
}

void infer(InferContext& context) {
  const Dims& values = context.input_dims(2);
  if (values.size() != 1 || values[0].differs(2)) {
    invalid_model("input values is ", values, ", expected [2]: the off value and the on value");
  }
  Dims dims = context.input_dims(0);
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis_of(context)), depth_of(context));
  context.set_output(0, std::move(dims));
}

struct State {
  DataType index_type = DataType::kUndefined;
  std::size_t element_bytes = 0;
  std::size_t indices = 0;
  std::size_t depth = 0;
  std::size_t inner = 1;  ///< elements of the output behind its axis
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape output = context.output_shape(0);
  const std::size_t axis = axis_of(context);
  state->index_type = context.input_type(0);
  state->element_bytes = size_of(context.input_type(2));
  state->depth = static_cast<std::size_t>(output[axis]);
  if (element_count(output) > 0) {
    state->indices = static_cast<std::size_t>(element_count(context.input_shape(0)));
    const auto behind = output.begin() + static_cast<std::ptrdiff_t>(axis) + 1;
    state->inner = static_cast<std::size_t>(element_count(Shape(behind, output.end())));
  }
  return {std::move(state), 0, 0};
}

/// Positions along the axis; `depth` for those outside. At most kLinedUp.
void load_positions(const State& state, const void* indices, std::size_t first, std::size_t count,
                    std::size_t* positions) {
  const auto depth = static_cast<std::int64_t>(state.depth);
  const auto position_of = [depth](std::int64_t index) {
    return static_cast<std::size_t>(index < -depth || index >= depth ? depth : index < 0 ? index + depth : index);
  };
  if (kFloatTypes.has(state.index_type)) {
    double line[kLinedUp];
    load_line(state.index_type, indices, first, count, line);
    const IntegerRange<std::int64_t> range = integer_range<std::int64_t>(DataType::kInt64);
    for (std::size_t i = 0; i < count; ++i) {
      positions[i] = std::isnan(line[i]) ? state.depth : position_of(cut(range, line[i]));
    }
    return;
  }
  std::int64_t line[kLinedUp];
  load_line(state.index_type, indices, first, count, line);
  const bool is_signed = kSignedTypes.has(state.index_type);
  for (std::size_t i = 0; i < count; ++i) {
    positions[i] = line[i] < 0 && !is_signed ? state.depth : position_of(line[i]);  // 2^63 and more
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.indices == 0) return;
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* values = static_cast<const T*>(args.inputs[2]);
    const T off = values[0];
    const T on = values[1];
    auto* output = static_cast<T*>(args.outputs[0]);
    for_chunks(args.control, state.indices * state.depth, kChunk, kFillCost,
               [=](std::size_t first, std::size_t size) { std::fill_n(output + first, size, off); });
    for_chunks(args.control, state.indices, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
      for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
        std::size_t positions[kLinedUp];
        load_positions(state, args.inputs[0], first, count, positions);
        for (std::size_t i = 0; i < count; ++i) {
          if (positions[i] == state.depth) continue;
          const std::size_t row = (first + i) / state.inner * state.depth + positions[i];
          output[row * state.inner + (first + i) % state.inner] = on;
        }
      });
    });
  });
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input != 1) return std::nullopt;
  return wanted_sizes(1, "how many classes there are");
}

constexpr InputDef kInputs[] = {
    {"indices", kNumericTypes},
    {"depth", kNumericTypes, kDecidesShapes},
    {"values", kByteTypes, kMoved},
};
constexpr OutputDef kOutputs[] = {{"output", TypeOf{2}}};

}  // namespace

void register_one_hot(Registry& registry) {
  OpDef op;
  op.name = "OneHot";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
