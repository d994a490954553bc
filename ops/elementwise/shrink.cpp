// Shrink: y = x + bias where x < -lambd, x - bias where x > lambd, else 0 (of NaN too), element by element. lambd is
// 0.5 and bias 0 where they are left out. X and Y have the same type and shape. Opsets 9 to newest; all numeric types
// and bfloat16. Floats are computed in double and rounded once; of integers the sum is cut towards zero, and to the
// type's range, as ONNX Runtime cuts it. Deviation: ONNX's definition cuts bias first, and refuses unsigned types.
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kCost = 2.0;  // ns per element

struct ShrinkAttributes : Attributes {
  double lambd = 0.5;
  double bias = 0;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ShrinkAttributes>();
  attributes->lambd = static_cast<double>(context.get_float("lambd", 0.5F));
  attributes->bias = static_cast<double>(context.get_float("bias", 0));
  return attributes;
}

struct State {
  double lambd, bias;
  DataType type;
  std::size_t count;
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ShrinkAttributes>();
  const auto count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  return {new_shared<State>(State{attributes.lambd, attributes.bias, context.input_type(0), count}), 0, 0};
}

/// Elements [first, first + count), at most kLinedUp. W is what the type's lines hold, Sum what holds x + bias.
template <typename W, typename Sum>
void shrink(const State& state, const RunArguments& args, std::size_t first, std::size_t count) {
  const auto lambd = static_cast<Sum>(state.lambd);
  const auto bias = static_cast<Sum>(state.bias);
  W line[kLinedUp];
  load_line(state.type, args.inputs[0], first, count, line);
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<Sum>(line[i]);
    const Sum y = x < -lambd ? x + bias : x > lambd ? x - bias : 0;
    if constexpr (std::is_integral_v<W>) {
      line[i] = cut(integer_range<W>(state.type), y);
    } else {
      line[i] = y;
    }
  }
  store_line(state.type, line, first, count, args.outputs[0]);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* const shrink_line = visit_line_type(state.type, [](auto tag) {
    using W = typename decltype(tag)::type;
    return &shrink<W, std::conditional_t<std::is_integral_v<W>, long double, double>>;
  });
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) { shrink_line(state, args, first, count); });
  });
}

}  // namespace

void register_shrink(Registry& registry) {
  OpDef op;
  op.name = "Shrink";
  op.since_opset = 9;
  op.inputs = kInputOfNumbers;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer_like_first;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
