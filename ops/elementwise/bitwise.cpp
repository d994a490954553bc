// BitwiseAnd, BitwiseOr and BitwiseXor: C = A op B, bit by bit; BitShift: Z = X moved by Y bits, to the `direction`
// LEFT or RIGHT; all element by element, with NumPy's broadcasting; BitwiseNot: Y = X with every bit changed. Inputs
// and the result have the same integer type. A right shift fills up with the sign of a signed X. A shift by the type's
// width or more, and by a negative Y, leaves only what fills up: 0, or -1 of a negative X to the right. Opsets 18 to
// newest, BitShift 11 to newest; signed types of BitShift (from 28) are accepted at every opset.
#include "ops/elementwise/binary.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr InputDef kOneOfIntegers[] = {{"X", kIntegerTypes}};
constexpr InputDef kTwoOfIntegers[] = {{"A", kIntegerTypes}, {"B", kIntegerTypes, kTypeOfFirst}};
constexpr InputDef kShifted[] = {{"X", kIntegerTypes}, {"Y", kIntegerTypes, kTypeOfFirst}};
constexpr OutputDef kShiftedOutputs[] = {{"Z", TypeOf{0}, 0, over(0, 1)}};

void infer_pair(InferContext& context) {
  context.set_output(0, broadcast(context.input_dims(0), context.input_dims(1)));
}

template <Arithmetic kOperation>
OpDef bitwise(const char* name) {
  OpDef op;
  op.name = name;
  op.since_opset = 18;
  op.inputs = kTwoOfIntegers;
  op.outputs = kCOverBoth;
  op.parse = parse_nothing;
  op.infer = infer_pair;
  const auto prepare = [](const PrepareContext& context) { return prepare_arithmetic(context, kOperation); };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run_arithmetic}};
  op.facts = binary_facts();
  op.facts.commutative = true;
  return op;
}

struct ShiftAttributes : Attributes {
  bool left = false;
};

AttributesPtr parse_shift(ParseContext& context) {
  auto attributes = new_shared<ShiftAttributes>();
  const std::string direction = context.get_string("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    invalid_model("direction is \"", printable(direction), "\", expected \"LEFT\" or \"RIGHT\"");
  }
  attributes->left = direction == "LEFT";
  return attributes;
}

Prepared prepare_shift(const PrepareContext& context) {
  const bool left = context.attributes<ShiftAttributes>().left;
  return prepare_arithmetic(context, left ? Arithmetic::kShiftLeft : Arithmetic::kShiftRight);
}

struct NotState {
  std::size_t bytes;
};

Prepared prepare_not(const PrepareContext& context) {
  const std::size_t bytes = byte_count(context.input_type(0), context.input_shape(0));
  return {new_shared<NotState>(NotState{bytes}), 0, 0};
}

void invert(const std::uint8_t* x, std::size_t count, std::uint8_t* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<std::uint8_t>(~x[i]);
}

void run_not(const RunArguments& args) {
  constexpr std::size_t kChunk = 65536;
  constexpr double kCost = 0.1;  // ns per byte
  const auto* x = static_cast<const std::uint8_t*>(args.inputs[0]);
  auto* y = static_cast<std::uint8_t*>(args.outputs[0]);
  for_chunks(args.control, static_cast<const NotState*>(args.state)->bytes, kChunk, kCost,
             [&](std::size_t first, std::size_t size) { invert(x + first, size, y + first); });
}

}  // namespace

void register_bitwise_and(Registry& registry) { registry.add(bitwise<Arithmetic::kBitAnd>("BitwiseAnd")); }
void register_bitwise_or(Registry& registry) { registry.add(bitwise<Arithmetic::kBitOr>("BitwiseOr")); }
void register_bitwise_xor(Registry& registry) { registry.add(bitwise<Arithmetic::kBitXor>("BitwiseXor")); }

void register_bitwise_not(Registry& registry) {
  OpDef op;
  op.name = "BitwiseNot";
  op.since_opset = 18;
  op.inputs = kOneOfIntegers;
  op.outputs = kYOverFirst;
  op.parse = parse_nothing;
  op.infer = infer_like_first;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_not, run_not}};
  op.facts.channels_last = same_in_any_layout;
  registry.add(std::move(op));
}

void register_bit_shift(Registry& registry) {
  OpDef op;
  op.name = "BitShift";
  op.since_opset = 11;
  op.inputs = kShifted;
  op.outputs = kShiftedOutputs;
  op.parse = parse_shift;
  op.infer = infer_pair;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_shift, run_arithmetic}};
  op.facts = binary_facts();
  registry.add(std::move(op));
}

}  // namespace linnet::internal
