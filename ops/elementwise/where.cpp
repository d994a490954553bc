// Where: output = condition ? X : Y, element by element, with NumPy's broadcasting of all three. X and Y have the same
// type, the output too; condition is bool. Opsets 9 to newest; bfloat16 (from 16) is accepted at every opset.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/select.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.7;      // ns per element
constexpr double kLineCost = 0.2;  // the same, in the cache

Dim chosen(Dim condition, Dim x, Dim y) {
  if (condition.known()) return condition.value() != 0 ? x : y;
  return x.same(y) ? x : Dim::unknown();
}

void infer(InferContext& context) {
  const DataType type = context.input_type(1);
  if (context.input_type(2) != type) invalid_model("input Y is ", context.input_type(2), ", but X is ", type);
  context.set_output(0, broadcast(broadcast(context.input_dims(0), context.input_dims(1)), context.input_dims(2)));
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [](const Dims& operands) { return chosen(operands[0], operands[1], operands[2]); });
}

/// Makes `count` elements of the output, which may lie in x or y.
using ChooseLine = void (*)(const void* condition, const void* x, const void* y, std::size_t count, void* output);

/// Without a branch, which conditions at random would mispredict: T is an unsigned integer.
template <typename T>
void choose_line(const void* conditions, const void* x_elements, const void* y_elements, std::size_t count,
                 void* outputs) {
  const auto* condition = static_cast<const std::uint8_t*>(conditions);
  const auto* x = static_cast<const T*>(x_elements);
  const auto* y = static_cast<const T*>(y_elements);
  auto* output = static_cast<T*>(outputs);
  for (std::size_t i = 0; i < count; ++i) {
    const T mask = condition[i] != 0 ? static_cast<T>(~T{0}) : T{0};
    output[i] = static_cast<T>((x[i] & mask) | (y[i] & ~mask));
  }
}

void choose_words(const void* condition, const void* x, const void* y, std::size_t count, void* output) {
  kernels::select(static_cast<const std::uint8_t*>(condition), static_cast<const std::uint32_t*>(x),
                  static_cast<const std::uint32_t*>(y), count, static_cast<std::uint32_t*>(output));
}

struct State {
  ChooseLine line = nullptr;
  std::size_t count = 0;
  std::size_t element_bytes = 0;
  BroadcastLoops condition, x, y;  ///< beside the output
};

void run_line(const LineArguments& args) {
  static_cast<const State*>(args.state)->line(args.inputs[0], args.inputs[1], args.inputs[2], args.count, args.y);
}

Prepared prepare_with(const PrepareContext& context, ChooseLine line) {
  const Shape shape = context.output_shape(0);
  auto state = new_shared<State>();
  state->line = line;
  state->count = static_cast<std::size_t>(element_count(shape));
  state->element_bytes = size_of(context.input_type(1));
  state->condition = broadcast_loops(shape, context.input_shape(0));
  state->x = broadcast_loops(shape, context.input_shape(1));
  state->y = broadcast_loops(shape, context.input_shape(2));
  Prepared prepared;
  prepared.state = std::move(state);
  prepared.line_wise = {run_line, kLineCost, 0};
  return prepared;
}

std::string accepts_words(const NodeView& node) {
  return size_of(node.input_type(1)) == sizeof(std::uint32_t) ? "" : "only elements of 4 bytes";
}

Prepared prepare_words(const PrepareContext& context) { return prepare_with(context, choose_words); }

Prepared prepare(const PrepareContext& context) {
  return prepare_with(context, visit_size(size_of(context.input_type(1)), [](auto tag) -> ChooseLine {
                        return choose_line<typename decltype(tag)::type>;
                      }));
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* const output = static_cast<std::byte*>(args.outputs[0]);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      LineBuffer condition_line, x_line, y_line;
      const void* condition = line_up(state.condition, 1, args.inputs[0], first, count, &condition_line);
      const void* x = line_up(state.x, state.element_bytes, args.inputs[1], first, count, &x_line);
      const void* y = line_up(state.y, state.element_bytes, args.inputs[2], first, count, &y_line);
      state.line(condition, x, y, count, output + first * state.element_bytes);
    });
  });
}

constexpr InputDef kInputs[] = {
    {"condition", kBoolType},
    {"X", kByteTypes, kMoved},
    {"Y", kByteTypes, kJudgesTypes | kMoved},
};
constexpr OutputDef kOutputs[] = {{"output", TypeOf{1}, 0, over(0, 1, 2)}};

}  // namespace

void register_where(Registry& registry) {
  OpDef op;
  op.name = "Where";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.infer = infer;
  op.implementations = {{"simd", Backend::kSimd, accepts_words, prepare_words, run},
                        {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
