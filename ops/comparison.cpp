// Less, LessOrEqual, Greater, GreaterOrEqual and Equal: C = A op B; And, Or and Xor: C = A op B of bools; all element
// by element, with NumPy's broadcasting; Not: Y = not X. C is bool, and false where an operand is NaN. A and B have the
// same type. Opsets 7 to newest (LessOrEqual and GreaterOrEqual: 12; Not: 1); all numeric types, for Equal bool too,
// are accepted at every opset. Deviation: Equal does not compare strings.
#include <functional>

#include "ops/broadcast_loops.hpp"
#include "ops/chunks.hpp"
#include "ops/element_types.hpp"
#include "ops/known_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.5;  // ns per element

/// Not every byte is a valid bool, so bools are read as bytes, of which each but 0 is true.
template <typename T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

struct State {
  std::size_t count = 0;
  DataType type = DataType::kUndefined;
  BroadcastLoops a, b;  ///< beside C
};

Prepared prepare(const PrepareContext& context) {
  const Shape c = context.output_shape(0);
  auto state = std::make_shared<State>();
  state->count = static_cast<std::size_t>(element_count(c));
  state->type = context.input_type(0);
  state->a = broadcast_loops(c, context.input_shape(0));
  state->b = broadcast_loops(c, context.input_shape(1));
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

template <typename T, typename Compare>
void compare_elements(const State& state, const RunArguments& args) {
  const auto* a_elements = static_cast<const Stored<T>*>(args.inputs[0]);
  const auto* b_elements = static_cast<const Stored<T>*>(args.inputs[1]);
  auto* c = static_cast<std::uint8_t*>(args.outputs[0]);
  const Compare compare{};
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      Stored<T> a_line[kLinedUp];
      Stored<T> b_line[kLinedUp];
      const Stored<T>* a = line_up(state.a, a_elements, first, count, a_line);
      const Stored<T>* b = line_up(state.b, b_elements, first, count, b_line);
      for (std::size_t i = 0; i < count; ++i) {
        c[first + i] = compare(static_cast<T>(a[i]), static_cast<T>(b[i])) ? 1 : 0;
      }
    });
  });
}

template <typename Compare>
void run_numbers(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_type(state.type, [&](auto tag) { compare_elements<typename decltype(tag)::type, Compare>(state, args); });
}

template <typename Compare>
void run_bools(const RunArguments& args) {
  compare_elements<bool, Compare>(*static_cast<const State*>(args.state), args);
}

/// Symbols are sizes: equal ones are equal numbers, and none is negative.
template <typename Compare>
Dim compared(DataType type, Dim a, Dim b) {
  const Compare compare{};
  if ((a.known() && !holds(type, a.value())) || (b.known() && !holds(type, b.value()))) return Dim::unknown();
  if (a.known() && b.known()) return compare(a.value(), b.value()) ? 1 : 0;
  if (a.same(b)) return compare(0, 0) ? 1 : 0;
  if (a.is_symbol() && b.known() && b.value() < 0) return compare(0, -1) ? 1 : 0;
  if (b.is_symbol() && a.known() && a.value() < 0) return compare(-1, 0) ? 1 : 0;
  return Dim::unknown();
}

void infer_types(InferContext& context, TypeSet types) {
  require_type(context, 0, "A", types);
  require_type_of_first(context, 1, "B", "A");
  context.set_output(0, DataType::kBool, broadcast(context.input_dims(0), context.input_dims(1)));
}

template <typename Compare>
void infer_comparison(InferContext& context, TypeSet types) {
  infer_types(context, types);
  const DataType type = context.input_type(0);
  if (!has_known_elements(type)) return;
  infer_known_elements(context,
                       [&](const Dims& operands) { return compared<Compare>(type, operands[0], operands[1]); });
}

template <typename Compare>
void infer_numbers(InferContext& context) {
  infer_comparison<Compare>(context, kNumericTypes);
}

template <typename Compare>
void infer_equal(InferContext& context) {
  infer_comparison<Compare>(context, kTensorTypes);
}

struct Xor {
  bool operator()(bool a, bool b) const { return a != b; }
};

template <typename Combine>
void infer_bools(InferContext& context) {
  infer_types(context, {DataType::kBool});
  infer_known_elements(context, [](const Dims& operands) -> Dim {
    // The result is known if it is the same for whatever an unknown operand may be.
    const auto may_be = [&](std::size_t operand, bool value) {
      return !operands[operand].known() || (operands[operand].value() != 0) == value;
    };
    bool possible[2] = {false, false};
    for (const bool a : {false, true}) {
      for (const bool b : {false, true}) {
        if (may_be(0, a) && may_be(1, b)) possible[Combine()(a, b) ? 1 : 0] = true;
      }
    }
    if (possible[0] && possible[1]) return Dim::unknown();
    return possible[1] ? 1 : 0;
  });
}

/// What all of them share.
OpDef two_operands(const char* name, int since_opset, void (*infer)(InferContext&), void (*run)(const RunArguments&)) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.min_inputs = op.max_inputs = 2;
  op.parse = parse_nothing;
  op.infer = infer;
  op.output_type = [](const NodeView&, std::size_t) { return DataType::kBool; };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.in_place_inputs = {0, 1};  // when their elements have one byte, as those of C
  return op;
}

template <typename Compare>
OpDef comparison(const char* name, int since_opset) {
  return two_operands(name, since_opset, infer_numbers<Compare>, run_numbers<Compare>);
}

template <typename Combine>
OpDef combination(const char* name) {
  OpDef op = two_operands(name, 7, infer_bools<Combine>, run_bools<Combine>);
  op.facts.commutative = true;
  return op;
}

void infer_not(InferContext& context) {
  infer_same_as_first(context, {DataType::kBool});
  infer_known_elements(context, [](const Dims& operands) -> Dim {
    return operands[0].known() ? Dim(operands[0].value() != 0 ? 0 : 1) : Dim::unknown();
  });
}

Prepared prepare_not(const PrepareContext& context) {
  auto state = std::make_shared<State>();
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  Prepared prepared;
  prepared.state = std::move(state);
  return prepared;
}

void run_not(const RunArguments& args) {
  const auto* x = static_cast<const std::uint8_t*>(args.inputs[0]);
  auto* y = static_cast<std::uint8_t*>(args.outputs[0]);
  for_chunks(args.control, static_cast<const State*>(args.state)->count, kChunk, kCost,
             [&](std::size_t first, std::size_t size) {
               for (std::size_t i = first; i < first + size; ++i) y[i] = x[i] == 0 ? 1 : 0;
             });
}

}  // namespace

void register_less(Registry& registry) { registry.add(comparison<std::less<>>("Less", 7)); }
void register_less_or_equal(Registry& registry) { registry.add(comparison<std::less_equal<>>("LessOrEqual", 12)); }
void register_greater(Registry& registry) { registry.add(comparison<std::greater<>>("Greater", 7)); }
void register_greater_or_equal(Registry& registry) {
  registry.add(comparison<std::greater_equal<>>("GreaterOrEqual", 12));
}

void register_equal(Registry& registry) {
  OpDef op = comparison<std::equal_to<>>("Equal", 7);
  op.infer = infer_equal<std::equal_to<>>;
  op.facts.commutative = true;
  registry.add(std::move(op));
}

void register_and(Registry& registry) { registry.add(combination<std::logical_and<>>("And")); }
void register_or(Registry& registry) { registry.add(combination<std::logical_or<>>("Or")); }
void register_xor(Registry& registry) { registry.add(combination<Xor>("Xor")); }

void register_not(Registry& registry) {
  OpDef op;
  op.name = "Not";
  op.parse = parse_nothing;
  op.infer = infer_not;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_not, run_not}};
  op.facts.in_place_inputs = {0};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
