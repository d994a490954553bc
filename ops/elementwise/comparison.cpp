// Less, LessOrEqual, Greater, GreaterOrEqual and Equal: C = A op B; And, Or and Xor: C = A op B of bools; all element
// by element, with NumPy's broadcasting; Not: Y = not X. C is bool, and false where an operand is NaN. A and B have the
// same type. Opsets 7 to newest (LessOrEqual and GreaterOrEqual: 12; Not: 1); all numeric types, for Equal bool too,
// are accepted at every opset. Equal of strings is StringEqual (ops/text/).
#include <utility>

#include "ops/elementwise/arithmetic.hpp"
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/elementwise/comparison_lines.hpp"
#include "ops/kernels/select.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.5;      // ns per element
constexpr double kLineCost = 0.2;  // the same, in the cache

struct State {
  std::size_t count = 0;
  DataType type = DataType::kUndefined;
  bool widens = false;  ///< 16-bit floats are compared as float
  CompareLine line = nullptr;
  bool swapped = false;      ///< B is the line's a, and A its b
  std::uint8_t negated = 0;  ///< 1: C is the opposite of what the line says
  BroadcastLoops a, b;       ///< beside C
};

/// As compare_line_of.
using LineChooser = CompareLine (*)(Comparison op, DataType type);

/// Sets what is computed: a > b is b < a, and of integers a <= b is not b < a.
void choose_line(Comparison op, LineChooser choose, State& state) {
  const bool or_equal = op == Comparison::kLessOrEqual || op == Comparison::kGreaterOrEqual;
  state.swapped = op == Comparison::kGreater || op == Comparison::kGreaterOrEqual;
  if (state.swapped || or_equal) op = or_equal ? Comparison::kLessOrEqual : Comparison::kLess;
  if (or_equal && !kFloatTypes.has(state.type)) {
    op = Comparison::kLess;
    state.swapped = !state.swapped;
    state.negated = 1;
  }
  state.line = choose(op, state.type);
}

/// Of `count` elements, at most kLinedUp.
void compare(const State& state, const void* a, const void* b, std::size_t count, std::uint8_t* c) {
  if (state.swapped) std::swap(a, b);
  if (!state.widens) return state.line(a, b, count, state.negated, c);
  float a_floats[kLinedUp];
  float b_floats[kLinedUp];
  load_line(state.type, a, 0, count, a_floats);
  load_line(state.type, b, 0, count, b_floats);
  state.line(a_floats, b_floats, count, state.negated, c);
}

void run_line(const LineArguments& args) {
  compare(*static_cast<const State*>(args.state), args.inputs[0], args.inputs[1], args.count,
          static_cast<std::uint8_t*>(args.y));
}

/// Of float32, which is never negated.
template <kernels::CompareKind kKind>
void compare_kernel(const void* a, const void* b, std::size_t count, std::uint8_t /*negated*/, std::uint8_t* c) {
  kernels::compare(kKind, static_cast<const float*>(a), static_cast<const float*>(b), count, c);
}

CompareLine kernel_of(Comparison op, DataType) {
  switch (op) {
    case Comparison::kLess:
      return compare_kernel<kernels::CompareKind::kLess>;
    case Comparison::kLessOrEqual:
      return compare_kernel<kernels::CompareKind::kLessOrEqual>;
    default:
      return compare_kernel<kernels::CompareKind::kEqual>;
  }
}

Prepared prepare_with(const PrepareContext& context, Comparison op, LineChooser choose) {
  const Shape c = context.output_shape(0);
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(c));
  state->type = context.input_type(0);
  state->widens = computed_type(state->type) != state->type;
  choose_line(op, choose, *state);
  state->a = broadcast_loops(c, context.input_shape(0));
  state->b = broadcast_loops(c, context.input_shape(1));
  Prepared prepared;
  prepared.line_wise = {run_line, kLineCost, 0};
  prepared.state = std::move(state);
  return prepared;
}

template <Comparison kOp>
Prepared prepare(const PrepareContext& context) {
  return prepare_with(context, kOp, compare_line_of);
}

template <Comparison kOp>
Prepared prepare_simd(const PrepareContext& context) {
  return prepare_with(context, kOp, kernel_of);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::size_t bytes = size_of(state.type);
  auto* const c = static_cast<std::uint8_t*>(args.outputs[0]);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      LineBuffer a_line, b_line;
      const void* a = line_up(state.a, bytes, args.inputs[0], first, count, &a_line);
      const void* b = line_up(state.b, bytes, args.inputs[1], first, count, &b_line);
      compare(state, a, b, count, c + first);
    });
  });
}

/// Symbols are sizes: equal ones are equal numbers, and none is negative.
Dim compared(Comparison op, DataType type, Dim a, Dim b) {
  const auto result = [op](std::int64_t left, std::int64_t right) { return holds_between(op, left, right) ? 1 : 0; };
  if ((a.known() && !holds(type, a.value())) || (b.known() && !holds(type, b.value()))) return Dim::unknown();
  if (a.known() && b.known()) return result(a.value(), b.value());
  if (a.same(b)) return result(0, 0);
  if (a.is_symbol() && b.known() && b.value() < 0) return result(0, -1);
  if (b.is_symbol() && a.known() && a.value() < 0) return result(-1, 0);
  return Dim::unknown();
}

constexpr InputDef kEqual[] = {{"A", kTensorTypes}, {"B", kTensorTypes, kTypeOfFirst}};
constexpr InputDef kBools[] = {{"A", kBoolType}, {"B", kBoolType, kTypeOfFirst}};
constexpr InputDef kNotInputs[] = {{"X", kBoolType}};
constexpr OutputDef kOutputs[] = {
    {"C", kBoolType, 0, over(0, 1)}};  // where their elements have one byte, as those of C

void infer_pair(InferContext& context) {
  context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1)));
}

void infer_comparison(InferContext& context, Comparison op) {
  infer_pair(context);
  const DataType type = context.input_type(0);
  if (!has_known_elements(type)) return;
  infer_known_elements(context, [&](const Dims& operands) { return compared(op, type, operands[0], operands[1]); });
}

void infer_combination(InferContext& context, Comparison op) {
  infer_pair(context);
  infer_known_elements(context, [op](const Dims& operands) -> Dim {
    // The result is known if it is the same for whatever an unknown operand may be.
    const auto may_be = [&](std::size_t operand, int value) {
      return !operands[operand].known() || (operands[operand].value() != 0) == (value != 0);
    };
    bool possible[2] = {false, false};
    for (const int a : {0, 1}) {
      for (const int b : {0, 1}) {
        if (may_be(0, a) && may_be(1, b)) possible[holds_between(op, a, b) ? 1 : 0] = true;
      }
    }
    if (possible[0] && possible[1]) return Dim::unknown();
    return possible[1] ? 1 : 0;
  });
}

bool combines(Comparison op) { return op == Comparison::kAnd || op == Comparison::kOr || op == Comparison::kXor; }

template <Comparison kOp>
void infer(InferContext& context) {
  combines(kOp) ? infer_combination(context, kOp) : infer_comparison(context, kOp);
}

/// What all of them share.
OpDef comparison(Comparison kind, const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = combines(kind) ? InputTable(kBools) : InputTable(kind == Comparison::kEqual ? kEqual : kTwoOfNumbers);
  op.outputs = kOutputs;
  op.parse = parse_nothing;
  op.facts.channels_last = same_in_any_layout;
  op.facts.commutative = kind == Comparison::kEqual || combines(kind);
  return op;
}

const char* equal_strings(const NodeView& node) {
  return node.input_type(0) == DataType::kString ? "StringEqual" : nullptr;
}

template <Comparison kOp>
void add(Registry& registry, const char* name, int since_opset = 7,
         const char* (*string_form)(const NodeView&) = nullptr) {
  OpDef op = comparison(kOp, name, since_opset);
  op.string_form = string_form;
  op.infer = infer<kOp>;
  if (!combines(kOp)) op.implementations = {{"simd", Backend::kSimd, accepts_float32, prepare_simd<kOp>, run}};
  op.implementations.push_back({"reference", Backend::kReference, nullptr, prepare<kOp>, run});
  registry.add(std::move(op));
}

void infer_not(InferContext& context) {
  infer_like_first(context);
  infer_known_elements(context, [](const Dims& operands) -> Dim {
    return operands[0].known() ? Dim(operands[0].value() != 0 ? 0 : 1) : Dim::unknown();
  });
}

void run_not_line(const LineArguments& args) {
  not_line(static_cast<const std::uint8_t*>(args.inputs[0]), args.count, static_cast<std::uint8_t*>(args.y));
}

Prepared prepare_not(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  Prepared prepared;
  prepared.line_wise = {run_not_line, kLineCost, 0};
  prepared.state = std::move(state);
  return prepared;
}

void run_not(const RunArguments& args) {
  const auto* x = static_cast<const std::uint8_t*>(args.inputs[0]);
  auto* y = static_cast<std::uint8_t*>(args.outputs[0]);
  for_chunks(args.control, static_cast<const State*>(args.state)->count, kChunk, kCost,
             [&](std::size_t first, std::size_t size) { not_line(x + first, size, y + first); });
}

}  // namespace

void register_less(Registry& registry) { add<Comparison::kLess>(registry, "Less"); }
void register_less_or_equal(Registry& registry) { add<Comparison::kLessOrEqual>(registry, "LessOrEqual", 12); }
void register_greater(Registry& registry) { add<Comparison::kGreater>(registry, "Greater"); }
void register_greater_or_equal(Registry& registry) { add<Comparison::kGreaterOrEqual>(registry, "GreaterOrEqual", 12); }
void register_equal(Registry& registry) { add<Comparison::kEqual>(registry, "Equal", 7, equal_strings); }
void register_and(Registry& registry) { add<Comparison::kAnd>(registry, "And"); }
void register_or(Registry& registry) { add<Comparison::kOr>(registry, "Or"); }
void register_xor(Registry& registry) { add<Comparison::kXor>(registry, "Xor"); }

void register_not(Registry& registry) {
  OpDef op;
  op.name = "Not";
  op.inputs = kNotInputs;
  op.outputs = kYOverFirst;
  op.parse = parse_nothing;
  op.infer = infer_not;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_not, run_not}};
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
