// BitCast: the bits of input under the type `to`, whose elements have as many bits. A view: nothing is converted.
// Opset 26 to newest; all types but strings.
#include "ops/movement/copy.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

struct BitCastAttributes : Attributes {
  DataType to = DataType::kUndefined;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<BitCastAttributes>();
  context.require_int("to");
  attributes->to = parse_element_type(context, "to", kStoredTypes);
  if (attributes->to == DataType::kUndefined) invalid_model("attribute \"to\" is 0, which is no element type");
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) { return node.attributes<BitCastAttributes>().to; }

void infer(InferContext& context) {
  const DataType from = context.input_type(0);
  const DataType to = output_type(context, 0);
  if (bits_of(from) != bits_of(to)) {
    invalid_model("input is ", from, " of ", bits_of(from), " bits, but `to` is ", to, " of ", bits_of(to));
  }
  context.set_output(0, to, context.input_dims(0));
}

/// For OpDef::string_form: there is none, and the handles of strings have no bits to be cast.
const char* refuse_strings(const NodeView& node) {
  if (node.input_type(0) == DataType::kString) unsupported("input is string, which is not supported");
  return nullptr;
}

constexpr InputDef kInputs[] = {{"input", kStoredTypes}};
constexpr OutputDef kOutputs[] = {{"output", kStoredTypes}};

}  // namespace

void register_bit_cast(Registry& registry) {
  OpDef op;
  op.name = "BitCast";
  op.since_opset = 26;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.string_form = refuse_strings;
  op.implementations = {copy_implementation()};
  op.facts.view_of = 0;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
