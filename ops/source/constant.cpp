// Constant: output = the tensor of the one attribute that is given:
//   value (a tensor), and from opset 12 value_float and value_int (scalars of float32 and int64), value_floats and
//   value_ints (1-D), value_string (a scalar) and value_strings (1-D).
// No step runs: passes and compiler take the tensor itself (Attributes::constant_value). Opsets 1 to newest.
// Deviation: sparse_value (11) is not supported.
#include "ops/movement/copy.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

struct ConstantAttributes : Attributes {
  ConstantPtr value;
  ConstantPtr constant_value() const override { return value; }
};

constexpr const char* kForms[] = {"value",      "value_float",  "value_floats",  "value_int",
                                  "value_ints", "value_string", "value_strings", "sparse_value"};

/// The form that is given. Errors: kInvalidModel unless there is exactly one that this opset has.
std::string given_form(ParseContext& context) {
  std::string form;
  for (const char* candidate : kForms) {
    const std::string name = candidate;
    const int since = name == "value" ? 1 : name == "sparse_value" ? 11 : 12;
    if (context.opset() < since || !context.has(name)) continue;
    if (!form.empty()) invalid_model("attributes \"", form, "\" and \"", name, "\" are both given, expected one");
    form = name;
  }
  if (form.empty()) invalid_model("no attribute gives the value");
  return form;
}

ConstantPtr strings_constant(std::vector<std::string> strings, const Shape& shape) {
  const auto value = new_shared<Held>();
  value->make_strings(shape) = std::move(strings);
  return held_constant(value);
}

AttributesPtr parse_constant(ParseContext& context) {
  auto attributes = new_shared<ConstantAttributes>();
  const std::string form = given_form(context);
  if (form == "value") {
    attributes->value = context.get_tensor(form);
    const DataType type = attributes->value->type;
    if (!kStoredTypes.has(type) && type != DataType::kString)
      unsupported("attribute \"value\" is a tensor of ", type, ", which is not supported");
  } else if (form == "value_float") {
    const float value = context.get_float(form, 0);
    attributes->value = copy_constant(DataType::kFloat32, {}, &value);
  } else if (form == "value_floats") {
    const std::vector<float> values = *context.get_floats(form);
    attributes->value = copy_constant(DataType::kFloat32, {static_cast<std::int64_t>(values.size())}, values.data());
  } else if (form == "value_int") {
    attributes->value = make_int64_constant({context.get_int(form, 0)}, true);
  } else if (form == "value_ints") {
    attributes->value = make_int64_constant(*context.get_ints(form));
  } else if (form == "value_string") {
    attributes->value = strings_constant({context.get_string(form, "")}, {});
  } else if (form == "value_strings") {
    std::vector<std::string> strings = *context.get_strings(form);
    const Shape shape = {static_cast<std::int64_t>(strings.size())};
    attributes->value = strings_constant(std::move(strings), shape);
  } else {
    unsupported("attribute \"", form, "\" is not supported");
  }
  return attributes;
}

void infer_constant(InferContext& context) {
  const ConstantPtr& value = context.attributes<ConstantAttributes>().value;
  context.set_output(0, value->type, to_dims(value->shape));
  const bool integral = (kIntegerTypes | TypeSet{DataType::kBool}).has(value->type);
  if (!integral || value->count() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  context.set_output_elements(0, to_dims(integers_of(*value)));
}

Prepared prepare_constant(const PrepareContext& context) {
  return {context.attributes<ConstantAttributes>().value, 0, 0};
}

void run_constant(const RunArguments& args) {
  const auto& value = *static_cast<const Constant*>(args.state);
  copy_bytes(args.control, args.outputs[0], value.data, value.bytes);
}

constexpr OutputDef kOutputs[] = {{"output", kStoredTypes | kStringType}};

}  // namespace

void register_constant(Registry& registry) {
  OpDef op;
  op.name = "Constant";
  op.outputs = kOutputs;
  op.parse = parse_constant;
  op.infer = infer_constant;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_constant, run_constant}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
