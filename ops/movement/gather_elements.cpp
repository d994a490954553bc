// GatherElements: output[i..., j, k...] = data[i..., indices[i..., j, k...], k...], with j along `axis` (in [-r,r),
// default 0). indices (int32, int64) has the rank r of data, 1 or more, and no longer dimensions but along `axis`; its
// elements lie in [-size,size). The output has its shape. Opsets 11 to newest; all types are accepted at every opset.
// An index out of range is an error of the run.
#include "ops/movement/picked_elements.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 1.5;  // ns per element

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<AxisAttributes>();
  attributes->axis = context.get_int("axis", 0);
  return attributes;
}

std::int64_t axis_of(const NodeView& node) { return node.attributes<AxisAttributes>().axis; }

void infer(InferContext& context) {
  require_picked(context, axis_of(context));
  context.set_output(0, context.input_dims(1));
}

struct State {
  PickedElements picked;
  std::size_t element_bytes;
};

Prepared prepare(const PrepareContext& context) {
  const PickedElements picked(context.input_shape(0), context.input_type(1), context.input_shape(1),
                              picked_axis(context, axis_of(context)));
  return {new_shared<State>(State{picked, size_of(context.input_type(0))}), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const void* const indices = args.inputs[1];
  state.picked.check(args.control, indices);
  visit_size(state.element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* data = static_cast<const T*>(args.inputs[0]);
    auto* output = static_cast<T*>(args.outputs[0]);
    for_chunks(args.control, state.picked.count(), kChunk, kCost, [&](std::size_t first, std::size_t size) {
      state.picked.visit(indices, first, size,
                         [=](std::size_t position, std::size_t element) { output[position] = data[element]; });
    });
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  return wanted_picked(node, input, axis_of(node));
}

constexpr InputDef kInputs[] = {{"data", kByteTypes, kMoved}, {"indices", kIndexTypes}};

}  // namespace

void register_gather_elements(Registry& registry) {
  OpDef op;
  op.name = "GatherElements";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
