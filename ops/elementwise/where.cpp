// Where: output = condition ? X : Y, element by element, with NumPy's broadcasting of all three. X and Y have the same
// type, the output too; condition is bool. Opsets 9 to newest; bfloat16 (from 16) is accepted at every opset.
// Deviation: strings are not supported.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.7;  // ns per element

Dim chosen(Dim condition, Dim x, Dim y) {
  if (condition.known()) return condition.value() != 0 ? x : y;
  return x.same(y) ? x : Dim::unknown();
}

void infer(InferContext& context) {
  require_type(context, 0, "condition", {DataType::kBool});
  require_tensor_type(context, 1, "X");
  const DataType type = context.input_type(1);
  if (context.input_type(2) != type) invalid_model("input Y is ", context.input_type(2), ", but X is ", type);
  context.set_output(0, type,
                     broadcast(broadcast(context.input_dims(0), context.input_dims(1)), context.input_dims(2)));
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [](const Dims& operands) { return chosen(operands[0], operands[1], operands[2]); });
}

struct State {
  std::size_t count = 0;
  std::size_t element_bytes = 0;
  BroadcastLoops condition, x, y;  ///< beside the output
};

Prepared prepare(const PrepareContext& context) {
  const Shape shape = context.output_shape(0);
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(shape));
  state->element_bytes = size_of(context.input_type(1));
  state->condition = broadcast_loops(shape, context.input_shape(0));
  state->x = broadcast_loops(shape, context.input_shape(1));
  state->y = broadcast_loops(shape, context.input_shape(2));
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

/// Without a branch, which conditions at random would mispredict: T is an unsigned integer.
template <typename T>
void choose_line(const std::uint8_t* condition, const T* x, const T* y, std::size_t count, T* output) {
  for (std::size_t i = 0; i < count; ++i) {
    const T mask = condition[i] != 0 ? static_cast<T>(~T{0}) : T{0};
    output[i] = static_cast<T>((x[i] & mask) | (y[i] & ~mask));
  }
}

template <typename T>
void choose(const State& state, const RunArguments& args) {
  const auto* conditions = static_cast<const std::uint8_t*>(args.inputs[0]);
  const auto* x_elements = static_cast<const T*>(args.inputs[1]);
  const auto* y_elements = static_cast<const T*>(args.inputs[2]);
  auto* output = static_cast<T*>(args.outputs[0]);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      std::uint8_t condition_line[kLinedUp];
      T x_line[kLinedUp];
      T y_line[kLinedUp];
      const std::uint8_t* condition = line_up(state.condition, conditions, first, count, condition_line);
      const T* x = line_up(state.x, x_elements, first, count, x_line);
      const T* y = line_up(state.y, y_elements, first, count, y_line);
      choose_line(condition, x, y, count, output + first);
    });
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_size(state.element_bytes, [&](auto tag) { choose<typename decltype(tag)::type>(state, args); });
}

}  // namespace

void register_where(Registry& registry) {
  OpDef op;
  op.name = "Where";
  op.since_opset = 9;
  op.min_inputs = op.max_inputs = 3;
  op.parse = parse_nothing;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) { return node.input_type(1); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.in_place_inputs = {1, 2, 0};
  op.facts.element_inputs = 0b110;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
