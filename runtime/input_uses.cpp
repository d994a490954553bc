#include "runtime/input_uses.hpp"

#include <linnet/inspect.hpp>

#include <algorithm>

#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

/// Both readers' wishes. Where they contradict each other, the first stands: the run will say what is wrong.
void merge(InputUse& use, const InputUse& other) {
  if (other.reason.empty()) return;
  WantedElements& wanted = use.wanted;
  const std::int64_t low = std::max(wanted.low, other.wanted.low);
  const std::int64_t high = std::min(wanted.high, other.wanted.high);
  if (low <= high) {
    wanted.low = low;
    wanted.high = high;
  }
  if (wanted.elements.empty()) wanted.elements = other.wanted.elements;
  const bool says_more = wanted.meaning == ElementMeaning::kNumbers && other.wanted.meaning != ElementMeaning::kNumbers;
  if (!use.reason.empty() && !says_more) return;
  wanted.meaning = other.wanted.meaning;
  use.reason = other.reason;
}

/// What those who read the outputs want of the elements of this input, which the node only hands on.
InputUse handed_on(const NodeView& node, std::size_t input, const std::vector<InputUse>& uses) {
  InputUse all;
  for (std::size_t output = 0; output < node.output_count(); ++output) {
    if (!node.has_output(output)) continue;
    InputUse use = uses[node.node().outputs[output]];
    const TensorType& to = node.output(output);
    const bool one_row = to.ranked && to.dims.size() <= 1;
    const bool in_order = node.node().op->facts.view_of == static_cast<int>(input) || one_row;
    if (!in_order || !to.known() || !element_count(to.dims).same(element_count(node.input_dims(input))))
      use.wanted.elements.clear();
    merge(all, use);
  }
  return all;
}

void collect(const NodeView& node, std::vector<InputUse>& uses) {
  const OpFacts& facts = node.node().op->facts;
  if (!inputs_known(node)) return;
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    InputUse& use = uses[node.node().inputs[i]];
    if (facts.wanted_elements != nullptr) {
      if (std::optional<WantedElements> wanted = facts.wanted_elements(node, i)) {
        const std::string reason = text(wanted->what, " (", describe(node.node()), ")");
        merge(use, {std::move(*wanted), reason});
      }
    }
    const bool moved = facts.view_of == static_cast<int>(i) || node.node().op->inputs.has(i, kMoved);
    if (moved) merge(use, handed_on(node, i, uses));
  }
}

}  // namespace

std::vector<InputUse> find_input_uses(const Graph& graph, const std::vector<Shape>& shapes, const Options& options) {
  std::vector<Value> values = graph.values;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    TensorType& type = values[graph.inputs[i]].type;
    type.dims = to_dims(shapes[i]);
    type.ranked = true;
  }
  for (const Node& node : graph.nodes) infer_node(node, values, options, graph.symbols);
  std::vector<InputUse> uses(values.size());
  for (std::size_t id = graph.nodes.size(); id-- > 0;) collect(NodeView(graph.nodes[id], values, options), uses);
  std::vector<InputUse> of_inputs;
  of_inputs.reserve(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) of_inputs.push_back(uses[graph.inputs[i]]);
  return of_inputs;
}

}  // namespace linnet::internal
