#include "runtime/pattern.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/data_type.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kMostUlps = 2;

template <typename T>
bool stands_for(T element, double number) {
  if constexpr (std::is_same_v<T, bool>) {
    return false;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<double>(element) == number;
  } else {
    const auto nearest = static_cast<T>(number);
    [[maybe_unused]] const bool exact = static_cast<double>(static_cast<float>(number)) == number;
    if constexpr (std::is_floating_point_v<T>) {
      T lowest = nearest;
      T highest = nearest;
      for (std::int64_t ulp = 0; !exact && ulp < kMostUlps; ++ulp) {
        lowest = std::nextafter(lowest, -std::numeric_limits<T>::infinity());
        highest = std::nextafter(highest, std::numeric_limits<T>::infinity());
      }
      return lowest <= element && element <= highest && std::signbit(element) == std::signbit(number);
    } else {
      return std::memcmp(&element, &nearest, sizeof element) == 0;
    }
  }
}

bool is_number(const Constant& constant, double number) {
  if (!kTensorTypes.has(constant.type) || constant.count() != 1) return false;
  return visit_type(constant.type, [&](auto tag) {
    typename decltype(tag)::type element;
    std::memcpy(&element, constant.data, sizeof element);  // at any address
    return stands_for(element, number);
  });
}

/// Whether it is the only output that the node has.
bool is_only_output(const Node& node, ValueId value) {
  if (node.outputs.empty() || node.outputs[0] != value) return false;
  return std::all_of(node.outputs.begin() + 1, node.outputs.end(), [](ValueId output) { return output == kNoValue; });
}

}  // namespace

namespace patterns {

Pattern op(const char* op, std::initializer_list<Pattern> inputs, const char* as) {
  return {Pattern::Kind::kOp, op, as, new_shared<const std::vector<Pattern>>(inputs)};
}
Pattern op_on(const char* op, const Pattern& first, const char* as) {
  Pattern pattern = patterns::op(op, {first}, as);
  pattern.open = true;
  return pattern;
}
Pattern any(const char* as) { return {Pattern::Kind::kAny, nullptr, as, nullptr}; }
Pattern constant(const char* as) { return {Pattern::Kind::kConstant, nullptr, as, nullptr}; }
Pattern number(double value) { return {Pattern::Kind::kNumber, nullptr, nullptr, nullptr, value}; }
Pattern one_of(std::initializer_list<Pattern> alternatives) {
  return {Pattern::Kind::kOneOf, nullptr, nullptr, new_shared<const std::vector<Pattern>>(alternatives)};
}

}  // namespace patterns

bool Match::find(const Pattern& last, NodeId node) {
  names_.clear();
  nodes_.clear();
  kept_.clear();
  if (graph_->nodes[node].outputs.empty()) return false;
  const Goal goal{&last, graph_->nodes[node].outputs[0], nullptr};
  if (!meet(&goal)) return false;
  std::sort(nodes_.begin(), nodes_.end());
  std::sort(kept_.begin(), kept_.end());
  return true;
}

/// All goals of the list. Leaves names_ and nodes_ as they were where that fails, so that the caller may try another
/// way: every way is tried, as many as the pattern has. The depth of the recursion is the number of parts of the
/// pattern at most.
bool Match::meet(const Goal* goal) {
  if (goal == nullptr) return find_kept();
  const std::size_t names = names_.size();
  const std::size_t nodes = nodes_.size();
  if (meet_one(*goal)) return true;
  names_.resize(names);
  nodes_.resize(nodes);
  return false;
}

/// The goal, and all behind it.
bool Match::meet_one(const Goal& goal) {
  const Pattern& pattern = *goal.pattern;
  if (goal.value == kNoValue) return false;
  const ConstantPtr& constant = graph_->values[goal.value].constant;
  switch (pattern.kind) {
    case Pattern::Kind::kAny:
      return bind(pattern.as, goal.value) && meet(goal.next);
    case Pattern::Kind::kConstant:
      return constant != nullptr && bind(pattern.as, goal.value) && meet(goal.next);
    case Pattern::Kind::kNumber:
      return constant != nullptr && is_number(*constant, pattern.number) && meet(goal.next);
    case Pattern::Kind::kOneOf:
      return std::any_of(pattern.parts->begin(), pattern.parts->end(), [&](const Pattern& part) {
        const Goal alternative{&part, goal.value, goal.next};
        return meet(&alternative);
      });
    case Pattern::Kind::kOp:
      return meet_op(goal);
  }
  return false;
}

bool Match::meet_op(const Goal& goal) {
  const Pattern& pattern = *goal.pattern;
  const NodeId id = graph_->values[goal.value].producer;
  if (id == kNoNode || graph_->nodes[id].op == nullptr) return false;
  const Node& node = graph_->nodes[id];
  if (node.op->name != pattern.op || !node.op->domain.empty()) return false;
  const std::size_t count = pattern.parts->size();
  if (pattern.open ? node.inputs.size() < count : node.inputs.size() != count) return false;
  if (!is_only_output(node, goal.value)) return false;
  const bool inner = !nodes_.empty() && nodes_.front() != id;
  if (inner && (*uses_)[goal.value].graph_output) return false;
  if (!inputs_known(view(id)) || !view(id).output(0).known() || !bind(pattern.as, goal.value)) return false;
  if (std::find(nodes_.begin(), nodes_.end(), id) == nodes_.end()) nodes_.push_back(id);
  std::vector<Goal> goals(count);
  const bool both_orders = node.op->facts.commutative && count == 2;
  for (std::size_t swapped = 0; swapped <= (both_orders ? 1 : 0); ++swapped) {
    for (std::size_t i = 0; i < count; ++i) {
      goals[i] = {&(*pattern.parts)[i], node.inputs[i ^ swapped], i + 1 < count ? &goals[i + 1] : goal.next};
    }
    if (meet(count == 0 ? goal.next : goals.data())) return true;
  }
  return false;
}

std::optional<NodeView> Match::maker(ValueId value) const {
  const NodeId producer = graph_->values[value].producer;
  if (producer == kNoNode || graph_->nodes[producer].op == nullptr) return std::nullopt;
  return view(producer);
}

bool Match::bind(const char* name, ValueId value) {
  if (name == nullptr) return true;
  const ValueId bound = find_name(name);
  if (bound != kNoValue) return bound == value;
  names_.push_back({name, value});
  return true;
}

/// The inner nodes that stay since others read the shape of what they make, and so do those that they read. False where
/// others read elements, or such a node does more than move elements: it would do it again.
bool Match::find_kept() {
  kept_.clear();
  for (auto node = nodes_.begin() + 1; node != nodes_.end(); ++node) {
    const Reads reads = read_elsewhere(graph_->nodes[*node].outputs[0]);
    if (reads == Reads::kElements) return false;
    if (reads == Reads::kShape) kept_.push_back(*node);
  }
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const Node& node = graph_->nodes[kept_[i]];
    if (node.op->facts.view_of < 0 && !node.op->inputs.has(0, kMoved)) return false;
    for (const ValueId input : node.inputs) {
      const NodeId producer = input == kNoValue ? kNoNode : graph_->values[input].producer;
      const bool is_member = std::find(nodes_.begin(), nodes_.end(), producer) != nodes_.end();
      if (is_member && std::find(kept_.begin(), kept_.end(), producer) == kept_.end()) kept_.push_back(producer);
    }
  }
  return true;
}

/// What nodes that are not matched read of the value.
Match::Reads Match::read_elsewhere(ValueId value) const {
  std::uint32_t readers = 0;
  std::uint32_t shape_readers = 0;
  for (const NodeId id : nodes_) {
    const Node& node = graph_->nodes[id];
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != value) continue;
      ++readers;
      if (node.op->inputs.has(i, kShapeOnly)) ++shape_readers;
    }
  }
  const Use& use = (*uses_)[value];
  if (use.readers - use.shape_readers != readers - shape_readers) return Reads::kElements;
  return use.readers == readers ? Reads::kNothing : Reads::kShape;
}

ValueId Match::find_name(std::string_view name) const {
  for (const Name& bound : names_) {
    if (bound.name == name) return bound.value;
  }
  return kNoValue;
}

}  // namespace linnet::internal
