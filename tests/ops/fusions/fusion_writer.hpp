// What tests of fusions share: models written node by node, and what became of their nodes.
#pragma once

#include <linnet/inspect.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/float16.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

/// How a spelling is written down.
struct Form {
  DataType type = DataType::kFloat32;
  Shape constants = {};  ///< the shape of constants
  bool nodes = false;    ///< constants are nodes, else initializers
  bool swapped = false;  ///< the operands of Add and Mul
  std::int64_t opset = 13;
};

/// Writes nodes that read "x" and each other.
class Writer {
 public:
  Writer(const Form& form, const std::vector<DimSpec>& dims, const char* input = "x") : form_(form) {
    model_.opset(form.opset).input(input, form.type, dims);
  }

  std::string operator()(const std::string& op, Names inputs, std::vector<Message> attributes = {}) {
    if (form_.swapped && (op == "Add" || op == "Mul")) std::swap(inputs[0], inputs[1]);
    std::string name = "v" + std::to_string(++count_);
    model_.node(op, inputs, {name}, std::move(attributes), "node " + name);
    return name;
  }
  std::string add(const std::string& a, const std::string& b) { return (*this)("Add", {a, b}); }
  std::string mul(const std::string& a, const std::string& b) { return (*this)("Mul", {a, b}); }
  std::string div(const std::string& a, const std::string& b) { return (*this)("Div", {a, b}); }

  /// A constant of the form's type and shape.
  std::string number(double value) { return constant(value, form_.constants); }
  std::string constant(double value, const Shape& shape) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    if (form_.type == DataType::kFloat64) return add_constant(tensor<double>(shape, std::vector<double>(count, value)));
    if (form_.type == DataType::kFloat16)
      return add_constant(tensor<internal::Float16>(
          shape, std::vector<internal::Float16>(count, static_cast<internal::Float16>(value))));
    return add_constant(tensor<float>(shape, std::vector<float>(count, static_cast<float>(value))));
  }
  std::string add_constant(const Message& tensor) {
    std::string name = "k" + std::to_string(++count_);
    if (form_.nodes) {
      model_.node("Constant", {}, {name}, {attribute("value", tensor)});
    } else {
      model_.initializer(name, tensor);
    }
    return name;
  }

  ModelWriter& model() { return model_; }
  std::string bytes(const std::string& result) {
    model_.output(result);
    return model_.bytes();
  }

 private:
  Form form_;
  ModelWriter model_ = test::model();
  int count_ = 0;
};

/// From -1 to 1, others for another `state`.
inline Tensor numbers(const Shape& shape, std::uint32_t state) {
  Tensor x = Tensor::of<float>(shape);
  for (std::size_t i = 0; i < x.count(); ++i) {
    state = state * 1664525U + 1013904223U;
    x.data<float>()[i] = static_cast<float>(state >> 8) * 0x1p-23F - 1;
  }
  return x;
}

inline Model load(const std::string& bytes, bool optimised, Backend backend = Backend::kAuto) {
  Options options;
  options.backend = backend;
  if (!optimised) options.disabled_passes = {"all"};
  return Model::load(bytes.data(), bytes.size(), options);
}

/// What the nodes are, first to last: "Mul Sigmoid".
inline std::string operators(const Model& model) {
  std::string list;
  for (const NodeSummary& node : summarize(model).nodes) list += (list.empty() ? "" : " ") + node.op;
  return list;
}

/// Fused nodes have the operators that they are made of beside them.
inline bool anything_fused(const Model& model) {
  for (const NodeSummary& node : summarize(model).nodes) {
    if (!node.fused.empty()) return true;
  }
  return false;
}

}  // namespace linnet::test
