// Mod: C = A mod B, element by element, with NumPy's broadcasting: what is left of A when whole multiples of B are
// taken away. fmod = 0, the default: with the sign of B, as Python's % has it; fmod = 1: with the sign of A, as C's
// fmod has it. Floats are computed in double and rounded once: NaN of an infinite A and of a B that is 0. A and B have
// the same type, C too. An integer B that is 0 is an error of the run. Opsets 10 to newest; bfloat16 (from 13) and
// floats with fmod = 0 (from 28) are accepted at every opset.
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/first_fault.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 8192;
constexpr double kCost = 6.0;  // ns per element

struct ModAttributes : Attributes {
  bool sign_of_a = false;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ModAttributes>();
  const std::int64_t fmod = context.get_int("fmod", 0);
  if (fmod != 0 && fmod != 1) invalid_model("fmod is ", fmod, ", expected 0 or 1");
  attributes->sign_of_a = fmod == 1;
  return attributes;
}

bool sign_of_a(const NodeView& node) { return node.attributes<ModAttributes>().sign_of_a; }

/// 0 where b is.
template <typename W>
W remainder(W a, W b, bool has_sign_of_a) {
  if constexpr (!std::is_integral_v<W>) {
    const W rest = std::fmod(a, b);
    if (has_sign_of_a) return rest;
    if (rest == 0) return std::copysign(rest, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<W>) {
      if (b == -1) return 0;  // the quotient may not fit
      const W rest = a % b;
      return !has_sign_of_a && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    return a % b;
  }
}

void infer(InferContext& context) {
  const DataType type = context.input_type(0);
  const bool has_sign_of_a = sign_of_a(context);
  context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1)));
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [&](const Dims& operands) -> Dim {
    const Dim a = operands[0], b = operands[1];
    if (!a.known() || !b.known() || b.value() == 0 || !holds(type, a.value()) || !holds(type, b.value())) return {};
    return remainder(a.value(), b.value(), has_sign_of_a);
  });
}

struct State {
  bool sign_of_a = false;
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
  BroadcastLoops a, b;  ///< beside C
};

Prepared prepare(const PrepareContext& context) {
  const Shape c = context.output_shape(0);
  auto state = new_shared<State>();
  state->sign_of_a = sign_of_a(context);
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(c));
  state->a = broadcast_loops(c, context.input_shape(0));
  state->b = broadcast_loops(c, context.input_shape(1));
  return {std::move(state), 0, 0};
}

/// Elements [first, first + count), at most kLinedUp.
template <typename W>
void compute(const State& state, const RunArguments& args, std::size_t first, std::size_t count, FirstFault& fault) {
  W a[kLinedUp];
  W b[kLinedUp];
  load_lined_up(state.a, state.type, args.inputs[0], first, count, a);
  load_lined_up(state.b, state.type, args.inputs[1], first, count, b);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::is_integral_v<W> && b[i] == 0) fault.note(first + i);
    a[i] = remainder(a[i], b[i], state.sign_of_a);
  }
  store_line(state.type, a, first, count, args.outputs[0]);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* const compute_line =
      visit_line_type(state.type, [](auto tag) { return &compute<typename decltype(tag)::type>; });
  FirstFault fault;
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size,
                 [&](std::size_t first, std::size_t count) { compute_line(state, args, first, count, fault); });
  });
  fail_if_divided_by_zero(fault);
}

}  // namespace

void register_mod(Registry& registry) {
  OpDef op;
  op.name = "Mod";
  op.since_opset = 10;
  op.inputs = kTwoOfNumbers;
  op.outputs = kCOverBoth;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.channels_last = same_in_any_layout;
  op.facts.wanted_elements = wanted_divisor;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
