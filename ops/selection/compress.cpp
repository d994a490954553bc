// Compress: the slices of input along `axis` (in [-r,r)) whose condition (bool, 1-D) is true; without axis the elements
// of input as one row. Where condition is shorter, it ends with false; where it is longer, what is true beyond the end
// is an error of the run. Opsets 9 to newest; all types that can be moved element by element. How many are true only
// the run knows.
#include <algorithm>
#include <cstring>

#include "ops/selection/slices.hpp"
#include "ops/shared/output_tables.hpp"
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
  attributes->axis = parse_axis(context);
  return attributes;
}

void infer(InferContext& context) {
  if (context.input_rank(1) != 1)
    invalid_model("input condition has the shape ", context.input_dims(1), ", expected one dimension");
  if (context.input_rank(0) == 0) invalid_model("the input is a scalar, expected rank 1 or more");
  const std::optional<std::int64_t> axis = context.attributes<CompressAttributes>().axis;
  context.set_output(0, dims_of_some(context.input_dims(0), axis));
}

struct State {
  DataType type = DataType::kUndefined;
  Slices slices;
  std::size_t slice_bytes = 0;  ///< of the part of a slice that lies together
  std::size_t conditions = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->slices = Slices(context.input_shape(0), context.attributes<CompressAttributes>().axis);
  state->slice_bytes = state->slices.inner * size_of(state->type);
  state->conditions = static_cast<std::size_t>(context.input_shape(1)[0]);
  return {state, state->slices.outer == 0 ? 0 : state->slices.size * sizeof(std::size_t)};
}

/// The slices that are kept, in order, unless `kept` is null: how many.
std::size_t find_kept(const State& state, const void* condition, std::size_t* kept) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < state.conditions; ++i) {
    if (!is_true_at(condition, i)) continue;
    if (i >= state.slices.size) {
      fail(ErrorCode::kRuntimeFault, "condition is true at ", i, ", but there are only ", state.slices.size,
           " to choose from");
    }
    if (kept != nullptr) kept[count] = i;
    ++count;
  }
  return count;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* kept = state.slices.outer > 0 ? static_cast<std::size_t*>(args.workspace) : nullptr;
  const std::size_t count = find_kept(state, args.inputs[1], kept);
  Held& output = held(args.outputs[0]);
  std::byte* const y = output.make(state.type, state.slices.shape_of(count));
  if (output.bytes() == 0) return;
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  const std::size_t slices = state.slices.outer * count;
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (state.slice_bytes + 16));
  const double work = static_cast<double>(slices) * (3 + 0.1 * static_cast<double>(state.slice_bytes));
  args.control.parallel_for((slices + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t end = std::min(slices, (task + 1) * per_task);
    for (std::size_t slice = task * per_task; slice < end; ++slice) {
      const std::size_t from = slice / count * state.slices.size + kept[slice % count];
      std::memcpy(y + slice * state.slice_bytes, x + from * state.slice_bytes, state.slice_bytes);
    }
  });
}

constexpr InputDef kInputs[] = {{"input", kByteTypes, kMoved}, {"condition", kBoolType}};

}  // namespace

void register_compress(Registry& registry) {
  OpDef op;
  op.name = "Compress";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
