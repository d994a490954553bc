// IsNaN and IsInf: Y says which elements of X are NaN, or infinite; of the infinities IsInf sees the negative one with
// detect_negative = 1 and the positive one with detect_positive = 1 (both are the default). Y is bool, of X's shape.
// IsNaN: opsets 9 to newest, IsInf: 10 to newest; all floating-point types that Linnet holds are accepted at every
// opset.
#include "ops/shared/chunks.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 32768;
constexpr double kCost = 0.4;      // ns per element
constexpr double kLineCost = 0.1;  // the same, in the cache

struct ClassAttributes : Attributes {
  bool nan = false;
  bool negative = false;  ///< infinities
  bool positive = false;
};

AttributesPtr parse_nan(ParseContext&) {
  auto attributes = new_shared<ClassAttributes>();
  attributes->nan = true;
  return attributes;
}

AttributesPtr parse_infinite(ParseContext& context) {
  auto attributes = new_shared<ClassAttributes>();
  attributes->negative = context.get_int("detect_negative", 1) != 0;
  attributes->positive = context.get_int("detect_positive", 1) != 0;
  return attributes;
}

void infer(InferContext& context) { context.set_output(0, context.input_dims(0)); }

/// An element belongs to the class where (bits & mask) - first <= further, as unsigned numbers of its size.
struct State {
  std::uint64_t mask = 0;
  std::uint64_t first = 1;
  std::uint64_t further = 0;
  std::size_t element_bytes = 0;
  std::size_t count = 0;
};

/// Bits of the positive infinity, the largest number but for the NaNs.
std::uint64_t infinity_of(DataType type) {
  switch (type) {
    case DataType::kFloat16:
      return 0x7C00;
    case DataType::kBfloat16:
      return 0x7F80;
    case DataType::kFloat32:
      return 0x7F800000;
    default:
      return 0x7FF0000000000000;
  }
}

template <typename Bits>
void classify(const Bits* x, std::size_t count, Bits mask, Bits first, Bits further, std::uint8_t* y) {
  for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<Bits>((x[i] & mask) - first) <= further ? 1 : 0;
}

void classify(const State& state, const void* x, std::size_t begin, std::size_t count, void* y) {
  visit_size(state.element_bytes, [&](auto tag) {
    using Bits = typename decltype(tag)::type;
    classify(static_cast<const Bits*>(x) + begin, count, static_cast<Bits>(state.mask), static_cast<Bits>(state.first),
             static_cast<Bits>(state.further), static_cast<std::uint8_t*>(y) + begin);
  });
}

void run_line(const LineArguments& args) {
  classify(*static_cast<const State*>(args.state), args.inputs[0], 0, args.count, args.y);
}

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<ClassAttributes>();
  auto state = new_shared<State>();
  state->element_bytes = size_of(context.input_type(0));
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  const std::uint64_t sign = std::uint64_t{1} << (8 * state->element_bytes - 1);
  const std::uint64_t infinity = infinity_of(context.input_type(0));
  if (attributes.nan) {
    state->mask = sign - 1;
    state->first = infinity + 1;
    state->further = sign - 1 - state->first;
  } else if (attributes.negative || attributes.positive) {
    state->mask = attributes.negative && attributes.positive ? sign - 1 : sign | (sign - 1);
    state->first = attributes.positive ? infinity : sign | infinity;
  }
  Prepared prepared;
  prepared.state = std::move(state);
  prepared.line_wise = {run_line, kLineCost, 0};
  return prepared;
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t begin, std::size_t size) {
    classify(state, args.inputs[0], begin, size, args.outputs[0]);
  });
}

constexpr OutputDef kOutputs[] = {{"Y", kBoolType}};

OpDef classification(const char* name, int since_opset) {
  OpDef op;
  op.name = name;
  op.since_opset = since_opset;
  op.inputs = kOneOfFloats;
  op.outputs = kOutputs;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.channels_last = same_in_any_layout;
  return op;
}

}  // namespace

void register_is_nan(Registry& registry) {
  OpDef op = classification("IsNaN", 9);
  op.parse = parse_nan;
  registry.add(std::move(op));
}

void register_is_inf(Registry& registry) {
  OpDef op = classification("IsInf", 10);
  op.parse = parse_infinite;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
