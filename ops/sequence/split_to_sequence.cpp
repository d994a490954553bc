// SplitToSequence: cuts input along `axis` (in [-r,r), 0 by default) into a sequence of tensors. `split` (int32 or
// int64) says how: a scalar is the size of all parts, the last of which may be smaller; a list has the size of each.
// Without it the parts have size 1, and with keepdims = 0 they lose the axis. Opsets 11 to newest; types whose elements
// can be moved one by one, strings.
#include <algorithm>
#include <cstring>

#include "ops/selection/slices.hpp"
#include "ops/sequence/sequences.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "runtime/data_type.hpp"
#include "runtime/rounding.hpp"

namespace linnet::internal {
namespace {

struct SplitAttributes : Attributes {
  std::int64_t axis = 0;
  bool keepdims = true;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<SplitAttributes>();
  attributes->axis = context.get_int("axis", 0);
  attributes->keepdims = context.get_int("keepdims", 1) != 0;
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<SplitAttributes>().axis, node.input_rank(0)));
}

void infer(InferContext& context) {
  if (context.input_rank(0) == 0) invalid_model("the input is a scalar, expected rank 1 or more");
  Dim count = context.input_dims(0)[axis_of(context)];
  if (context.has_input(1)) {
    if (context.input_rank(1) > 1) invalid_model("input split has rank ", context.input_rank(1), ", expected 0 or 1");
    count = context.input_rank(1) == 1 ? context.input_dims(1)[0] : Dim::unknown();
  }
  set_output_sequence(context, context.input_type(0), count);
}

struct State {
  KnownInput input;
  KnownInput split;  ///< a scalar where there is none
  Slices slices;
  bool has_split = false;
  bool drops_axis = false;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const auto& attributes = context.attributes<SplitAttributes>();
  state->input = KnownInput(context, 0);
  state->has_split = context.has_input(1);
  if (state->has_split) state->split = KnownInput(context, 1);
  state->drops_axis = !state->has_split && !attributes.keepdims;
  state->slices = Slices(state->input.shape, attributes.axis);
  return {state};
}

/// Of a list the size of a part; else that of all parts, of which the last may be smaller.
std::int64_t part_size(const State& state, const void* split, std::size_t part) {
  if (!state.has_split) return 1;
  return integer_at(state.split.type, split, state.split.shape.empty() ? 0 : part);
}

/// How many parts there are. Errors: kRuntimeFault for sizes that are none.
std::size_t count_parts(const State& state, const void* split) {
  if (state.split.shape.empty()) {
    const std::int64_t part = part_size(state, split, 0);
    if (part <= 0) fail(ErrorCode::kRuntimeFault, "split is ", part, ", expected a size above 0");
    return divide_up(state.slices.size, static_cast<std::size_t>(part));
  }
  const auto count = static_cast<std::size_t>(state.split.shape[0]);
  const auto size = static_cast<std::int64_t>(state.slices.size);
  std::int64_t left = size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t part = part_size(state, split, i);
    if (part < 0 || part > left)
      fail(ErrorCode::kRuntimeFault, "split[", i, "] is ", part, ", but ", left, " of ", size, " are left");
    left -= part;
  }
  if (left != 0) fail(ErrorCode::kRuntimeFault, "split adds up to ", size - left, ", but the dimension is ", size);
  return count;
}

/// So many slices from `first` on.
void copy_part(const State& state, const void* input, std::size_t first, std::size_t size, Held& part) {
  const Slices& slices = state.slices;
  const std::size_t row = size * slices.inner;  // elements that lie together
  Shape shape = slices.shape_of(size);
  if (state.drops_axis) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(slices.axis));
  if (state.input.type == DataType::kString) {
    const std::vector<std::string>& from = held(input).strings();
    std::vector<std::string>& to = part.make_strings(shape);
    for (std::size_t outer = 0; outer < slices.outer; ++outer) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>((outer * slices.size + first) * slices.inner);
      std::copy(begin, begin + static_cast<std::ptrdiff_t>(row), to.begin() + static_cast<std::ptrdiff_t>(outer * row));
    }
    return;
  }
  const std::size_t bytes = size_of(state.input.type);
  std::byte* const to = part.make(state.input.type, shape);
  if (part.bytes() == 0) return;
  for (std::size_t outer = 0; outer < slices.outer; ++outer) {
    std::memcpy(to + outer * row * bytes,
                static_cast<const std::byte*>(input) + (outer * slices.size + first) * slices.inner * bytes,
                row * bytes);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const void* const split = state.has_split ? args.inputs[1] : nullptr;
  Held& output = held(args.outputs[0]);
  std::vector<Held>& items = output.make_items(sequence_of(state.input.type), count_parts(state, split));
  std::size_t first = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    args.control.check();
    const std::size_t size = std::min(static_cast<std::size_t>(part_size(state, split, i)), state.slices.size - first);
    copy_part(state, args.inputs[0], first, size, items[i]);
    first += size;
  }
  output.check_budget();
}

constexpr InputDef kInputs[] = {{"input", kByteTypes | kStringType}, {"split", kIndexTypes, kMayBeLeftOut}};
constexpr OutputDef kOutputs[] = {{"output_sequence", kStoredTypes, kJudgesTypes}};

}  // namespace

void register_split_to_sequence(Registry& registry) {
  OpDef op;
  op.name = "SplitToSequence";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) { return sequence_of(node.input_type(0)); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
