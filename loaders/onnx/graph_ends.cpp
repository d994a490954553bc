#include "loaders/onnx/graph_ends.hpp"

namespace linnet::internal::onnx {

void add_inputs(const GraphEnds& ends, const GraphProto& proto) {
  for (const Span bytes : proto.inputs) {
    const auto info = read<ValueInfoProto>(bytes);
    if (info.name.empty()) invalid_model("a graph input at byte ", bytes.offset(), " has no name");
    Value value;
    try {
      value.type = declared_type(info.type, ends.symbols, ends.options);
      if (value.type.type == DataType::kUndefined) invalid_model("no element type is declared");
    } catch (const Error& error) {
      const std::string what = text("graph input \"", printable(info.name), "\"");
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what, ": ", error.what()));
      ends.unsupported.add_other(what, error.what());
      value.type = {};
    }
    const ValueId id = ends.graph.add_value(std::string(info.name), std::move(value));
    if (!ends.names.insert(info.name, id)) invalid_model("two graph inputs are named \"", printable(info.name), "\"");
    ends.graph.inputs.push_back(id);
  }
}

void add_initializers(const GraphEnds& ends, const GraphProto& proto, const TensorSource& source) {
  const auto declared_inputs = static_cast<ValueId>(ends.graph.values.size());
  for (const Span bytes : proto.initializers) {
    const auto tensor = read<TensorProto>(bytes);
    if (tensor.name.empty()) invalid_model("an initializer at byte ", bytes.offset(), " has no name");
    const auto what = [&] { return text("initializer \"", printable(tensor.name), "\""); };
    ConstantPtr constant;
    try {
      constant = read_tensor(tensor, source);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what(), ": ", error.what()));
      ends.unsupported.add_other(what(), error.what());
    }
    const std::uint32_t* known = ends.names.find(tensor.name);
    if (known == nullptr) {
      const ValueId id = constant != nullptr ? ends.graph.add_constant(std::string(tensor.name), std::move(constant))
                                             : ends.graph.add_value(std::string(tensor.name), {});
      ends.names.insert(tensor.name, id);
      continue;
    }
    Value& value = ends.graph.values[*known];
    if (*known >= declared_inputs || value.constant != nullptr)
      invalid_model("two initializers are named \"", printable(tensor.name), "\"");
    if (constant == nullptr) continue;
    TensorType type = type_of(*constant);
    if (const std::string wrong = contradiction(value.type, type, ends.graph.symbols); !wrong.empty()) {
      invalid_model(what(), " is also a graph input, which ", wrong);
    }
    value.type = std::move(type);
    value.constant = std::move(constant);
  }
  if (proto.sparse_initializers > 0) {
    ends.unsupported.add_other(text(proto.sparse_initializers, " sparse initializers"),
                               "sparse tensors are not supported");
  }

  std::vector<ValueId> inputs;
  for (const ValueId id : ends.graph.inputs) {
    if (ends.graph.values[id].constant != nullptr) continue;
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
    const auto what = [&] { return text("graph output \"", printable(info.name), "\""); };
    if (!seen.insert(info.name, 0)) invalid_model("two graph outputs are named \"", printable(info.name), "\"");
    const std::uint32_t* id = ends.names.find(info.name);
    if (id == nullptr) invalid_model(what(), " is never produced");
    ends.graph.outputs.push_back(*id);
    ends.graph.output_names.emplace_back(info.name);
    std::string wrong;
    try {
      wrong = contradiction(declared_type(info.type, ends.symbols, ends.options), ends.graph.values[*id].type,
                            ends.graph.symbols);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnsupported) throw Error(error.code(), text(what(), ": ", error.what()));
      ends.unsupported.add_other(what(), error.what());
    }
    if (!wrong.empty()) invalid_model(what(), " ", wrong);
  }
  if (ends.graph.outputs.empty()) invalid_model("the graph has no outputs");
}

}  // namespace linnet::internal::onnx
