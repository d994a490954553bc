#include "loaders/onnx/node_order.hpp"

#include <algorithm>

#include "loaders/name_table.hpp"

namespace linnet::internal::onnx {
namespace {

std::string title(const NodeProto& node) {
  std::string out = text(printable(node.op_type), " node");
  if (!node.name.empty()) out += text(" \"", printable(node.name), "\"");
  return out;
}

/// Names to the nodes that make them.
NameTable producers_of(const std::vector<Span>& nodes) {
  NameTable producers;
  NodeProto node;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    node.clear();
    read(node, nodes[i]);
    for (const std::string_view output : node.outputs) {
      if (!output.empty()) producers.insert(output, static_cast<std::uint32_t>(i));
    }
  }
  return producers;
}

/// For every node, the nodes that it reads from.
class Dependencies {
 public:
  explicit Dependencies(const std::vector<Span>& nodes) {
    const NameTable producers = producers_of(nodes);
    NodeProto node;
    begin_.reserve(nodes.size() + 1);
    for (const Span bytes : nodes) {
      begin_.push_back(of_.size());
      node.clear();
      read(node, bytes);
      for (const std::string_view input : node.inputs) add(producers, input);
      if (node.attributes.empty()) continue;
      for (const std::string_view name : captured_names(bytes)) add(producers, name);
    }
    begin_.push_back(of_.size());
  }
  std::size_t begin(std::uint32_t node) const { return begin_[node]; }
  std::size_t end(std::uint32_t node) const { return begin_[node + 1]; }
  std::uint32_t operator[](std::size_t index) const { return of_[index]; }

 private:
  void add(const NameTable& producers, std::string_view name) {
    const std::uint32_t* producer = name.empty() ? nullptr : producers.find(name);
    if (producer != nullptr) of_.push_back(*producer);
  }
  std::vector<std::size_t> begin_;
  std::vector<std::uint32_t> of_;
};

/// `reader` reads from `producer`, which needs `reader`.
[[noreturn]] void refuse_cycle(const std::vector<Span>& nodes, std::uint32_t reader, std::uint32_t producer) {
  const auto node = read<NodeProto>(nodes[reader]);
  const auto other = read<NodeProto>(nodes[producer]);
  std::vector<std::string_view> names = node.inputs;
  const std::vector<std::string_view> captured = captured_names(nodes[reader]);
  names.insert(names.end(), captured.begin(), captured.end());
  const auto name = std::find_first_of(names.begin(), names.end(), other.outputs.begin(), other.outputs.end());
  invalid_model(title(node), " reads \"", name == names.end() ? std::string() : printable(*name), "\", which ",
                reader == producer ? "is its own output" : title(other) + " produces from what this node makes",
                ": the graph has a cycle");
}

}  // namespace

std::vector<std::uint32_t> sorted_order(const std::vector<Span>& nodes) {
  enum class State : std::uint8_t { kNew, kOnPath, kDone };
  struct Visit {
    std::uint32_t node;
    std::size_t next;  ///< of its dependencies
  };
  const Dependencies dependencies(nodes);
  std::vector<State> states(nodes.size(), State::kNew);
  std::vector<std::uint32_t> order;
  order.reserve(nodes.size());
  std::vector<Visit> path;
  const auto enter = [&](std::uint32_t node) {
    states[node] = State::kOnPath;
    path.push_back({node, dependencies.begin(node)});
  };
  for (std::uint32_t root = 0; root < nodes.size(); ++root) {
    if (states[root] == State::kNew) enter(root);
    while (!path.empty()) {
      Visit& visit = path.back();
      if (visit.next == dependencies.end(visit.node)) {
        states[visit.node] = State::kDone;
        order.push_back(visit.node);
        path.pop_back();
        continue;
      }
      const std::uint32_t needed = dependencies[visit.next++];
      if (states[needed] == State::kOnPath) refuse_cycle(nodes, visit.node, needed);
      if (states[needed] == State::kNew) enter(needed);
    }
  }
  return order;
}

}  // namespace linnet::internal::onnx
