#include "loaders/onnx/graph_ends.hpp"

namespace linnet::internal::onnx {
namespace {

/// Names in Options::initializers to their places there. Errors: kInvalidArgument for an empty name or two of one name.
NameTable names_of_given(const Options& options) {
  NameTable names;
  names.reserve(options.initializers.size());
  for (std::uint32_t i = 0; i < options.initializers.size(); ++i) {
    const std::string& name = options.initializers[i].first;
    if (name.empty()) invalid_argument("a value is given for an initializer without a name");
    if (!names.insert(name, i)) invalid_argument("two values are given for the initializer \"", printable(name), "\"");
  }
  return names;
}

/// Requires: nothing but inputs, the first values, and initializers has been added. Errors: kInvalidArgument for a
/// value of Options::initializers whose name is no initializer's.
void check_given(const GraphEnds& ends, std::size_t declared_inputs) {
  for (const auto& [name, given] : ends.options.initializers) {
    const std::uint32_t* id = ends.names.find(name);
    if (id == nullptr || (*id < declared_inputs && ends.graph.values[*id].constant == nullptr))
      invalid_argument("a value is given for the initializer \"", printable(name), "\", which the model does not have");
  }
}

/// Adds one initializer, or what stands for one that cannot be held (`constant` is null, `reason` says why).
/// `initialized`: which of the declared inputs have one.
void add_initializer(const GraphEnds& ends, std::string_view name, const std::string& what, ConstantPtr constant,
                     const std::string& reason, std::vector<bool>& initialized) {
  const std::uint32_t* known = ends.names.find(name);
  if (known != nullptr) {
    if (*known >= initialized.size() || initialized[*known])
      invalid_model("two initializers are named \"", printable(name), "\"");
    initialized[*known] = true;
  }
  if (constant == nullptr) {
    const ValueId id = known != nullptr ? *known : ends.graph.add_value(std::string(name), {});
    if (known == nullptr) ends.names.insert(name, id);
    ends.unsupported.add_value({what, reason, {}, {}}, id);
    return;
  }
  if (known == nullptr) {
    ends.names.insert(name, ends.graph.add_constant(std::string(name), std::move(constant)));
    return;
  }
  Value& value = ends.graph.values[*known];
  TensorType type = type_of(*constant);
  check_declared(value.type, type, ends.graph.symbols, ends.options, what);
  value.type = std::move(type);
  value.constant = std::move(constant);
}

}  // namespace

void add_inputs(const GraphEnds& ends, const GraphProto& proto) {
  for (const Span bytes : proto.inputs) {
    const auto info = read<ValueInfoProto>(bytes);
    if (info.name.empty()) invalid_model("a graph input at byte ", bytes.offset(), " has no name");
    const std::string what = text("graph input \"", printable(info.name), "\"");
    Value value;
    std::string unsupported;
    try {
      value.type = declared_type(info.type, ends.symbols, ends.options, what);
      if (value.type.type == DataType::kUndefined) invalid_model("no element type is declared");
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what, ": ", error.what()));
      unsupported = error.what();
      value.type = {};
    }
    const ValueId id = ends.graph.add_value(std::string(info.name), std::move(value));
    if (!unsupported.empty()) ends.unsupported.add_value({what, unsupported, {}, {}}, id);
    if (!ends.names.insert(info.name, id)) invalid_model("two graph inputs are named \"", printable(info.name), "\"");
    ends.graph.inputs.push_back(id);
  }
}

void add_initializers(const GraphEnds& ends, const GraphProto& proto, const TensorSource& source) {
  std::vector<bool> initialized(ends.graph.values.size(), false);
  const NameTable given_values = names_of_given(ends.options);
  for (const Span bytes : proto.initializers) {
    source.stop.check();
    const auto tensor = read<TensorProto>(bytes);
    if (tensor.name.empty()) invalid_model("an initializer at byte ", bytes.offset(), " has no name");
    const std::string what = text("initializer \"", printable(tensor.name), "\"");
    ConstantPtr constant;
    std::string reason;
    try {
      const std::uint32_t* given = given_values.find(tensor.name);
      constant = given == nullptr ? read_tensor(tensor, source)
                                  : given_tensor(tensor, ends.options.initializers[*given].second);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what, ": ", error.what()));
      reason = error.what();
    }
    add_initializer(ends, tensor.name, what, std::move(constant), reason, initialized);
  }
  check_given(ends, initialized.size());
  for (const Span bytes : proto.sparse_initializers) {
    const auto values = read<TensorProto>(read<SparseTensorProto>(bytes).values);
    if (values.name.empty()) invalid_model("a sparse initializer at byte ", bytes.offset(), " has no name");
    add_initializer(ends, values.name, text("sparse initializer \"", printable(values.name), "\""), nullptr,
                    "sparse tensors are not supported", initialized);
  }

  std::vector<ValueId> inputs;
  for (const ValueId id : ends.graph.inputs) {
    if (initialized[id]) continue;
    inputs.push_back(id);
    ends.graph.input_names.push_back(ends.graph.value_names[id]);
  }
  ends.graph.inputs = std::move(inputs);
}

void add_outputs(const GraphEnds& ends, const GraphProto& proto) {
  NameTable seen;
  for (const Span bytes : proto.outputs) {
    const auto info = read<ValueInfoProto>(bytes);
    if (info.name.empty()) invalid_model("a graph output at byte ", bytes.offset(), " has no name");
    const std::string what = text("graph output \"", printable(info.name), "\"");
    if (!seen.insert(info.name, 0)) invalid_model("two graph outputs are named \"", printable(info.name), "\"");
    const std::uint32_t* id = ends.names.find(info.name);
    if (id == nullptr) invalid_model(what, " is never produced");
    ends.graph.outputs.push_back(*id);
    ends.graph.output_names.emplace_back(info.name);
    TensorType declared;
    try {
      declared = declared_type(info.type, ends.symbols, ends.options, what);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what, ": ", error.what()));
      ends.unsupported.add({what, error.what(), {}, {}});
    }
    check_declared(declared, ends.graph.values[*id].type, ends.graph.symbols, ends.options, what);
  }
  if (ends.graph.outputs.empty()) invalid_model("the graph has no outputs");
}

}  // namespace linnet::internal::onnx
