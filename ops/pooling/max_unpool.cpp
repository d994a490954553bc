// MaxUnpool: undoes MaxPool as far as that can be. The output is 0 but for output[I[i]] = X[i], where I (int64, the
// shape of X) counts in the flattened output; of equal indices the last counts. X is [batch, channels, spatial
// axes...], and the output has along each of these (size - 1) * stride + kernel - pads elements. output_shape (int64,
// input 2) makes it larger: the indices still count in the smaller tensor, which stands at the beginning of every axis.
// Negative indices count from the end. Opsets 9 to newest; types: float, double, float16, bfloat16 at every opset. An
// index out of range is an error of the run.
#include <algorithm>
#include <cstring>

#include "ops/movement/index_inputs.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/shared/window.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 65536;  // bytes
constexpr double kCost = 0.1;          // ns per byte
constexpr std::size_t kBetweenLooks = 65536;

struct MaxUnpoolAttributes : Attributes {
  WindowAttributes window;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<MaxUnpoolAttributes>();
  WindowForm form;
  form.auto_pad = false;
  attributes->window = parse_window(context, form);
  return attributes;
}

/// Elements along spatial axis `axis` of what was pooled.
Dim unpooled(const WindowAttributes& window, std::size_t axis, Dim size) {
  if (!size.known()) return Dim::unknown();
  const std::size_t axes = window.kernel_shape.size();
  const std::int64_t stride = window.strides.empty() ? 1 : window.strides[axis];
  const std::int64_t pads = window.pads.empty() ? 0 : window.pads[axis] + window.pads[axes + axis];
  std::int64_t result = 0;
  if (__builtin_mul_overflow(size.value() - 1, stride, &result) ||
      __builtin_add_overflow(result, window.kernel_shape[axis] - pads, &result) || result < 1) {
    invalid_model("spatial axis ", axis, " of ", size, " elements comes from no axis of 1 or more: stride ", stride,
                  ", kernel ", window.kernel_shape[axis], ", pads ", pads, " in all");
  }
  return result;
}

/// The shape that indices count in.
Dims unpooled_dims(const NodeView& node) {
  const WindowAttributes& window = node.attributes<MaxUnpoolAttributes>().window;
  Dims dims = node.input_dims(0);
  for (std::size_t i = 2; i < dims.size(); ++i) dims[i] = unpooled(window, i - 2, dims[i]);
  return dims;
}

void infer(InferContext& context) {
  const Dims& x = context.input_dims(0);
  const Dims& indices = context.input_dims(1);
  if (x.size() < 3) invalid_model("input X has rank ", x.size(), ", expected batch, channels and spatial axes");
  check_window_rank(context.attributes<MaxUnpoolAttributes>().window, x.size() - 2);
  const bool differs = indices.size() != x.size() ||
                       !std::equal(x.begin(), x.end(), indices.begin(), [](Dim a, Dim b) { return !a.differs(b); });
  if (differs) invalid_model("input I is ", indices, ", expected the shape of X, ", x);
  Dims output = unpooled_dims(context);
  if (context.has_input(2)) {
    const Dim length = list_length(context, 2, "output_shape");
    if (length.differs(static_cast<std::int64_t>(x.size()))) {
      invalid_model("input output_shape has ", length, " elements, expected ", x.size(), ", one for each axis of X");
    }
    const Dims least = output;
    const std::optional<Dims> given = context.input_elements(2);
    output = given.value_or(Dims(x.size()));
    for (std::size_t i = 0; i < output.size(); ++i) {
      if (!output[i].known() || !least[i].known() || output[i].value() >= least[i].value()) continue;
      invalid_model("input output_shape is ", output, ", expected at least ", least);
    }
  }
  context.set_output(0, std::move(output));
}

struct State {
  std::size_t element_bytes = 1;
  std::size_t count = 0;  ///< of X
  std::size_t output_bytes = 0;
  std::int64_t indexed = 0;  ///< elements that indices count
  Shape sizes, strides;      ///< of these, and of the output; without axes where both are one shape
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const DataType type = context.input_type(0);
  const Shape output = context.output_shape(0);
  const Shape indexed = to_shape(unpooled_dims(context));
  state->element_bytes = size_of(type);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->output_bytes = byte_count(type, output);
  state->indexed = element_count(indexed);
  if (indexed != output && state->indexed > 0) {
    state->sizes = indexed;
    state->strides = row_major_strides(output);
  }
  return {std::move(state), 0, 0};
}

std::size_t place_of(const State& state, std::int64_t index) {
  auto left = static_cast<std::int64_t>(counted_from_front(index, state.indexed));
  if (state.sizes.empty()) return static_cast<std::size_t>(left);
  std::int64_t place = 0;
  for (std::size_t axis = state.sizes.size(); axis-- > 0;) {
    place += left % state.sizes[axis] * state.strides[axis];
    left /= state.sizes[axis];
  }
  return static_cast<std::size_t>(place);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* indices = static_cast<const std::int64_t*>(args.inputs[1]);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  check_indices(args.control, DataType::kInt64, indices, state.count, &state.indexed);
  for_chunks(args.control, state.output_bytes, kChunk, kCost,
             [&](std::size_t first, std::size_t size) { std::memset(output + first, 0, size); });
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* x = static_cast<const T*>(args.inputs[0]);
    auto* y = static_cast<T*>(args.outputs[0]);
    // In their order, so that of equal indices the last counts.
    for (std::size_t i = 0; i < state.count; ++i) {
      if (i % kBetweenLooks == 0) args.control.check();
      y[place_of(state, indices[i])] = x[i];
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  const Dims dims = unpooled_dims(node);
  if (input == 1) return wanted_indices(element_count(dims), "an index into the output");
  if (input != 2) return std::nullopt;
  return all_known(dims) ? wanted_list(to_shape(dims), "the shape of the output") : wanted_sizes(1, "a shape");
}

constexpr InputDef kInputs[] = {
    {"X", kFloatTypes, kMoved},
    {"I", kInt64Type},
    {"output_shape", kInt64Type, kMayBeLeftOut | kDecidesShapes},
};

}  // namespace

void register_max_unpool(Registry& registry) {
  OpDef op;
  op.name = "MaxUnpool";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
