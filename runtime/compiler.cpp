// Graph and concrete inputs -> Program: infer, fold what the shapes decide, choose and prepare implementations, place
// memory.
#include <algorithm>

#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"
#include "runtime/program.hpp"
#include "runtime/storage.hpp"

namespace linnet::internal {
namespace {

std::size_t aligned(std::size_t bytes) { return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment; }

class Compiler {
 public:
  Compiler(const Graph& graph, const std::vector<ProgramInput>& inputs, const CompileSettings& settings)
      : graph_(graph), settings_(settings), program_(std::make_shared<Program>()) {
    program_->values = graph.values;
    set_inputs(inputs);
  }

  std::shared_ptr<const Program> run() {
    infer_nodes();
    find_steps();
    check_sizes();
    prepare_steps();
    const StorageMap storage = assign_storage(graph_, steps_, views_, program_->values, unread_);
    plan(storage);
    place_operands(storage);
    return program_;
  }

 private:
  std::vector<Value>& values() { return program_->values; }
  NodeView view(NodeId node) { return {graph_.nodes[node], values(), settings_.options}; }

  void set_inputs(const std::vector<ProgramInput>& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Value& value = values()[graph_.inputs[i]];
      value.type.dims = to_dims(inputs[i].shape);
      value.type.ranked = true;
      value.constant = inputs[i].elements;
    }
  }

  void infer_nodes() {
    const std::vector<bool> decides_shapes = find_shape_values(graph_);
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      infer_node(node, values(), settings_.options, graph_.symbols);
      bool wanted = false;
      for (const ValueId output : node.outputs) {
        if (output == kNoValue) continue;
        Value& value = values()[output];
        wanted = wanted || decides_shapes[output];
        if (value.elements != nullptr) value.constant = constant_from_elements(value);
      }
      if (wanted) evaluate_node(node);
      check_known(node);
    }
  }

  void evaluate_node(const Node& node) {
    const NodeView view(node, values(), settings_.options);
    if (!can_evaluate(view)) return;
    try {
      std::vector<ConstantPtr> results = evaluate(view);
      for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i] != nullptr) values()[node.outputs[i]].constant = std::move(results[i]);
      }
    } catch (const Error& error) {
      throw with_node_and_inputs(node, values(), graph_.symbols, error);
    }
  }

  void check_known(const Node& node) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      const TensorType& type = values()[node.outputs[i]].type;
      if (type.known() && all_known(type.dims)) continue;
      const Error error(ErrorCode::kUnsupported,
                        text("the shape of output ", i, " depends on data that is known only during the run"));
      throw with_node_and_inputs(node, values(), graph_.symbols, error);
    }
  }

  /// Nodes that an output depends on and that are neither constant nor views.
  void find_steps() {
    std::vector<bool> needed(values().size(), false);
    views_.resize(values().size());
    for (ValueId value = 0; value < views_.size(); ++value) views_[value] = value;
    for (const ValueId output : graph_.outputs) needed[output] = values()[output].constant == nullptr;
    std::vector<NodeId> backwards;
    for (NodeId id = static_cast<NodeId>(graph_.nodes.size()); id-- > 0;) {
      const Node& node = graph_.nodes[id];
      const auto is_needed = [&](ValueId output) {
        return output != kNoValue && needed[output] && values()[output].constant == nullptr;
      };
      if (std::none_of(node.outputs.begin(), node.outputs.end(), is_needed)) continue;
      const int view_of = node.op->facts.view_of;
      if (view_of >= 0) {
        needed[node.inputs[static_cast<std::size_t>(view_of)]] = true;
      } else {
        for (const ValueId input : node.inputs) {
          if (input != kNoValue) needed[input] = true;
        }
      }
      backwards.push_back(id);
    }
    for (auto id = backwards.rbegin(); id != backwards.rend(); ++id) {
      const Node& node = graph_.nodes[*id];
      const int view_of = node.op->facts.view_of;
      if (view_of >= 0) {
        views_[node.outputs[0]] = views_[node.inputs[static_cast<std::size_t>(view_of)]];
      } else {
        steps_.push_back(*id);
      }
    }
  }

  /// Before anything is packed or allocated: one value alone must fit the budget.
  void check_sizes() {
    for (const NodeId id : steps_) {
      for (const ValueId output : graph_.nodes[id].outputs) {
        if (output == kNoValue) continue;
        const TensorType& type = values()[output].type;
        const std::size_t bytes = byte_count(type.type, to_shape(type.dims));
        if (bytes > settings_.memory_budget) {
          fail(ErrorCode::kLimitExceeded, describe(graph_.nodes[id]), ": output ",
               printable(graph_.value_names[output]), " of shape ", type.dims, " needs ", bytes,
               " bytes, the memory budget is ", settings_.memory_budget);
        }
      }
    }
  }

  void prepare_steps() {
    program_->steps.reserve(steps_.size());
    unread_.reserve(steps_.size());
    for (const NodeId id : steps_) {
      const NodeView node = view(id);
      Step step;
      step.node = id;
      try {
        step.implementation = &select_implementation(node, nullptr);
        Prepared prepared;
        if (step.implementation->prepare != nullptr) {
          prepared = step.implementation->prepare(PrepareContext(node, settings_.threads, settings_.weights));
        }
        step.state = std::move(prepared.state);
        step.workspace_bytes = prepared.workspace_bytes;
        unread_.push_back(prepared.unread_inputs);
      } catch (const Error& error) {
        throw with_node_and_inputs(graph_.nodes[id], values(), graph_.symbols, error);
      }
      program_->steps.push_back(std::move(step));
    }
  }

  void plan(const StorageMap& map) {
    std::vector<Block> blocks;
    storage_block_.assign(map.storages.size(), kNoBlock);
    for (std::size_t i = 0; i < map.storages.size(); ++i) {
      const Storage& storage = map.storages[i];
      if (storage.kind != Place::Kind::kArena || storage.bytes == 0) continue;
      storage_block_[i] = blocks.size();
      blocks.push_back({storage.first, storage.last, aligned(storage.bytes)});
      program_->blocks.push_back({blocks.back(), 0, storage.values});
    }
    const std::size_t first_workspace = blocks.size();
    for (std::size_t step = 0; step < program_->steps.size(); ++step) {
      if (program_->steps[step].workspace_bytes == 0) continue;
      blocks.push_back({step, step, aligned(program_->steps[step].workspace_bytes)});
      program_->blocks.push_back({blocks.back(), 0, {}});
    }
    const MemoryPlan plan = plan_memory(blocks);
#ifndef NDEBUG
    if (const std::string problem = check_plan(blocks, plan); !problem.empty())
      fail(ErrorCode::kInternal, "memory plan: ", problem);
#endif
    if (plan.arena_bytes > settings_.memory_budget) {
      fail(ErrorCode::kLimitExceeded, "a run with these input shapes needs an arena of ", plan.arena_bytes,
           " bytes, the memory budget is ", settings_.memory_budget);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      program_->blocks[i].offset = plan.offsets[i];
      if (i >= first_workspace) program_->steps[blocks[i].first].workspace_offset = plan.offsets[i];
    }
    program_->arena_bytes = plan.arena_bytes;
    program_->lower_bound_bytes = plan.lower_bound_bytes;
  }

  Place place_of(ValueId value, const StorageMap& map) {
    Place place;
    if (values()[views_[value]].constant != nullptr && map.of_value[views_[value]] == StorageMap::kNone) {
      place.kind = Place::Kind::kConstant;
      place.constant = values()[views_[value]].constant->data;
      return place;
    }
    const std::uint32_t id = map.of_value[views_[value]];
    const Storage& storage = map.storages[id];
    place.kind = storage.kind;
    place.index = storage.index;
    place.constant = storage.constant;
    if (storage_block_[id] != kNoBlock) place.offset = program_->blocks[storage_block_[id]].offset;
    return place;
  }

  void place_operands(const StorageMap& map) {
    for (std::size_t index = 0; index < program_->steps.size(); ++index) {
      Step& step = program_->steps[index];
      const Node& node = graph_.nodes[step.node];
      step.first_operand = static_cast<std::uint32_t>(program_->operands.size());
      step.input_count = static_cast<std::uint32_t>(node.inputs.size());
      step.output_count = static_cast<std::uint32_t>(node.outputs.size());
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const bool unread = node.inputs[i] == kNoValue || (i < 64 && (unread_[index] >> i & 1) != 0);
        program_->operands.push_back(unread ? Place{} : place_of(node.inputs[i], map));
      }
      for (const ValueId output : node.outputs)
        program_->operands.push_back(output == kNoValue ? Place{} : place_of(output, map));
    }
    for (const ValueId output : graph_.outputs) {
      const TensorType& type = values()[output].type;
      const Shape shape = to_shape(type.dims);
      program_->outputs.push_back({type.type, shape, byte_count(type.type, shape), place_of(output, map)});
    }
  }

  static constexpr std::size_t kNoBlock = SIZE_MAX;
  const Graph& graph_;
  const CompileSettings& settings_;
  std::shared_ptr<Program> program_;
  std::vector<NodeId> steps_;
  std::vector<ValueId> views_;
  std::vector<std::uint64_t> unread_;
  std::vector<std::size_t> storage_block_;
};

}  // namespace

std::vector<bool> find_shape_values(const Graph& graph) {
  std::vector<bool> decides(graph.values.size(), false);
  for (std::size_t index = graph.nodes.size(); index-- > 0;) {
    const Node& node = graph.nodes[index];
    const OpFacts& facts = node.op->facts;
    bool output_decides = false;
    for (const ValueId output : node.outputs)
      output_decides = output_decides || (output != kNoValue && decides[output]);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue || graph.values[node.inputs[i]].constant != nullptr) continue;
      const bool shape_only = i < 64 && (facts.shape_only_inputs >> i & 1) != 0;
      const bool value_needed = i < 64 && (facts.value_inputs >> i & 1) != 0;
      if (value_needed || (output_decides && !shape_only)) decides[node.inputs[i]] = true;
    }
  }
  return decides;
}

std::shared_ptr<const Program> compile(const Graph& graph, const std::vector<ProgramInput>& inputs,
                                       const CompileSettings& settings) {
  return Compiler(graph, inputs, settings).run();
}

}  // namespace linnet::internal
