// Compress: the slices of input along `axis` (in [-r,r)) whose condition (bool, 1-D) is true; without axis the elements
// of input as one row. Where condition is shorter, it ends with false; where it is longer, what is true beyond the end
// is an error of the run. Opsets 9 to newest; all types that can be moved element by element. How many are true only
// the run knows.
#include <algorithm>
#include <cstring>

#include "ops/shared/element_types.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/truth.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;

struct CompressAttributes : Attributes {
  std::optional<std::int64_t> axis;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<CompressAttributes>();
  if (context.has("axis")) attributes->axis = context.require_int("axis");
  return attributes;
}

std::optional<std::size_t> axis_of(const NodeView& node) {
  const std::optional<std::int64_t> axis = node.attributes<CompressAttributes>().axis;
  if (!axis) return std::nullopt;
  return static_cast<std::size_t>(normalized_axis(*axis, node.input_rank(0)));
}

void infer(InferContext& context) {
  require_tensor_type(context, 0, "input");
  if (context.input_type(1) != DataType::kBool)
    invalid_model("input condition is ", context.input_type(1), ", expected bool");
  if (context.input_rank(1) != 1)
    invalid_model("input condition has the shape ", context.input_dims(1), ", expected one dimension");
  if (context.input_rank(0) == 0) invalid_model("the input is a scalar, expected rank 1 or more");
  Dims dims = {Dim::unknown()};
  if (const std::optional<std::size_t> axis = axis_of(context)) {
    dims = context.input_dims(0);
    dims[*axis] = Dim::unknown();
  }
  context.set_output(0, context.input_type(0), std::move(dims));
}

struct State {
  DataType type = DataType::kUndefined;
  Shape shape;           ///< of the output, but for the axis
  std::size_t axis = 0;  ///< of the output
  std::size_t outer = 1, size = 0, inner_bytes = 0;
  std::size_t conditions = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape input = context.input_shape(0);
  state->type = context.input_type(0);
  state->conditions = static_cast<std::size_t>(context.input_shape(1)[0]);
  const std::optional<std::size_t> axis = axis_of(context);
  state->shape = axis ? input : Shape{element_count(input)};
  state->axis = axis.value_or(0);
  state->size = static_cast<std::size_t>(state->shape[state->axis]);
  if (element_count(input) == 0) return {state};
  const auto at_axis = state->shape.begin() + static_cast<std::ptrdiff_t>(state->axis);
  state->outer = static_cast<std::size_t>(element_count(Shape(state->shape.begin(), at_axis)));
  state->inner_bytes =
      static_cast<std::size_t>(element_count(Shape(at_axis + 1, state->shape.end()))) * size_of(state->type);
  return {state, state->size * sizeof(std::size_t)};
}

/// The slices that are kept, in order, unless `kept` is null: how many.
std::size_t find_kept(const State& state, const void* condition, std::size_t* kept) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < state.conditions; ++i) {
    if (!is_true_at(condition, i)) continue;
    if (i >= state.size) {
      fail(ErrorCode::kRuntimeFault, "condition is true at ", i, ", but there are only ", state.size,
           " to choose from");
    }
    if (kept != nullptr) kept[count] = i;
    ++count;
  }
  return count;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* kept = state.inner_bytes > 0 ? static_cast<std::size_t*>(args.workspace) : nullptr;
  const std::size_t count = find_kept(state, args.inputs[1], kept);
  Held& output = held(args.outputs[0]);
  Shape shape = state.shape;
  shape[state.axis] = static_cast<std::int64_t>(count);
  std::byte* const y = output.make(state.type, shape);
  if (output.bytes() == 0) return;
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  const std::size_t slices = state.outer * count;
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (state.inner_bytes + 16));
  const double work = static_cast<double>(slices) * (3 + 0.1 * static_cast<double>(state.inner_bytes));
  args.control.parallel_for((slices + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t end = std::min(slices, (task + 1) * per_task);
    for (std::size_t slice = task * per_task; slice < end; ++slice) {
      const std::size_t from = slice / count * state.size + kept[slice % count];
      std::memcpy(y + slice * state.inner_bytes, x + from * state.inner_bytes, state.inner_bytes);
    }
  });
}

}  // namespace

void register_compress(Registry& registry) {
  OpDef op;
  op.name = "Compress";
  op.since_opset = 9;
  op.min_inputs = op.max_inputs = 2;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  op.facts.element_inputs = 1U << 0;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
