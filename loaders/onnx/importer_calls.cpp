// Functions, written out in the place of the nodes that call them: the model's own, and ONNX's definitions of operators
// without a kernel.
#include "loaders/onnx/importer_impl.hpp"

#include <algorithm>
#include <utility>

#include "loaders/onnx/onnx_library.hpp"
#include "loaders/onnx/own_functions.hpp"

namespace linnet::internal::onnx {
namespace {

/// Domains whose operators ONNX itself may define through others.
constexpr std::string_view kOnnxDomains = "ai.onnx.";

}  // namespace

/// Of the current node's inputs: kUndefined for one left out or not known.
std::vector<TensorType> Importer::input_types() const {
  std::vector<TensorType> types;
  for (const ValueId input : inputs_) types.push_back(input == kNoValue ? TensorType{} : graph_.values[input].type);
  return types;
}

/// For an operator without a kernel: goes on with ONNX's own definition of it, if there is one.
void Importer::expand_or_refuse(CallFrame& frame, Span bytes, int opset) {
  const std::string_view domain = canonical_domain(proto_.domain);
  if (has_own_function(domain, proto_.op_type)) {
    call_own_function(frame, opset);
    return;
  }
  if (!domain.empty() && domain.substr(0, kOnnxDomains.size()) != kOnnxDomains) {
    refuse(frame, opset, "there is no such operator, and the model defines no function of this name");
    return;
  }
  const std::vector<TensorType> types = input_types();
  const std::string resolved = frame.function == nullptr ? std::string() : resolved_node(frame, proto_);
  const std::string_view node = frame.function == nullptr ? std::string_view(bytes.data, bytes.size) : resolved;
  const FunctionBody body = find_function_body(std::string(domain), std::string(proto_.op_type), opset, node, types);
  if (body.bytes == nullptr) {
    // Without the types of its inputs, which an unsupported node before it makes, this one cannot be judged.
    const bool unknown = std::any_of(inputs_.begin(), inputs_.end(), [&](ValueId input) {
      return input != kNoValue && graph_.values[input].type.type == DataType::kUndefined;
    });
    refuse(frame, opset, body.reason, unknown && body.needs_types ? unjudged_ : unsupported_);
    return;
  }
  const char* data = reinterpret_cast<const char*>(body.bytes->data());
  const auto function = new_shared<FunctionProto>();
  read(*function, Span{data, body.bytes->size(), data});
  begin_call(frame, *function, body.bytes, function);
}

/// For an operator that Linnet itself writes with others. Requires: attributes_ are read, with their values.
void Importer::call_own_function(CallFrame& frame, int opset) {
  // What a call around this one leaves out is left out here too.
  proto_.inputs.resize(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i] == kNoValue) proto_.inputs[i] = {};
  }
  std::vector<TensorType> types = input_types();
  types.resize(std::max(types.size(), kMostOwnInputs));
  std::string function;
  try {
    ParseContext attributes(opset, attributes_, inputs_.size(), proto_.outputs.size());
    function = own_function({proto_, attributes, attributes_, types});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) {
      throw Error(error.code(), text(describe_node(frame, opset), ": ", error.what()));
    }
    refuse(frame, opset, error.what());
    return;
  }
  const std::shared_ptr<const MappedFile> file = MappedFile::copy(function.data(), function.size());
  const char* data = reinterpret_cast<const char*>(file->data());
  const auto proto = new_shared<FunctionProto>();
  read(*proto, Span{data, file->size(), data});
  begin_call(frame, *proto, file, proto);
}

void Importer::begin_call(const CallFrame& caller, const FunctionProto& function,
                          const std::shared_ptr<const MappedFile>& file, std::shared_ptr<const FunctionProto> owned) {
  const std::size_t limit = options_.limits.nesting;
  if (limit != 0 && frames_.size() > limit) {
    fail(ErrorCode::kLimitExceeded, describe(function), " is called more than ", limit,
         " functions deep (Options::limits.nesting)");
  }
  const std::string call = describe_node(caller, caller.opsets.find(proto_.domain));
  if (inputs_.size() > function.inputs.size()) {
    invalid_model(call, ": ", inputs_.size(), " inputs, but ", describe(function), " has ", function.inputs.size());
  }
  if (proto_.outputs.size() > function.outputs.size()) {
    invalid_model(call, ": ", proto_.outputs.size(), " outputs, but ", describe(function), " has ",
                  function.outputs.size());
  }
  CallFrame frame;
  frame.number = frames_.size();
  frame.path = node_name(caller) + "/";
  frame.layer = layer(caller);
  frame.body_of = caller.body_of;
  frame.function = &function;
  frame.sees_local_functions = owned == nullptr;
  frame.owned_function = std::move(owned);
  frame.nodes = &function.nodes;
  frame.opsets = OpsetImports(function.opset_imports, describe(function));
  // ONNX's own definitions name the operators of ONNX's own domain without importing it; they mean the caller's.
  if (!frame.sees_local_functions && frame.opsets.find("") == 0) {
    const int opset = caller.opsets.find("");
    frame.opsets.add("", opset != 0 ? opset : kNewestOpset);
  }
  frame.file = file;
  try {
    node_passed_over_.clear();
    frame.attributes = bind_parameters(caller, proto_, function, file, !frame.sees_local_functions, node_passed_over_);
  } catch (const Error& error) {
    throw Error(error.code(), text(call, ": ", error.what()));
  }
  for (const std::string& name : node_passed_over_) {
    ++passed_over_[text(printable(proto_.op_type), ".", printable(name))];
  }
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    const bool inserted = !function.inputs[i].empty() &&
                          frame.names.insert(function.inputs[i], i < inputs_.size() ? inputs_[i] : kNoValue);
    if (!inserted)
      invalid_model(describe(function), " has input \"", printable(function.inputs[i]),
                    "\", which is empty or a repetition");
  }
  frame.results = proto_.outputs;
  frame.first_value = graph_.values.size();
  frames_.push_back(std::move(frame));
}

void Importer::finish_call() {
  const CallFrame done = std::move(frames_.back());
  frames_.pop_back();
  CallFrame& caller = frames_.back();
  for (std::size_t i = 0; i < done.results.size(); ++i) {
    if (done.results[i].empty()) continue;
    const std::string_view name = done.function->outputs[i];
    const std::uint32_t* id = name.empty() ? nullptr : done.names.find(name);
    if (id == nullptr || *id == kNoValue) {
      invalid_model(describe(*done.function), " never produces its output \"", printable(name), "\"");
    }
    if (*id >= done.first_value) graph_.value_names[*id] = value_name(caller, done.results[i]);
    bind_output(caller, done.results[i], *id);
  }
}

}  // namespace linnet::internal::onnx
