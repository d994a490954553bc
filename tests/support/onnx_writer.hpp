// Writes ONNX models for tests: a protobuf wire-format writer of our own, and a fluent layer on top of it.
//
//   const std::string bytes = test::model()
//       .opset(13)
//       .input("x", DataType::kFloat32, {"batch", 100})
//       .initializer("w", test::tensor<float>({100, 64}, weights))
//       .node("Gemm", {"x", "w"}, {"h"}, {test::attribute("alpha", 0.5f), test::attribute("transB", 0)})
//       .node("Relu", {"h"}, {"y"})
//       .output("y", DataType::kFloat32, {"batch", 64})
//       .bytes();
//
// Nothing is checked: any broken model can be written too, if need be with Message field by field.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <linnet/linnet.hpp>

namespace linnet::test {

/// A protobuf message being written. Field numbers are those of onnx.proto.
class Message {
 public:
  /// A varint field (int32, int64, uint64, enum, bool).
  Message& varint(int field, std::uint64_t value) {
    tag(field, 0);
    return raw_varint(value);
  }
  Message& integer(int field, std::int64_t value) { return varint(field, static_cast<std::uint64_t>(value)); }
  Message& float32(int field, float value) {
    tag(field, 5);
    return raw(&value, sizeof value);
  }
  Message& float64(int field, double value) {
    tag(field, 1);
    return raw(&value, sizeof value);
  }
  /// A string, bytes or packed field.
  Message& bytes(int field, std::string_view value) {
    tag(field, 2);
    raw_varint(value.size());
    return raw(value.data(), value.size());
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }
  Message& packed(int field, const std::vector<std::int64_t>& values) {
    Message content;
    for (const std::int64_t value : values) content.raw_varint(static_cast<std::uint64_t>(value));
    return message(field, content);
  }

  /// The pieces themselves, for messages that are wrong on purpose.
  Message& tag(int field, int wire_type) {
    return raw_varint((static_cast<std::uint64_t>(field) << 3) | static_cast<std::uint64_t>(wire_type));
  }
  Message& raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
    return *this;
  }
  Message& raw(const void* data, std::size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(data), size);
    return *this;
  }
  Message& raw(std::string_view data) { return raw(data.data(), data.size()); }

  const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A dimension of a declared shape: a number, a name, or "" for an unknown one.
struct DimSpec {
  DimSpec(std::int64_t value) : is_number(true), number(value) {}
  DimSpec(int value) : is_number(true), number(value) {}
  DimSpec(const char* symbol) : name(symbol) {}
  DimSpec(std::string symbol) : name(std::move(symbol)) {}
  bool is_number = false;
  std::int64_t number = 0;
  std::string name;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  if constexpr (std::is_same_v<T, bool>) {
    std::string out;
    for (const bool value : values) out += value ? '\1' : '\0';
    return out;
  } else {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }
}

/// TensorProto without a value.
inline Message tensor_header(DataType type, const Shape& shape, std::string_view name = {}) {
  Message message;
  for (const std::int64_t dim : shape) message.integer(1, dim);
  message.varint(2, static_cast<std::uint64_t>(type));
  if (!name.empty()) message.bytes(8, name);
  return message;
}

/// TensorProto with raw_data.
inline Message raw_tensor(DataType type, const Shape& shape, std::string_view raw_data, std::string_view name = {}) {
  return tensor_header(type, shape, name).bytes(9, raw_data);
}
template <typename T>
Message tensor(const Shape& shape, const std::vector<T>& values, std::string_view name = {}) {
  return raw_tensor(data_type_of<T>(), shape, bytes_of(values), name);
}

/// TensorProto with external data.
using Entries = std::vector<std::pair<std::string, std::string>>;
inline Message external_tensor(DataType type, const Shape& shape, const Entries& entries, std::string_view name = {}) {
  Message message = tensor_header(type, shape, name);
  for (const auto& [key, value] : entries) message.message(13, Message().bytes(1, key).bytes(2, value));
  return message.varint(14, 1);
}

/// TensorShapeProto.
inline Message shape_proto(const std::vector<DimSpec>& dims) {
  Message shape;
  for (const DimSpec& dim : dims) {
    Message entry;
    if (dim.is_number) {
      entry.integer(1, dim.number);
    } else if (!dim.name.empty()) {
      entry.bytes(2, dim.name);
    }
    shape.message(1, entry);
  }
  return shape;
}

/// ValueInfoProto of a tensor; the second form leaves the rank open.
inline Message value_info(std::string_view name, DataType type, const std::vector<DimSpec>& dims) {
  const Message tensor_type = Message().varint(1, static_cast<std::uint64_t>(type)).message(2, shape_proto(dims));
  return Message().bytes(1, name).message(2, Message().message(1, tensor_type));
}
inline Message value_info(std::string_view name, DataType type) {
  return Message().bytes(1, name).message(2,
                                          Message().message(1, Message().varint(1, static_cast<std::uint64_t>(type))));
}

// AttributeProto. Fields: 1 name, 2 f, 3 i, 4 s, 5 t, 6 g, 7 floats, 8 ints, 9 strings, 20 type, 21 ref_attr_name.
inline Message attribute_header(std::string_view name, int type) { return Message().bytes(1, name).integer(20, type); }
inline Message attribute(std::string_view name, float value) { return attribute_header(name, 1).float32(2, value); }
inline Message attribute(std::string_view name, double value) { return attribute(name, static_cast<float>(value)); }
inline Message attribute(std::string_view name, std::int64_t value) {
  return attribute_header(name, 2).integer(3, value);
}
inline Message attribute(std::string_view name, int value) { return attribute(name, std::int64_t{value}); }
inline Message attribute(std::string_view name, const char* value) { return attribute_header(name, 3).bytes(4, value); }
inline Message attribute(std::string_view name, const Message& tensor) {
  return attribute_header(name, 4).message(5, tensor);
}
inline Message attribute(std::string_view name, const std::vector<float>& values) {
  return attribute_header(name, 6).bytes(7, bytes_of(values));
}
inline Message attribute(std::string_view name, const std::vector<std::int64_t>& values) {
  Message message = attribute_header(name, 7);
  for (const std::int64_t value : values) message.integer(8, value);
  return message;
}
inline Message attribute(std::string_view name, const std::vector<std::string>& values) {
  Message message = attribute_header(name, 8);
  for (const std::string& value : values) message.bytes(9, value);
  return message;
}
inline Message graph_attribute(std::string_view name, const Message& graph) {
  return attribute_header(name, 5).message(6, graph);
}
/// Stands for attribute `parameter` of the function around it. `type`: 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6
/// floats, 7 ints, 8 strings.
inline Message attribute_reference(std::string_view name, std::string_view parameter, int type) {
  return attribute_header(name, type).bytes(21, parameter);
}

using Names = std::vector<std::string>;

/// NodeProto. Fields: 1 input, 2 output, 3 name, 4 op_type, 5 attribute, 7 domain, 8 overload.
struct NodeSpec {
  std::string op_type;
  Names inputs;
  Names outputs;
  std::vector<Message> attributes;
  std::string name;
  std::string domain;
  std::string overload;

  Message message() const {
    Message node;
    for (const std::string& input : inputs) node.bytes(1, input);
    for (const std::string& output : outputs) node.bytes(2, output);
    if (!name.empty()) node.bytes(3, name);
    node.bytes(4, op_type);
    for (const Message& attribute : attributes) node.message(5, attribute);
    if (!domain.empty()) node.bytes(7, domain);
    if (!overload.empty()) node.bytes(8, overload);
    return node;
  }
};

/// FunctionProto. Fields: 1 name, 4 input, 5 output, 6 attribute, 7 node, 9 opset_import, 10 domain, 11
/// attribute_proto, 13 overload.
class FunctionWriter {
 public:
  FunctionWriter(std::string_view domain, std::string_view name, const Names& inputs, const Names& outputs) {
    message_.bytes(1, name).bytes(10, domain);
    for (const std::string& input : inputs) message_.bytes(4, input);
    for (const std::string& output : outputs) message_.bytes(5, output);
  }
  FunctionWriter& opset(std::int64_t version, std::string_view domain = {}) {
    message_.message(9, Message().bytes(1, domain).integer(2, version));
    return *this;
  }
  FunctionWriter& overload(std::string_view name) {
    message_.bytes(13, name);
    return *this;
  }
  FunctionWriter& parameter(std::string_view name) {
    message_.bytes(6, name);
    return *this;
  }
  FunctionWriter& default_parameter(const Message& attribute) {
    message_.message(11, attribute);
    return *this;
  }
  FunctionWriter& node(const NodeSpec& spec) {
    message_.message(7, spec.message());
    return *this;
  }
  FunctionWriter& node(std::string op_type, Names inputs, Names outputs, std::vector<Message> attributes = {}) {
    return node(NodeSpec{std::move(op_type), std::move(inputs), std::move(outputs), std::move(attributes), {}, {}, {}});
  }
  const Message& message() const { return message_; }

 private:
  Message message_;
};

/// ModelProto with its GraphProto. Fields of ModelProto: 1 ir_version, 2 producer_name, 7 graph, 8 opset_import, 25
/// functions; of GraphProto: 1 node, 2 name, 5 initializer, 11 input, 12 output, 13 value_info, 15 sparse_initializer.
class ModelWriter {
 public:
  ModelWriter() { graph_.bytes(2, "test"); }
  ModelWriter& ir_version(std::int64_t version) {
    ir_version_ = version;
    return *this;
  }
  /// Opset 17 of ONNX's own domain is imported when this is never called.
  ModelWriter& opset(std::int64_t version, std::string_view domain = {}) {
    has_opset_ = true;
    model_.message(8, Message().bytes(1, domain).integer(2, version));
    return *this;
  }
  ModelWriter& no_opset() {
    has_opset_ = true;
    return *this;
  }
  ModelWriter& producer(std::string_view name) {
    model_.bytes(2, name);
    return *this;
  }
  ModelWriter& input(std::string_view name, DataType type, const std::vector<DimSpec>& dims) {
    graph_.message(11, value_info(name, type, dims));
    return *this;
  }
  /// With an open rank.
  ModelWriter& input(std::string_view name, DataType type) {
    graph_.message(11, value_info(name, type));
    return *this;
  }
  ModelWriter& output(std::string_view name, DataType type, const std::vector<DimSpec>& dims) {
    graph_.message(12, value_info(name, type, dims));
    return *this;
  }
  ModelWriter& output(std::string_view name, DataType type) {
    graph_.message(12, value_info(name, type));
    return *this;
  }
  /// Without a declared type.
  ModelWriter& output(std::string_view name) {
    graph_.message(12, Message().bytes(1, name));
    return *this;
  }
  ModelWriter& initializer(std::string_view name, Message tensor) {
    graph_.message(5, tensor.bytes(8, name));
    return *this;
  }
  template <typename T>
  ModelWriter& initializer(std::string_view name, const Shape& shape, const std::vector<T>& values) {
    return initializer(name, tensor<T>(shape, values));
  }
  ModelWriter& node(const NodeSpec& spec) {
    graph_.message(1, spec.message());
    return *this;
  }
  ModelWriter& node(std::string op_type, Names inputs, Names outputs, std::vector<Message> attributes = {},
                    std::string name = {}, std::string domain = {}) {
    return node(NodeSpec{std::move(op_type),
                         std::move(inputs),
                         std::move(outputs),
                         std::move(attributes),
                         std::move(name),
                         std::move(domain),
                         {}});
  }
  ModelWriter& function(const FunctionWriter& function) {
    model_.message(25, function.message());
    return *this;
  }
  /// The messages under construction, for fields without a method here.
  Message& graph() { return graph_; }
  Message& model() { return model_; }

  /// The serialized ModelProto; without_graph leaves field 7 out.
  std::string bytes(bool without_graph = false) const {
    Message model;
    if (ir_version_ != 0) model.integer(1, ir_version_);
    model.raw(model_.str());
    if (!has_opset_) model.message(8, Message().bytes(1, "").integer(2, 17));
    if (!without_graph) model.message(7, graph_);
    return model.str();
  }

 private:
  std::int64_t ir_version_ = 8;
  bool has_opset_ = false;
  Message model_;
  Message graph_;
};

inline ModelWriter model() { return {}; }

}  // namespace linnet::test
