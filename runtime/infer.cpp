#include "runtime/infer.hpp"

#include <algorithm>
#include <limits>

namespace linnet::internal {
namespace {

std::string arity(std::size_t least, std::size_t most) {
  if (least == most) return text(least);
  if (most == kVariadic) return text("at least ", least);
  return text(least, " to ", most);
}

std::size_t count_given(const std::vector<ValueId>& ids) {
  std::size_t count = ids.size();
  while (count > 0 && ids[count - 1] == kNoValue) --count;
  return count;
}

using AttributeUse = ParseContext::Use;

/// What the operator's oldest and newest forms make of an attribute that this one does not have.
AttributeUse use_elsewhere(const OpDef& op, const std::vector<NamedAttribute>& attributes, std::size_t attribute,
                           std::size_t inputs, std::size_t outputs) {
  AttributeUse use = AttributeUse::kUnread;
  for (const int opset : {op.since_opset, std::numeric_limits<int>::max()}) {
    ParseContext context(opset, attributes, inputs, outputs);
    try {
      op.parse(context);
    } catch (const Error&) {  // the rest of the node is not of that form: what it asked for until then counts
    }
    use = std::max(use, context.use_of(attribute));
  }
  return use;
}

/// "int64", "int32 or int64", "one of float32, float64, ...".
std::string names_of(TypeSet types) {
  std::vector<const char*> names;
  for (int number = 1; number < 32; ++number) {
    const auto type = static_cast<DataType>(number);
    if (types.has(type)) names.push_back(type_name(type));
  }
  if (names.size() == 2) return text(names[0], " or ", names[1]);
  std::string list = names.size() > 2 ? "one of " : "";
  for (std::size_t i = 0; i < names.size(); ++i) list += text(i == 0 ? "" : ", ", names[i]);
  return list;
}

/// Where ONNX allows every type, what is left out is what Linnet does not take.
bool onnx_allows_any(TypeSet types) { return (types | kTensorTypes) == types; }

DataType output_type(const NodeView& node, std::size_t output) {
  const OpDef& op = *node.node().op;
  const OutputDef* const declared = op.outputs.of(output);
  const DataType type = declared == nullptr ? DataType::kUndefined : declared->type(node);
  return type == DataType::kUndefined && op.output_type != nullptr ? op.output_type(node, output) : type;
}

/// That `infer` keeps to what is declared.
void check_outputs(const NodeView& node) {
  const OutputTable& outputs = node.node().op->outputs;
  for (std::size_t i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    const DataType type = node.output(i).type;
    const OutputDef* const output = outputs.of(i);
    if (type != DataType::kUndefined && (output == nullptr || !output->may_be(type, node)))
      fail(ErrorCode::kInternal, "output ", outputs.name(i), " is ", type, ", which is not declared");
  }
}

}  // namespace

AttributesPtr parse_node(const OpDef& op, int opset, const std::vector<NamedAttribute>& attributes, std::size_t inputs,
                         std::size_t outputs, std::vector<std::string>* passed_over) {
  if (opset < op.since_opset) unsupported("the operator exists from opset ", op.since_opset);
  ParseContext context(opset, attributes, inputs, outputs);
  AttributesPtr parsed = op.parse(context);
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (context.use_of(i) != AttributeUse::kUnread) continue;
    const std::string& name = attributes[i].name;
    const AttributeUse use =
        name[0] == '_' ? AttributeUse::kDefault : use_elsewhere(op, attributes, i, inputs, outputs);
    if (use != AttributeUse::kDefault) {
      invalid_model("attribute \"", printable(name), "\" does not exist at opset ", opset,
                    use == AttributeUse::kRead ? "; it does at others, and its value is not the default there" : "");
    }
    if (passed_over != nullptr) passed_over->push_back(name);
  }
  return parsed;
}

void check_arity(const Node& node) {
  const OpDef& op = *node.op;
  const std::size_t inputs = count_given(node.inputs);
  const std::size_t outputs = count_given(node.outputs);
  if (inputs < op.inputs.least() || inputs > op.inputs.most()) {
    invalid_model(describe(node), ": ", inputs, " inputs, expected ", arity(op.inputs.least(), op.inputs.most()));
  }
  const std::size_t least = std::min<std::size_t>(op.outputs.least(), 1);  // what nobody reads may be missing
  if (outputs < least || outputs > op.outputs.most()) {
    invalid_model(describe(node), ": ", outputs, " outputs, expected ", arity(least, op.outputs.most()));
  }
}

void require_type(const NodeView& node, std::size_t input, const char* name, TypeSet allowed) {
  const DataType type = node.input_type(input);
  if (allowed.has(type)) return;
  if (!allowed.has(DataType::kString) && (!kStoredTypes.has(type) || onnx_allows_any(allowed)))
    unsupported("input ", name, " is ", type, ", which is not supported");
  invalid_model("input ", name, " is ", type, ", expected ", names_of(allowed));
}

void check_inputs(const NodeView& node) {
  const InputTable& inputs = node.node().op->inputs;
  const std::size_t count = std::max(node.node().own_inputs(), inputs.least());
  for (std::size_t i = 0; i < count; ++i) {
    const InputDef* input = inputs.of(i);
    if (input == nullptr) return;
    if (!node.has_input(i) && (input->uses & kMayBeLeftOut) == 0)
      invalid_model("input ", inputs.name(i), " is missing");
    if (node.input_type(i) == DataType::kUndefined || (input->uses & kJudgesTypes) != 0) continue;
    if ((input->uses & kTypeOfFirst) != 0 && i > 0 && node.input_type(0) != DataType::kUndefined) {
      if (node.input_type(i) == node.input_type(0)) continue;
      const char* first = *inputs.begin()->name == '\0' ? "input 0" : inputs.begin()->name;
      invalid_model("input ", inputs.name(i), " is ", node.input_type(i), ", but ", first, " is ", node.input_type(0));
    }
    if (!input->types.has(node.input_type(i))) require_type(node, i, inputs.name(i).c_str(), input->types);
  }
}

bool inputs_known(const NodeView& node) {
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    if (node.has_input(i) && !node.input(i).known()) return false;
  }
  return true;
}

void infer_node(const Node& node, std::vector<Value>& values, const Options& options,
                const std::vector<std::string>& symbols) {
  InferContext context(node, values, options);
  try {
    check_inputs(context);
    if (inputs_known(context)) {
      node.op->infer(context);
      check_outputs(context);
      return;
    }
  } catch (const Error& error) {
    throw with_node_and_inputs(node, values, symbols, error);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    context.set_output_unranked(i, output_type(context, i));
  }
}

Error with_node(const Node& node, const Error& error) {
  return {error.code(), text(describe(node), ": ", error.what())};
}

Error with_node_and_inputs(const Node& node, const std::vector<Value>& values, const std::vector<std::string>& symbols,
                           const Error& error) {
  constexpr std::size_t kShown = 8;
  std::string message = text(describe(node), ": ", error.what());
  message += " [inputs";
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    message += i == 0 ? " " : ", ";
    if (i == kShown) {
      message += text("and ", node.inputs.size() - kShown, " more");
      break;
    }
    if (node.inputs[i] == kNoValue) {
      message += "none";
    } else {
      const TensorType& type = values[node.inputs[i]].type;
      message += text(type.type, " ", type.ranked ? describe(type.dims, symbols) : "of unknown rank");
    }
  }
  message += "]";
  return {error.code(), message};
}

}  // namespace linnet::internal
