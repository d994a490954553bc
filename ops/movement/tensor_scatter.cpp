// TensorScatter: present_cache is past_cache, in which `update` takes the place of as many steps along `axis` (default
// -2) from write_indices[b] on, one for each batch b (dimension 0); without write_indices from 0 on. past_cache and
// update have the same shape but along the axis, where update is no longer. mode "linear" (the default): all steps lie
// in the cache; "circular": those behind its end go on at its beginning. Opsets 24 to newest; all types. A write index
// below 0, or past what the mode allows, is an error of the run.
#include <algorithm>
#include <cstring>

#include "ops/shared/named_value.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

constexpr double kByteCost = 0.1;  // ns
constexpr double kStepCost = 5.0;  // the same

struct TensorScatterAttributes : Attributes {
  std::int64_t axis = -2;
  bool circular = false;
};

AttributesPtr parse(ParseContext& context) {
  static constexpr NamedValue<bool> kModes[] = {{"linear", false}, {"circular", true}};
  auto attributes = new_shared<TensorScatterAttributes>();
  attributes->axis = context.get_int("axis", -2);
  attributes->circular = named_value(context, "mode", kModes);
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  const auto axis =
      static_cast<std::size_t>(normalized_axis(node.attributes<TensorScatterAttributes>().axis, node.input_rank(0)));
  if (axis == 0) invalid_model("axis is 0, which counts the batches; expected another one");
  return axis;
}

void infer(InferContext& context) {
  const Dims& cache = context.input_dims(0);
  const Dims& update = context.input_dims(1);
  const std::size_t axis = axis_of(context);
  bool fits = update.size() == cache.size();
  Dims present = cache;
  for (std::size_t i = 0; fits && i < cache.size(); ++i) {
    if (i == axis) {
      fits = !cache[i].known() || !update[i].known() || update[i].value() <= cache[i].value();
    } else {
      fits = !cache[i].differs(update[i]);
      if (!cache[i].known()) present[i] = update[i];
    }
  }
  if (!fits) {
    invalid_model("input update is ", update, ", expected the shape of past_cache, ", cache, ", or less along axis ",
                  axis);
  }
  if (context.has_input(2)) {
    const Dims& indices = context.input_dims(2);
    if (indices.size() != 1 || indices[0].differs(present[0])) {
      invalid_model("input write_indices is ", indices, ", expected ", Dims{present[0]}, ", one for each batch");
    }
  }
  context.set_output(0, std::move(present));
}

struct State {
  bool circular = false;
  bool has_indices = false;
  std::size_t batches = 0;
  std::size_t outer = 1;  ///< between the batch and the axis
  std::size_t cache_steps = 0, steps = 0;
  std::size_t step_bytes = 0;
  std::size_t cache_bytes = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape cache = context.input_shape(0);
  const std::size_t axis = axis_of(context);
  state->circular = context.attributes<TensorScatterAttributes>().circular;
  state->has_indices = context.has_input(2);
  state->batches = static_cast<std::size_t>(cache[0]);
  state->cache_bytes = byte_count(context.input_type(0), cache);
  state->steps = static_cast<std::size_t>(context.input_shape(1)[axis]);
  state->cache_steps = static_cast<std::size_t>(cache[axis]);
  if (state->cache_bytes == 0) return {std::move(state), 0, 0};
  for (std::size_t i = 1; i < axis; ++i) state->outer *= static_cast<std::size_t>(cache[i]);
  state->step_bytes = state->cache_bytes / (state->batches * state->outer * state->cache_steps);
  return {std::move(state), 0, 0};
}

void check_indices(const State& state, const std::int64_t* indices) {
  const auto last = static_cast<std::int64_t>(state.circular ? INT64_MAX : state.cache_steps - state.steps);
  for (std::size_t b = 0; b < state.batches; ++b) {
    if (indices[b] >= 0 && indices[b] <= last) continue;
    fail(ErrorCode::kRuntimeFault, "element ", b, " of write_indices is ", indices[b], ", expected 0 to ", last,
         " for ", state.steps, " steps in a cache of ", state.cache_steps);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* indices = state.has_indices ? static_cast<const std::int64_t*>(args.inputs[2]) : nullptr;
  if (indices != nullptr) check_indices(state, indices);
  copy_bytes(args.control, args.outputs[0], args.inputs[0], state.cache_bytes);
  if (state.step_bytes == 0 || state.steps == 0) return;
  const auto* update = static_cast<const std::byte*>(args.inputs[1]);
  auto* present = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t rows = state.batches * state.outer;
  const std::size_t update_bytes = state.steps * state.step_bytes;
  const double work = static_cast<double>(rows) * (kStepCost + kByteCost * static_cast<double>(update_bytes));
  args.control.parallel_for(rows, work, [&](std::size_t row) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t index = indices == nullptr ? 0 : static_cast<std::size_t>(indices[row / state.outer]);
    const std::size_t first = index % state.cache_steps;
    const std::size_t before_end = std::min(state.steps, state.cache_steps - first) * state.step_bytes;
    const std::byte* from = update + row * update_bytes;
    std::byte* cache = present + row * state.cache_steps * state.step_bytes;
    std::memcpy(cache + first * state.step_bytes, from, before_end);
    std::memcpy(cache, from + before_end, update_bytes - before_end);
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 2) return std::nullopt;
  const std::size_t axis = axis_of(node);
  const Dim steps = node.input_dims(1)[axis];
  const Dim cache = node.input_dims(0)[axis];
  const bool known = steps.known() && cache.known();
  return wanted_indices(known ? Dim(cache.value() - steps.value() + 1) : Dim(1), "the step of the cache to write to");
}

constexpr InputDef kInputs[] = {
    {"past_cache", kByteTypes, kMoved},
    {"update", kByteTypes, kTypeOfFirst | kMoved},
    {"write_indices", kInt64Type, kMayBeLeftOut},
};
constexpr OutputDef kOutputs[] = {{"present_cache", TypeOf{0}, 0, over(0)}};

}  // namespace

void register_tensor_scatter(Registry& registry) {
  OpDef op;
  op.name = "TensorScatter";
  op.since_opset = 24;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
