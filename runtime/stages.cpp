#include "runtime/stages.hpp"

#include <algorithm>
#include <unordered_map>

#include "runtime/data_type.hpp"
#include "runtime/infer_values.hpp"

namespace linnet::internal {
namespace {

/// Elements that compiling computes, and those that it is given: they are part of a program's key.
constexpr std::int64_t kMostComputed = 1024;
constexpr std::int64_t kMostGiven = 64;

/// Whether the elements are few as far as is known; a list is taken for one that describes a shape.
bool is_small(const TensorType& type, std::int64_t most) {
  if (!type.ranked) return true;
  const Dim count = element_count(type.dims);
  return count.known() ? count.value() <= most : type.dims.size() <= 1;
}

/// Whether a program may be compiled for the elements of an input.
bool may_be_given(const Value& value) {
  return (kIntegerTypes | TypeSet{DataType::kBool}).has(value.type.type) && is_small(value.type, kMostGiven);
}

/// The stage of every node, and what compiling can compute.
class StageNumbers {
 public:
  explicit StageNumbers(const Graph& graph)
      : graph_(graph), of_value_(graph.values.size(), 0), revealed_(graph.values.size(), false) {
    computable_.resize(graph.values.size(), false);
    for (std::size_t i = 0; i < graph.values.size(); ++i) computable_[i] = graph.values[i].constant != nullptr;
    for (const ValueId input : graph.inputs) computable_[input] = may_be_given(graph.values[input]);
    of_node_.reserve(graph.nodes.size());
    for (const Node& node : graph.nodes) add(node);
  }

  std::uint32_t of_node(std::size_t node) const { return of_node_[node]; }
  /// 0 for inputs and constants.
  std::uint32_t of_value(ValueId value) const { return of_value_[value]; }
  bool data_decides_shapes() const { return count_ > 1 || reveals_any_; }
  std::uint32_t count() const { return count_; }
  std::vector<bool> take_computable() { return std::move(computable_); }

 private:
  /// The first stage that can read the value, for its elements or for its shape.
  std::uint32_t first_reader(ValueId value, bool decides) const {
    const bool made = graph_.values[value].producer != kNoNode;
    const bool later = revealed_[value] || (decides && made && !computable_[value]);
    return of_value_[value] + (later ? 1 : 0);
  }

  void add(const Node& node) {
    const std::vector<bool> deciding = find_deciding_inputs(node);
    std::uint32_t stage = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != kNoValue) stage = std::max(stage, first_reader(node.inputs[i], deciding[i]));
    }
    const OpFacts& facts = node.op->facts;
    bool computable = facts.deterministic && node.bodies.empty() && !facts.reveals;
    for (std::size_t i = 0; computable && i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNoValue || node.op->inputs.has(i, kShapeOnly)) continue;
      // What an earlier stage made is an input of this one.
      const bool given = of_value_[input] < stage && may_be_given(graph_.values[input]);
      computable = computable_[input] || given;
    }
    for (const ValueId output : node.outputs) {
      if (output == kNoValue) continue;
      of_value_[output] = stage;
      revealed_[output] = reveals(node);
      computable_[output] = computable && is_small(graph_.values[output].type, kMostComputed);
    }
    reveals_any_ = reveals_any_ || reveals(node);
    count_ = std::max(count_, stage + 1);
    of_node_.push_back(stage);
  }

  const Graph& graph_;
  std::vector<std::uint32_t> of_node_;
  std::vector<std::uint32_t> of_value_;
  std::vector<bool> revealed_;
  std::vector<bool> computable_;
  bool reveals_any_ = false;
  std::uint32_t count_ = 1;
};

/// Copies nodes and values into the graphs of their stages.
class Cutter {
 public:
  Cutter(const Graph& graph, const StageNumbers& numbers) : graph_(graph), numbers_(numbers) {
    for (std::uint32_t input = 0; input < graph.inputs.size(); ++input)
      source_[graph.inputs[input]] = {StageValue::kModel, input};
  }

  Stages run() {
    result_.stages.resize(numbers_.count());
    inside_.resize(numbers_.count());
    for (Stage& stage : result_.stages) stage.graph.symbols = graph_.symbols;
    for (std::size_t node = 0; node < graph_.nodes.size(); ++node) add_node(graph_.nodes[node], numbers_.of_node(node));
    for (const ValueId output : graph_.outputs) result_.outputs.push_back(made_by(output));
    for (std::uint32_t stage = 0; stage < result_.stages.size(); ++stage) name_ends(result_.stages[stage].graph);
    return std::move(result_);
  }

 private:
  /// The number of the value in a stage's graph; what other stages make becomes an input.
  ValueId inside(std::uint32_t stage, ValueId value) {
    const auto known = inside_[stage].find(value);
    if (known != inside_[stage].end()) return known->second;
    Graph& graph = result_.stages[stage].graph;
    const Value& outside = graph_.values[value];
    ValueId id = kNoValue;
    if (outside.constant != nullptr) {
      id = graph.add_constant(graph_.value_names[value], outside.constant);
    } else {
      const StageValue source = source_of(value);
      id = add_value(stage, value);
      graph.inputs.push_back(id);
      result_.stages[stage].inputs.push_back(source);
    }
    inside_[stage].emplace(value, id);
    return id;
  }

  ValueId add_value(std::uint32_t stage, ValueId value) {
    Value copy = graph_.values[value];
    copy.producer = kNoNode;
    return result_.stages[stage].graph.add_value(graph_.value_names[value], std::move(copy));
  }

  void add_node(const Node& node, std::uint32_t stage) {
    Graph& graph = result_.stages[stage].graph;
    Node copy = node;
    for (ValueId& input : copy.inputs) {
      if (input != kNoValue) input = inside(stage, input);
    }
    for (ValueId& output : copy.outputs) {
      if (output == kNoValue) continue;
      const ValueId outside = output;
      output = add_value(stage, outside);
      graph.values[output].producer = static_cast<NodeId>(graph.nodes.size());
      inside_[stage].emplace(outside, output);
    }
    graph.nodes.push_back(std::move(copy));
  }

  /// Where others get the value from. What is an input or a constant of the whole may be an output of it too.
  StageValue source_of(ValueId value) {
    const auto known = source_.find(value);
    if (known != source_.end()) return known->second;
    const std::uint32_t stage = numbers_.of_value(value);
    const ValueId id = inside(stage, value);
    Graph& graph = result_.stages[stage].graph;
    const StageValue source = {stage, static_cast<std::uint32_t>(graph.outputs.size())};
    graph.outputs.push_back(id);
    source_.emplace(value, source);
    return source;
  }

  /// A copy of what is an input of the whole, so that its memory is nobody else's.
  StageValue made_by(ValueId output) {
    const StageValue source = source_of(output);
    if (source.stage != StageValue::kModel) return source;
    const ValueId id = inside(0, output);
    Graph& graph = result_.stages[0].graph;
    graph.outputs.push_back(id);
    return {0, static_cast<std::uint32_t>(graph.outputs.size() - 1)};
  }

  static void name_ends(Graph& graph) {
    for (const ValueId input : graph.inputs) graph.input_names.push_back(graph.value_names[input]);
    for (const ValueId output : graph.outputs) graph.output_names.push_back(graph.value_names[output]);
  }

  const Graph& graph_;
  const StageNumbers& numbers_;
  std::unordered_map<ValueId, StageValue> source_;
  std::vector<std::unordered_map<ValueId, ValueId>> inside_;  ///< by stage
  Stages result_;
};

void leave_out_unread(Graph& graph) {
  std::vector<bool> read(graph.values.size(), false);
  for (const ValueId output : graph.outputs) read[output] = true;
  for (const Node& node : graph.nodes) {
    for (const ValueId input : node.inputs) {
      if (input != kNoValue) read[input] = true;
    }
  }
  for (Node& node : graph.nodes) {
    if (!reveals(node)) continue;
    for (ValueId& output : node.outputs) {
      if (output != kNoValue && !read[output]) output = kNoValue;
    }
  }
}

}  // namespace

std::vector<bool> find_computable(const Graph& graph) { return StageNumbers(graph).take_computable(); }

bool needs_stages(const Graph& graph) { return StageNumbers(graph).data_decides_shapes(); }

void update_staged_bodies(Node& node) {
  node.staged_bodies = false;
  if (node.bodies.empty()) return;
  bool staged = node.op->needs_staged_bodies != nullptr && node.op->needs_staged_bodies(node);
  for (const Body& body : node.bodies) staged = staged || needs_stages(*body.graph);
  node.staged_bodies = staged;
}

Stages cut_into_stages(Graph& graph) {
  const StageNumbers numbers(graph);
  Stages stages;
  if (numbers.data_decides_shapes()) leave_out_unread(graph);
  if (numbers.count() > 1) stages = Cutter(graph, numbers).run();
  stages.data_decides_shapes = numbers.data_decides_shapes();
  return stages;
}

}  // namespace linnet::internal
