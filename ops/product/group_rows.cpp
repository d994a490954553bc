// GroupRows (of Linnet's own domain): which rows a product of groups takes, and where its results go. The elements of
// `groups` name groups below the first dimension of `of`, whose elements count for nothing.
//   order [elements]: the positions of the elements in `groups`, those of group 0 first; each group's in their order
//   places, of the shape of `groups`: where in `order` each element stands
//   ends [count of groups]: where in `order` each group ends
#include <algorithm>
#include <utility>

#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kGroups = 0, kOf = 1;
constexpr std::size_t kUnwatched = 1 << 16;  ///< elements between two looks at the stop

void infer(InferContext& context) {
  const Dims& groups = context.input_dims(kGroups);
  if (context.input_rank(kOf) == 0) invalid_model("input of is a scalar, expected rank 1 or more");
  context.set_output(0, {product_of(groups, 0, groups.size())});
  context.set_output(1, groups);
  context.set_output(2, {context.input_dims(kOf)[0]});
}

struct State {
  std::size_t elements = 0, groups = 0;
  bool has_output[3] = {};
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->elements = static_cast<std::size_t>(element_count(context.input_shape(kGroups)));
  state->groups = static_cast<std::size_t>(context.input_shape(kOf)[0]);
  for (std::size_t i = 0; i < 3; ++i) state->has_output[i] = context.has_output(i);
  // What the node leaves out is written to the workspace.
  const std::size_t numbers = 2 * state->elements + state->groups;
  return {std::move(state), numbers * sizeof(std::int64_t), 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto* const groups = static_cast<const std::int64_t*>(args.inputs[kGroups]);
  auto* room = static_cast<std::int64_t*>(args.workspace);
  std::int64_t* outputs[3];
  const std::size_t sizes[] = {state.elements, state.elements, state.groups};
  for (std::size_t i = 0; i < 3; ++i) {
    outputs[i] = state.has_output[i] ? static_cast<std::int64_t*>(args.outputs[i]) : room;
    room += sizes[i];
  }
  std::int64_t* const ends = outputs[2];
  std::fill_n(ends, state.groups, std::int64_t{0});
  for (std::size_t i = 0; i < state.elements; ++i) {
    if (i % kUnwatched == 0) args.control.check();
    const std::int64_t group = groups[i];
    if (group < 0 || static_cast<std::size_t>(group) >= state.groups) {
      fail(ErrorCode::kRuntimeFault, "element ", i, " is group ", group, ", expected 0 to ",
           static_cast<std::int64_t>(state.groups) - 1);
    }
    ++ends[group];
  }
  // Where each begins: every element that it gets moves that on, to the end at last.
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < state.groups; ++i) begin += std::exchange(ends[i], begin);
  for (std::size_t i = 0; i < state.elements; ++i) {
    if (i % kUnwatched == 0) args.control.check();
    const std::int64_t place = ends[groups[i]]++;
    outputs[1][i] = place;
    outputs[0][place] = static_cast<std::int64_t>(i);
  }
}

std::optional<WantedElements> wanted(const NodeView& node, std::size_t input) {
  if (input != kGroups || node.input_rank(kOf) == 0) return std::nullopt;
  return wanted_indices(node.input_dims(kOf)[0], "a group");
}

constexpr InputDef kInputs[] = {{"groups", {DataType::kInt64}}, {"of", kStoredTypes, kShapeOnly}};
constexpr OutputDef kOutputs[] = {{"order", {DataType::kInt64}, kMayBeLeftOut},
                                  {"places", {DataType::kInt64}, kMayBeLeftOut},
                                  {"ends", {DataType::kInt64}, kMayBeLeftOut}};

}  // namespace

void register_group_rows(Registry& registry) {
  OpDef op;
  op.name = "GroupRows";
  op.domain = kOwnDomain;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
