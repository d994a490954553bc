// SplitToSequence: cuts input along `axis` (in [-r,r), 0 by default) into a sequence of tensors. `split` (int32 or
// int64) says how: a scalar is the size of all parts, the last of which may be smaller; a list has the size of each.
// Without it the parts have size 1, and with keepdims = 0 they lose the axis. Opsets 11 to newest; types whose elements
// can be moved one by one, strings.
#include <algorithm>
#include <cstring>

#include "ops/sequence/sequences.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "runtime/data_type.hpp"

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
  if (context.input_type(0) != DataType::kString) require_tensor_type(context, 0, "input");
  if (context.input_rank(0) == 0) invalid_model("the input is a scalar, expected rank 1 or more");
  Dim count = context.input_dims(0)[axis_of(context)];
  if (context.has_input(1)) {
    require_index_type(context, 1, "split");
    if (context.input_rank(1) > 1) invalid_model("input split has rank ", context.input_rank(1), ", expected 0 or 1");
    count = context.input_rank(1) == 1 ? context.input_dims(1)[0] : Dim::unknown();
  }
  set_output_sequence(context, context.input_type(0), count);
}

struct State {
  KnownInput input;
  KnownInput split;
  bool has_split = false;
  bool drops_axis = false;
  std::size_t axis = 0;
  std::size_t outer = 1;  ///< product of the dimensions before the axis
  std::size_t inner = 1;  ///< likewise behind it
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->input = KnownInput(context, 0);
  state->has_split = context.has_input(1);
  if (state->has_split) state->split = KnownInput(context, 1);
  state->drops_axis = !state->has_split && !context.attributes<SplitAttributes>().keepdims;
  state->axis = axis_of(context);
  const Shape& shape = state->input.shape;
  const auto axis = shape.begin() + static_cast<std::ptrdiff_t>(state->axis);
  state->outer = static_cast<std::size_t>(element_count(Shape(shape.begin(), axis)));
  state->inner = static_cast<std::size_t>(element_count(Shape(axis + 1, shape.end())));
  return {state};
}

std::int64_t number_at(const KnownInput& list, const void* data, std::size_t index) {
  return list.type == DataType::kInt32 ? static_cast<const std::int32_t*>(data)[index]
                                       : static_cast<const std::int64_t*>(data)[index];
}

/// The sizes of the parts, one after the other.
std::vector<std::int64_t> sizes_of(const State& state, const void* split) {
  const std::int64_t size = state.input.shape[state.axis];
  std::vector<std::int64_t> sizes;
  if (state.has_split && !state.split.shape.empty()) {
    std::int64_t left = size;
    for (std::int64_t i = 0; i < state.split.shape[0]; ++i) {
      const std::int64_t part = number_at(state.split, split, static_cast<std::size_t>(i));
      if (part < 0 || part > left)
        fail(ErrorCode::kRuntimeFault, "split[", i, "] is ", part, ", but ", left, " of ", size, " are left");
      left -= part;
      sizes.push_back(part);
    }
    if (left != 0) fail(ErrorCode::kRuntimeFault, "split adds up to ", size - left, ", but the dimension is ", size);
    return sizes;
  }
  const std::int64_t part = state.has_split ? number_at(state.split, split, 0) : 1;
  if (part <= 0) fail(ErrorCode::kRuntimeFault, "split is ", part, ", expected a size above 0");
  for (std::int64_t first = 0; first < size; first += std::min(part, size - first))
    sizes.push_back(std::min(part, size - first));
  return sizes;
}

void copy_part(const State& state, const void* input, std::size_t first, std::size_t size, const Shape& shape,
               Held& part) {
  const auto along = static_cast<std::size_t>(state.input.shape[state.axis]);
  const std::size_t row = size * state.inner;  // elements that lie together
  if (state.input.type == DataType::kString) {
    const std::vector<std::string>& from = held(input).strings();
    std::vector<std::string>& to = part.make_strings(shape);
    for (std::size_t outer = 0; outer < state.outer; ++outer) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>((outer * along + first) * state.inner);
      std::copy(begin, begin + static_cast<std::ptrdiff_t>(row), to.begin() + static_cast<std::ptrdiff_t>(outer * row));
    }
    return;
  }
  const std::size_t bytes = size_of(state.input.type);
  std::byte* const to = part.make(state.input.type, shape);
  if (part.bytes() == 0) return;
  for (std::size_t outer = 0; outer < state.outer; ++outer) {
    std::memcpy(to + outer * row * bytes,
                static_cast<const std::byte*>(input) + (outer * along + first) * state.inner * bytes, row * bytes);
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::vector<std::int64_t> sizes = sizes_of(state, args.inputs[1]);
  Held& output = held(args.outputs[0]);
  std::vector<Held>& items = output.make_items(sequence_of(state.input.type), sizes.size());
  std::size_t first = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    args.control.check();
    Shape shape = state.input.shape;
    shape[state.axis] = sizes[i];
    if (state.drops_axis) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(state.axis));
    copy_part(state, args.inputs[0], first, static_cast<std::size_t>(sizes[i]), shape, items[i]);
    first += static_cast<std::size_t>(sizes[i]);
  }
  output.check_budget();
}

}  // namespace

void register_split_to_sequence(Registry& registry) {
  OpDef op;
  op.name = "SplitToSequence";
  op.since_opset = 11;
  op.max_inputs = 2;
  op.parse = parse;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) { return sequence_of(node.input_type(0)); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
