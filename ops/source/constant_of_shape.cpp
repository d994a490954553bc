// ConstantOfShape: a tensor whose dimensions are the elements of input (int64, 1-D; none: a scalar), each element being
// the one of the attribute `value` (default: float32 0). Opsets 9 to newest; bfloat16 (from 20) is accepted at every
// opset.
#include <algorithm>

#include "ops/shared/chunks.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 65536;
constexpr double kCost = 0.3;  // ns per element

struct ConstantOfShapeAttributes : Attributes {
  ConstantPtr value;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ConstantOfShapeAttributes>();
  attributes->value = context.get_tensor("value");
  if (attributes->value == nullptr) {
    const float zero = 0;
    attributes->value = copy_constant(DataType::kFloat32, {1}, &zero);
  }
  const DataType type = attributes->value->type;
  if (!kStoredTypes.has(type)) unsupported("attribute \"value\" is a tensor of ", type, ", which is not supported");
  const std::int64_t count = attributes->value->count();
  if (count != 1) invalid_model("attribute \"value\" has ", count, " elements, expected 1");
  return attributes;
}

void infer(InferContext& context) {
  const Dim rank = list_length(context, 0, "input");
  const Constant& value = *context.attributes<ConstantOfShapeAttributes>().value;
  std::optional<Dims> dims = context.input_elements(0);
  if (!dims) {
    set_output_of_rank(context, 0, value.type, rank);
    return;
  }
  check_rank(context, 0, static_cast<std::int64_t>(dims->size()));
  const Dim count = element_count(*dims);
  context.set_output(0, value.type, std::move(*dims));
  if (!has_known_elements(value.type) || !count.known()) return;
  if (count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  const Dim element = integers_of(value).front();
  context.set_output_elements(0, Dims(static_cast<std::size_t>(count.value()), element));
}

struct State {
  ConstantPtr value;
  std::size_t count = 0;       ///< elements, or bytes of a packed type
  std::uint8_t last_mask = 0;  ///< of a packed type: the bits that elements have in the last byte
};

/// The byte that holds the element of a packed type as often as it fits.
std::uint8_t repeated(const Constant& value) {
  const std::size_t bits = bits_of(value.type);
  unsigned byte = std::to_integer<unsigned>(*value.data) & ((1U << bits) - 1);
  for (std::size_t filled = bits; filled < 8; filled *= 2) byte |= byte << filled;
  return static_cast<std::uint8_t>(byte);
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->value = context.attributes<ConstantOfShapeAttributes>().value;
  state->count = static_cast<std::size_t>(element_count(context.output_shape(0)));
  if (kPackedTypes.has(state->value->type)) {
    const std::uint8_t byte = repeated(*state->value);
    const std::size_t per_byte = 8 / bits_of(state->value->type);
    const std::size_t in_last = (state->count + per_byte - 1) % per_byte + 1;
    state->last_mask = static_cast<std::uint8_t>(0xff >> (8 / per_byte * (per_byte - in_last)));
    state->count = byte_count(state->value->type, context.output_shape(0));
    state->value = copy_constant(DataType::kUint8, {1}, &byte);
  }
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_size(size_of(state.value->type), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T value = *state.value->as<T>();
    auto* output = static_cast<T*>(args.outputs[0]);
    for_chunks(args.control, state.count, kChunk, kCost,
               [&](std::size_t first, std::size_t size) { std::fill_n(output + first, size, value); });
  });
  if (state.last_mask != 0 && state.count > 0)
    static_cast<std::uint8_t*>(args.outputs[0])[state.count - 1] &= state.last_mask;
}

std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t) { return wanted_sizes(0, "a shape"); }

constexpr InputDef kInputs[] = {{"input", kInt64Type, kDecidesShapes}};
constexpr OutputDef kOutputs[] = {{"output", kStoredTypes}};

}  // namespace

void register_constant_of_shape(Registry& registry) {
  OpDef op;
  op.name = "ConstantOfShape";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = [](const NodeView& node, std::size_t) {
    return node.attributes<ConstantOfShapeAttributes>().value->type;
  };
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
