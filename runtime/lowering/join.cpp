#include <algorithm>

#include "runtime/element_group.hpp"
#include "runtime/find_element_groups.hpp"
#include "runtime/lowering/lowering.hpp"
#include "runtime/new_shared.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/row_chain.hpp"

namespace linnet::internal {
namespace {

/// Of nodes that no chain takes; a chain of nothing but line-wise steps is left to a group.
std::vector<ElementGroupSteps> find_groups(const Lowering& lowering, std::vector<std::size_t>& chained,
                                           const std::vector<std::uint32_t>& readers) {
  const auto line_wise = [](const PreparedNode& entry) {
    return entry.prepared.line_wise.run != nullptr && entry.inputs.size() <= ElementGroup::kMostInputs;
  };
  std::vector<ElementStep> steps(lowering.nodes.size());
  for (std::size_t first = 0, length = 1; first < lowering.nodes.size(); first += length) {
    length = chained[first];
    const auto begin = lowering.nodes.begin() + static_cast<std::ptrdiff_t>(first);
    if (!std::all_of(begin, begin + static_cast<std::ptrdiff_t>(length), line_wise)) continue;
    for (std::size_t i = first; i < first + length; ++i) {
      chained[i] = 1;
      steps[i] = {&lowering.nodes[i].inputs, lowering.graph.nodes[lowering.nodes[i].node].outputs[0]};
    }
  }
  return find_element_groups(steps, lowering.views, readers, lowering.program->values);
}

/// By the value whose bytes are read; a graph output counts as a reader.
std::vector<std::uint32_t> count_readers(const Lowering& lowering) {
  std::vector<std::uint32_t> readers(lowering.views.size(), 0);
  for (const PreparedNode& entry : lowering.nodes) {
    for (const ValueId input : entry.inputs) {
      if (input != kNoValue) ++readers[lowering.views[input]];
    }
  }
  for (const ValueId output : lowering.graph.outputs) ++readers[lowering.views[output]];
  return readers;
}

/// Whether `next` does nothing but go on with the rows of `entry`.
bool continues(const Lowering& lowering, const PreparedNode& entry, const PreparedNode& next,
               const std::vector<std::uint32_t>& readers) {
  const RowWise& rows = entry.prepared.row_wise;
  const RowWise& next_rows = next.prepared.row_wise;
  const ValueId between = lowering.graph.nodes[entry.node].outputs[0];
  return next_rows.run != nullptr && next_rows.rows == rows.rows && next_rows.x_row_bytes == rows.y_row_bytes &&
         next.inputs[0] != kNoValue && lowering.views[next.inputs[0]] == between && readers[between] == 1;
}

std::size_t chained_steps_from(const Lowering& lowering, std::size_t first, const std::vector<std::uint32_t>& readers) {
  if (lowering.nodes[first].prepared.row_wise.run == nullptr) return 1;
  std::vector<RowWise> rows = {lowering.nodes[first].prepared.row_wise};
  for (std::size_t i = first + 1;
       i < lowering.nodes.size() && continues(lowering, lowering.nodes[i - 1], lowering.nodes[i], readers); ++i) {
    rows.push_back(lowering.nodes[i].prepared.row_wise);
  }
  return chained_steps(rows.data(), rows.size(), lowering.settings.threads);
}

/// What the operator allows, as declared.
std::vector<InPlace> in_place(const Node& node) {
  std::vector<InPlace> pairs;
  for (std::uint8_t output = 0; output < node.op->outputs.end() - node.op->outputs.begin(); ++output) {
    for (unsigned over = node.op->outputs.of(output)->over, input = 0; over >> input != 0; ++input) {
      if ((over >> input & 1) != 0) pairs.push_back({output, static_cast<std::uint8_t>(input)});
    }
  }
  return pairs;
}

void add_step(Lowering& lowering, PreparedNode& entry) {
  const Node& node = lowering.graph.nodes[entry.node];
  Step step;
  step.parts = {{entry.node, entry.implementation, 0}};
  step.run = entry.implementation->run;
  step.state = std::move(entry.prepared.state);
  step.workspace_bytes = entry.prepared.workspace_bytes;
  lowering.program->steps.push_back(std::move(step));
  lowering.step_values.push_back({std::move(entry.inputs), node.outputs, in_place(node)});
}

void add_chain(Lowering& lowering, std::size_t first, std::size_t length) {
  Step step;
  StepValues step_values;
  std::vector<RowChain::Member> members;
  for (std::size_t i = first; i < first + length; ++i) {
    PreparedNode& entry = lowering.nodes[i];
    step.parts.push_back({entry.node, entry.implementation, i > first ? 1U : 0U});
    members.push_back({entry.prepared.row_wise, std::move(entry.prepared.state),
                       static_cast<std::uint32_t>(step_values.inputs.size())});
    if (i > first) entry.inputs[0] = kNoValue;
    step_values.inputs.insert(step_values.inputs.end(), entry.inputs.begin(), entry.inputs.end());
  }
  step_values.outputs = {lowering.graph.nodes[lowering.nodes[first + length - 1].node].outputs[0]};
  auto chain = new_shared<const RowChain>(std::move(members), lowering.settings.threads);
  step.run = RowChain::run;
  step.workspace_bytes = chain->workspace_bytes();
  step.state = std::move(chain);
  lowering.program->steps.push_back(std::move(step));
  lowering.step_values.push_back(std::move(step_values));
}

/// Where a member of a group finds this input; what no member makes is an input of the group, once.
ElementGroup::Source source_of(const Lowering& lowering, ValueId input, const std::vector<ValueId>& made,
                               std::vector<ValueId>& inputs) {
  using From = ElementGroup::Source::From;
  if (input == kNoValue) return {};
  const TensorType& type = lowering.program->values[input].type;
  const auto maker = std::find(made.begin(), made.end(), lowering.views[input]);
  if (maker != made.end())
    return {From::kMember, static_cast<std::uint32_t>(maker - made.begin()), size_of(type.type), {}};
  const auto place = std::find(inputs.begin(), inputs.end(), input) - inputs.begin();
  if (static_cast<std::size_t>(place) == inputs.size()) inputs.push_back(input);
  return {From::kInput, static_cast<std::uint32_t>(place), size_of(type.type), to_shape(type.dims)};
}

void add_group(Lowering& lowering, const ElementGroupSteps& group) {
  Step step;
  StepValues step_values;
  std::vector<ElementGroup::Member> members;
  std::vector<ValueId> made;  // beside the members
  for (const std::uint32_t index : group) {
    PreparedNode& entry = lowering.nodes[index];
    const Node& node = lowering.graph.nodes[entry.node];
    ElementGroup::Member member;
    member.line = entry.prepared.line_wise;
    member.state = std::move(entry.prepared.state);
    member.over = node.op->outputs.of(0)->over;
    member.element_bytes = size_of(lowering.program->values[node.outputs[0]].type.type);
    member.shape = to_shape(lowering.program->values[node.outputs[0]].type.dims);
    std::uint64_t inner_inputs = 0;
    for (const ValueId input : entry.inputs) {
      ElementGroup::Source source = source_of(lowering, input, made, step_values.inputs);
      if (source.from == ElementGroup::Source::From::kMember) inner_inputs |= std::uint64_t{1} << member.inputs.size();
      member.inputs.push_back(std::move(source));
    }
    step.parts.push_back({entry.node, entry.implementation, inner_inputs});
    made.push_back(node.outputs[0]);
    members.push_back(std::move(member));
  }
  step_values.outputs = {made.back()};
  auto joined = new_shared<const ElementGroup>(std::move(members), lowering.settings.threads);
  for (const std::uint8_t input : joined->in_place_inputs()) step_values.in_place.push_back({0, input});
  step.run = ElementGroup::run;
  step.workspace_bytes = joined->workspace_bytes();
  step.state = std::move(joined);
  lowering.program->steps.push_back(std::move(step));
  lowering.step_values.push_back(std::move(step_values));
}

}  // namespace

void join(Lowering& lowering) {
  lowering.program->steps.reserve(lowering.nodes.size());
  lowering.step_values.reserve(lowering.nodes.size());
  const bool chains = !is_disabled(lowering.settings.options, kChainRows);
  const bool groups = !is_disabled(lowering.settings.options, kGroupElements);
  const auto readers = chains || groups ? count_readers(lowering) : std::vector<std::uint32_t>();
  std::vector<std::size_t> chained(lowering.nodes.size(), 1);  // how many nodes run where the first of them stands
  for (std::size_t first = 0; chains && first < lowering.nodes.size(); first += chained[first])
    chained[first] = chained_steps_from(lowering, first, readers);
  std::vector<ElementGroupSteps> found;
  if (groups) found = find_groups(lowering, chained, readers);
  std::vector<const ElementGroupSteps*> group_of(lowering.nodes.size(), nullptr);
  for (const ElementGroupSteps& group : found) {
    for (const std::uint32_t node : group) group_of[node] = &group;
  }
  for (std::size_t first = 0; first < lowering.nodes.size(); first += chained[first]) {
    if (const ElementGroupSteps* group = group_of[first]; group != nullptr) {
      if (first == group->back()) add_group(lowering, *group);
    } else {
      chained[first] == 1 ? add_step(lowering, lowering.nodes[first]) : add_chain(lowering, first, chained[first]);
    }
  }
}

}  // namespace linnet::internal
