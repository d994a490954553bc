#include "runtime/graph.hpp"

#include "runtime/op.hpp"

namespace linnet::internal {

ValueId Graph::add_value(std::string name, Value value) {
  values.push_back(std::move(value));
  value_names.push_back(std::move(name));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string name, ConstantPtr constant) {
  Value value;
  value.type = type_of(*constant);
  value.constant = std::move(constant);
  return add_value(std::move(name), std::move(value));
}

TensorType type_of(const Constant& constant) { return {constant.type, true, to_dims(constant.shape)}; }

std::string describe(const Node& node) {
  std::string out = text(printable(node.op->name), " node");
  if (!node.name.empty()) out += text(" \"", printable(node.name), "\"");
  out +=
      text(" (", node.op->domain.empty() ? std::string() : printable(node.op->domain) + " ", "opset ", node.opset, ")");
  if (!node.layer.empty()) out += text(" of layer \"", printable(node.layer), "\"");
  return out;
}

std::string describe(const Dims& dims, const std::vector<std::string>& symbols) {
  std::string out = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) out += ',';
    if (dims[i].is_symbol() && dims[i].symbol_index() < symbols.size()) {
      out += printable(symbols[dims[i].symbol_index()]);
    } else {
      append(out, dims[i]);
    }
  }
  out += ']';
  return out;
}

}  // namespace linnet::internal
