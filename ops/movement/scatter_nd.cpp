// ScatterND: output is data, but the slice output[indices[i..., :]] is updates[i...], or by `reduction` its sum,
// product, larger or smaller one with what stands there (add, mul from opset 16, max, min from 18; larger and smaller
// ones are NaN where one of the two is). The tuples along the last axis of indices (int64) have a length q of 1 to r;
// updates has the shape of indices without its last dimension, then data's after q. Indices lie in [-size,size).
// Updates of one element are applied in the order of the tuples: without a reduction the last one stays. Opsets 11 to
// newest; all types are accepted at every opset. 16-bit floats are rounded at each update. An index out of range is an
// error of the run.
#include <algorithm>

#include "ops/movement/index_tuples.hpp"
#include "ops/movement/scatter_reduction.hpp"
#include "ops/shared/output_tables.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kSliceBytes = std::size_t{1}
                                    << 14;  // of a slice that one task updates; a multiple of any element
constexpr double kTupleCost = 4.0;          // ns
constexpr double kByteCost = 0.15;          // the same

struct ScatterNDAttributes : Attributes {
  ScatterReduction reduction;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ScatterNDAttributes>();
  attributes->reduction = parse_scatter_reduction(context);
  return attributes;
}

ScatterReduction reduction_of(const NodeView& node) { return node.attributes<ScatterNDAttributes>().reduction; }

void infer(InferContext& context) {
  const std::optional<std::size_t> length = tuple_length(context);
  const Dims& data = context.input_dims(0);
  Dims expected = context.input_dims(2);
  if (length) {
    expected.assign(context.input_dims(1).begin(), context.input_dims(1).end() - 1);
    expected.insert(expected.end(), data.begin() + static_cast<std::ptrdiff_t>(*length), data.end());
  }
  require_updates(context, reduction_of(context), expected);
  context.set_output(0, data);
}

struct State {
  IndexTuples tuples;
  UpdateLine update;
  std::size_t element_bytes = 1;
  std::size_t output_bytes = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const DataType type = context.input_type(0);
  const Shape data = context.input_shape(0);
  state->element_bytes = size_of(type);
  state->output_bytes = byte_count(type, data);
  state->update = UpdateLine(reduction_of(context), type);
  if (element_count(context.input_shape(2)) > 0) state->tuples = IndexTuples(type, data, context.input_shape(1));
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const IndexTuples& tuples = state.tuples;
  const auto* indices = static_cast<const std::int64_t*>(args.inputs[1]);
  const auto* updates = static_cast<const std::byte*>(args.inputs[2]);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  if (tuples.count() > 0) tuples.check(args.control, indices);
  copy_bytes(args.control, output, args.inputs[0], state.output_bytes);
  if (tuples.count() == 0) return;
  // Each task goes through all tuples in their order, with a part of every slice: so the order of updates is kept.
  const std::size_t bytes = tuples.slice_bytes();
  const std::size_t tasks = (bytes + kSliceBytes - 1) / kSliceBytes;
  const double work = static_cast<double>(tuples.count()) *
                      (static_cast<double>(tasks) * kTupleCost + static_cast<double>(bytes) * kByteCost);
  args.control.parallel_for(tasks, work, [&](std::size_t task) {
    constexpr std::size_t kBetweenLooks = 1024;
    const std::size_t begin = task * kSliceBytes;
    const std::size_t count = std::min(kSliceBytes, bytes - begin) / state.element_bytes;
    for (std::size_t i = 0; i < tuples.count(); ++i) {
      if (i % kBetweenLooks == 0 && args.control.abandon_if_stopped()) return;
      state.update(updates + i * bytes + begin, count, output + tuples.offset(indices, i) + begin);
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  return wanted_tuples(node, input);
}

constexpr InputDef kInputs[] = {
    {"data", kByteTypes, kMoved},
    {"indices", kInt64Type},
    {"updates", kByteTypes, kTypeOfFirst | kMoved},
};

}  // namespace

void register_scatter_nd(Registry& registry) {
  OpDef op;
  op.name = "ScatterND";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.string_form = [](const NodeView& node) { return refuse_reduced_strings(node, reduction_of(node)); };
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
