// ScatterElements, and Scatter, as opsets 9 and 10 call it: output is data, but output[i..., indices[i..., j, k...],
// k...] is updates[i..., j, k...], with j along `axis` (in [-r,r), default 0), or by `reduction` its sum, product,
// larger or smaller one with what stands there (add, mul from opset 16, max, min from 18; larger and smaller ones are
// NaN where one of the two is). indices (int32, int64) and updates have one shape, of the rank r of data, 1 or more,
// and no longer than data but along `axis`; indices lie in [-size,size). Updates of one element are applied in
// row-major order of the indices: without a reduction the last one stays. Opsets 11 to newest; all types are accepted
// at every opset. 16-bit floats are rounded at each update. An index out of range is an error of the run.
#include "ops/movement/picked_elements.hpp"
#include "ops/movement/scatter_reduction.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/sized_elements.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTask = 16384;  // elements, where they can be split
constexpr double kCost = 2.0;         // ns per element

struct ScatterAttributes : AxisAttributes {
  ScatterReduction reduction;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ScatterAttributes>();
  attributes->axis = context.get_int("axis", 0);
  attributes->reduction = parse_scatter_reduction(context);
  return attributes;
}

const ScatterAttributes& attributes_of(const NodeView& node) { return node.attributes<ScatterAttributes>(); }

void infer(InferContext& context) {
  require_picked(context, attributes_of(context).axis);
  require_updates(context, attributes_of(context).reduction, context.input_dims(1), ", the shape of indices");
  context.set_output(0, context.input_dims(0));
}

struct State {
  PickedElements picked;
  bool copies;  ///< no reduction
  UpdateLine update;
  std::size_t element_bytes;
  std::size_t output_bytes;
};

Prepared prepare(const PrepareContext& context) {
  const ScatterAttributes& attributes = attributes_of(context);
  const DataType type = context.input_type(0);
  const Shape data = context.input_shape(0);
  const PickedElements picked(data, context.input_type(1), context.input_shape(1),
                              picked_axis(context, attributes.axis));
  const UpdateLine update(attributes.reduction, type);
  return {new_shared<State>(
              State{picked, !attributes.reduction.has_value(), update, size_of(type), byte_count(type, data)}),
          0, 0};
}

/// Calls scatter(first, size) for pieces of the indices, those of one part in order.
template <typename Scatter>
void for_parts(RunControl& control, const PickedElements& picked, const Scatter& scatter) {
  if (picked.count() == 0) return;
  const std::size_t parts = std::max<std::size_t>(1, kTask / picked.part());
  const std::size_t task_size = parts * picked.part();
  const double work = static_cast<double>(picked.count()) * kCost;
  control.parallel_for((picked.count() + task_size - 1) / task_size, work, [&](std::size_t task) {
    const std::size_t end = std::min(picked.count(), (task + 1) * task_size);
    for (std::size_t first = task * task_size; first < end; first += kTask) {
      if (control.abandon_if_stopped()) return;
      scatter(first, std::min(kTask, end - first));
    }
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const void* const indices = args.inputs[1];
  state.picked.check(args.control, indices);
  copy_bytes(args.control, args.outputs[0], args.inputs[0], state.output_bytes);
  if (state.copies) {
    return visit_size(state.element_bytes, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const auto* updates = static_cast<const T*>(args.inputs[2]);
      auto* output = static_cast<T*>(args.outputs[0]);
      for_parts(args.control, state.picked, [&](std::size_t first, std::size_t size) {
        state.picked.visit(indices, first, size,
                           [=](std::size_t position, std::size_t element) { output[element] = updates[position]; });
      });
    });
  }
  const auto* updates = static_cast<const std::byte*>(args.inputs[2]);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t bytes = state.element_bytes;
  for_parts(args.control, state.picked, [&](std::size_t first, std::size_t size) {
    state.picked.visit(indices, first, size, [&](std::size_t position, std::size_t element) {
      state.update(updates + position * bytes, 1, output + element * bytes);
    });
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  return wanted_picked(node, input, attributes_of(node).axis);
}

constexpr InputDef kInputs[] = {
    {"data", kByteTypes, kMoved},
    {"indices", kIndexTypes},
    {"updates", kByteTypes, kTypeOfFirst | kMoved},
};

OpDef scatter(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = kInputs;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.string_form = [](const NodeView& node) { return refuse_reduced_strings(node, attributes_of(node).reduction); };
  op.facts.wanted_elements = wanted_elements;
  return op;
}

}  // namespace

void register_scatter(Registry& registry) { registry.add(scatter("Scatter", 9)); }
void register_scatter_elements(Registry& registry) { registry.add(scatter("ScatterElements", 11)); }

}  // namespace linnet::internal
