// Writes the graphs in attributes of If, Loop and Scan.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

/// GraphProto of a body; inputs and outputs declare no type unless one is given.
class GraphWriter {
 public:
  GraphWriter& input(std::string_view name) {
    graph_.message(11, Message().bytes(1, name));
    return *this;
  }
  GraphWriter& input(std::string_view name, DataType type, const std::vector<DimSpec>& dims) {
    graph_.message(11, value_info(name, type, dims));
    return *this;
  }
  GraphWriter& output(std::string_view name) {
    graph_.message(12, Message().bytes(1, name));
    return *this;
  }
  template <typename T>
  GraphWriter& initializer(std::string_view name, const Shape& shape, const std::vector<T>& values) {
    graph_.message(5, tensor<T>(shape, values).bytes(8, name));
    return *this;
  }
  GraphWriter& node(std::string op_type, Names inputs, Names outputs, std::vector<Message> attributes = {},
                    std::string name = {}) {
    const NodeSpec spec{
        std::move(op_type), std::move(inputs), std::move(outputs), std::move(attributes), std::move(name), {}, {}};
    graph_.message(1, spec.message());
    return *this;
  }
  /// An attribute that holds the graph.
  Message as(std::string_view attribute) const { return graph_attribute(attribute, graph_); }

 private:
  Message graph_ = Message().bytes(2, "body");
};

}  // namespace linnet::test
