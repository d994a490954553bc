#include "loaders/onnx/order_diagnosis.hpp"

#include "loaders/name_table.hpp"

namespace linnet::internal::onnx {
namespace {

std::string title(const NodeProto& node) {
  std::string out = text(printable(node.op_type), " node");
  if (!node.name.empty()) out += text(" \"", printable(node.name), "\"");
  return out;
}

/// Whether `target` is among the nodes that `start` needs, directly or through others.
bool depends_on(const std::vector<Span>& nodes, const NameTable& producers, std::uint32_t start, std::size_t target) {
  std::vector<bool> seen(nodes.size());
  std::vector<std::uint32_t> pending{start};
  seen[start] = true;
  NodeProto node;
  while (!pending.empty()) {
    const std::uint32_t current = pending.back();
    pending.pop_back();
    if (current == target) return true;
    node.clear();
    read(node, nodes[current]);
    for (const std::string_view input : node.inputs) {
      const std::uint32_t* producer = input.empty() ? nullptr : producers.find(input);
      if (producer == nullptr || seen[*producer]) continue;
      seen[*producer] = true;
      pending.push_back(*producer);
    }
  }
  return false;
}

}  // namespace

std::string diagnose_missing(const std::vector<Span>& nodes, std::size_t reader, std::string_view name) {
  const std::string reads = text("reads \"", printable(name), "\", which ");
  NameTable producers;
  NodeProto node;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    node.clear();
    read(node, nodes[i]);
    for (const std::string_view output : node.outputs) {
      if (!output.empty()) producers.insert(output, static_cast<std::uint32_t>(i));
    }
  }
  const std::uint32_t* producer = producers.find(name);
  if (producer == nullptr) return reads + "nothing produces";
  if (*producer == reader) return reads + "is its own output: the graph has a cycle";
  const auto later = read<NodeProto>(nodes[*producer]);
  if (depends_on(nodes, producers, *producer, reader)) {
    return text(reads, title(later), " produces from what this node makes: the graph has a cycle");
  }
  return text(reads, title(later), " produces later: nodes must stand in topological order");
}

}  // namespace linnet::internal::onnx
