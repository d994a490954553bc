#include "loaders/onnx/call_frame.hpp"

#include <algorithm>

#include "loaders/onnx/functions.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

const BoundAttribute* find(const std::vector<BoundAttribute>& attributes, std::string_view name) {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const auto& entry) { return entry.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace

std::optional<BoundAttribute> resolve(const CallFrame& frame, const AttributeProto& attribute, Span bytes) {
  if (attribute.ref_attr_name.empty()) return BoundAttribute{attribute.name, bytes, frame.file, frame.number};
  if (frame.function == nullptr) {
    invalid_model("attribute \"", printable(attribute.name), "\" refers to parameter \"",
                  printable(attribute.ref_attr_name), "\", but stands outside a function");
  }
  const BoundAttribute* parameter = find(frame.attributes, attribute.ref_attr_name);
  if (parameter == nullptr) return std::nullopt;
  const AttributeType type = type_of(read<AttributeProto>(parameter->bytes));
  if (attribute.type != AttributeType::kUndefined && attribute.type != type) {
    invalid_model("attribute \"", printable(attribute.name), "\" wants a parameter of type ", name_of(attribute.type),
                  ", but \"", printable(attribute.ref_attr_name), "\" is ", name_of(type));
  }
  return BoundAttribute{attribute.name, parameter->bytes, parameter->file, parameter->origin};
}

std::vector<BoundAttribute> bind_parameters(const CallFrame& caller, const NodeProto& call,
                                            const FunctionProto& function,
                                            const std::shared_ptr<const MappedFile>& function_file, bool is_onnx,
                                            std::vector<std::string>& passed_over) {
  std::vector<BoundAttribute> defaults;
  for (const Span bytes : function.attribute_protos) {
    // Written in the function, whose frame will be the next.
    defaults.push_back({read<AttributeProto>(bytes).name, bytes, function_file, caller.number + 1});
  }
  std::vector<BoundAttribute> bound;
  std::vector<std::string_view> names;
  for (const Span bytes : call.attributes) {
    const auto attribute = read<AttributeProto>(bytes);
    names.push_back(attribute.name);
    const bool known = std::find(function.attributes.begin(), function.attributes.end(), attribute.name) !=
                           function.attributes.end() ||
                       find(defaults, attribute.name) != nullptr;
    if (!known) {
      if (is_onnx && attribute.name[0] != '_')
        invalid_model(describe(function), " has no attribute \"", printable(attribute.name), "\"");
      passed_over.emplace_back(attribute.name);
      continue;
    }
    if (auto value = resolve(caller, attribute, bytes)) bound.push_back(std::move(*value));
  }
  check_unique(names);
  for (BoundAttribute& entry : defaults) {
    if (find(bound, entry.name) == nullptr) bound.push_back(std::move(entry));
  }
  return bound;
}

std::string resolved_node(const CallFrame& frame, const NodeProto& node) {
  std::string out;
  for (const std::string_view input : node.inputs) {
    const std::uint32_t* const id = frame.names.find(input);
    append_field(out, 1, {id != nullptr && *id == kNoValue ? std::string_view() : input});
  }
  for (const std::string_view output : node.outputs) append_field(out, 2, {output});
  append_field(out, 4, {node.op_type});
  append_field(out, 7, {node.domain});
  for (const Span bytes : node.attributes) {
    const auto value = resolve(frame, read<AttributeProto>(bytes), bytes);
    if (!value) continue;
    // Of a field given twice the last counts: the name at the end replaces the parameter's.
    std::string name;
    append_field(name, 1, {value->name});
    append_field(out, 5, {{value->bytes.data, value->bytes.size}, name});
  }
  return out;
}

std::string title(const CallFrame& frame) {
  return frame.function == nullptr ? "the model" : describe(*frame.function);
}

void check_unique(std::vector<std::string_view>& names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) invalid_model("attribute \"", printable(*twice), "\" is given twice");
}

}  // namespace linnet::internal::onnx
