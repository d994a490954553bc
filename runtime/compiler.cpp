// Graph and concrete inputs -> Program: infer, fold what the shapes decide, choose and prepare implementations, place
// memory.
#include <algorithm>
#include <unordered_set>

#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"
#include "runtime/join_steps.hpp"
#include "runtime/program.hpp"
#include "runtime/storage.hpp"
#include "runtime/weights_store.hpp"

namespace linnet::internal {
namespace {

/// Constants of the graph are packed once for all programs. What became constant only through the values of one
/// program's inputs is packed for that program, and goes with it.
class ProgramWeights : public PackedWeights, public MadeConstants {
 public:
  explicit ProgramWeights(PackedWeights& of_graph) : of_graph_(of_graph) {}

  /// Of what was packed for the program alone.
  std::size_t own_bytes() const { return own_.total_bytes(); }

  /// Says that the program alone has this constant. Requires: it lives as long as this object.
  void add(const Constant& constant) override { own_constants_.insert(constant.data); }

  std::shared_ptr<const std::byte> get(const ConstantPtr& source, const std::string& key, std::size_t bytes,
                                       const std::function<void(std::byte*)>& pack) override {
    return own_constants_.count(source->data) != 0 ? own_.get(source, key, bytes, pack)
                                                   : of_graph_.get(source, key, bytes, pack);
  }

 private:
  PackedWeights& of_graph_;
  WeightsStore own_;
  std::unordered_set<const std::byte*> own_constants_;
};

class Compiler : BodyCompiler {
 public:
  Compiler(const Graph& graph, const std::vector<ProgramInput>& inputs, const CompileSettings& settings)
      : graph_(graph), settings_(settings), program_(new_shared<Program>()), weights_(settings.weights) {
    program_->values = graph.values;
    set_inputs(inputs);
  }

  std::shared_ptr<const Program> run() {
    infer_nodes();
    find_steps();
    check_sizes();
    prepare_nodes();
    join_nodes();
    const StorageMap storage = assign_storage(graph_, step_values_, views_, program_->values);
    plan(storage);
    place_operands(storage);
    program_->kept_bytes = kept_bytes();
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
      if (value.constant != nullptr) weights_.add(*value.constant);
    }
  }

  void infer_nodes() {
    const std::vector<bool> decides_shapes = find_shape_values(graph_);
    for (const Node& node : graph_.nodes) {
      settings_.control.check();
      infer_values(node, values(), decides_shapes, settings_.options, graph_.symbols, settings_.control.stop(),
                   &weights_);
      check_known(node);
    }
  }

  void check_known(const Node& node) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      const TensorType& type = values()[node.outputs[i]].type;
      if (reveals(node) ? type.type != DataType::kUndefined : type.known() && all_known(type.dims)) continue;
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
        nodes_.emplace_back();
        nodes_.back().node = *id;
      }
    }
  }

  /// Within this program: constants of the body are packed as its own are, and the two are stopped together.
  std::shared_ptr<const Program> compile_body(const Graph& body, const std::vector<ProgramInput>& inputs) override {
    std::shared_ptr<const Program> program = compile(body, inputs,
                                                     {settings_.options, settings_.threads, weights_, settings_.control,
                                                      settings_.memory_budget, settings_.body_models});
    bodies_kept_bytes_ += program->kept_bytes;
    if (bodies_kept_bytes_ > settings_.memory_budget) {
      fail(ErrorCode::kLimitExceeded, "the programs of bodies take more than the memory budget of ",
           settings_.memory_budget, " bytes");
    }
    return program;
  }

  ModelImpl& model_of(const std::shared_ptr<const Graph>& body) override {
    return settings_.body_models.model_of(body);
  }

  std::size_t bytes_of_output(const Node& node, const TensorType& type) {
    try {
      return byte_count(type.type, to_shape(type.dims));
    } catch (const Error& error) {
      throw with_node_and_inputs(node, values(), graph_.symbols, error);
    }
  }

  /// Before anything is packed or allocated: one value alone must fit the budget.
  void check_sizes() {
    for (const PreparedNode& entry : nodes_) {
      const NodeId id = entry.node;
      if (reveals(graph_.nodes[id])) continue;
      for (const ValueId output : graph_.nodes[id].outputs) {
        if (output == kNoValue) continue;
        const TensorType& type = values()[output].type;
        const std::size_t bytes = bytes_of_output(graph_.nodes[id], type);
        if (bytes > settings_.memory_budget) {
          fail(ErrorCode::kLimitExceeded, describe(graph_.nodes[id]), ": output ",
               printable(graph_.value_names[output]), " of shape ", type.dims, " needs ", bytes,
               " bytes, the memory budget is ", settings_.memory_budget);
        }
      }
    }
  }

  void prepare_nodes() {
    for (PreparedNode& entry : nodes_) {
      const Node& node = graph_.nodes[entry.node];
      const NodeView view_of_node = view(entry.node);
      settings_.control.check();
      try {
        entry.implementation = &select_implementation(view_of_node, nullptr);
        if (entry.implementation->prepare != nullptr) {
          entry.prepared = entry.implementation->prepare(
              PrepareContext(view_of_node, settings_.threads, weights_, settings_.control, this));
        }
      } catch (const Error& error) {
        if (is_stop(error)) throw;
        throw with_node_and_inputs(node, values(), graph_.symbols, error);
      }
      entry.inputs = node.inputs;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (has_bit(entry.prepared.unread_inputs, i)) entry.inputs[i] = kNoValue;
      }
    }
  }

  void join_nodes() {
    JoinedSteps joined = join_steps(graph_, values(), views_, settings_, nodes_);
    program_->steps = std::move(joined.steps);
    step_values_ = std::move(joined.values);
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

  bool is_revealed(ValueId value) {
    const Value& made = values()[value];
    return made.constant == nullptr && made.producer != kNoNode && reveals(graph_.nodes[made.producer]);
  }

  Place place_of(ValueId value, const StorageMap& map) {
    Place place;
    if (values()[views_[value]].constant != nullptr && map.of_value[views_[value]] == StorageMap::kNone) {
      place.kind = Place::Kind::kConstant;
      place.constant = values()[views_[value]].constant->aligned();
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
      step.first_operand = static_cast<std::uint32_t>(program_->operands.size());
      step.input_count = static_cast<std::uint32_t>(step_values_[index].inputs.size());
      step.output_count = static_cast<std::uint32_t>(step_values_[index].outputs.size());
      for (const auto* operands : {&step_values_[index].inputs, &step_values_[index].outputs}) {
        for (const ValueId value : *operands) {
          const Place place = value == kNoValue ? Place{} : place_of(value, map);
          const bool output = place.kind == Place::Kind::kOutput;
          if (output || place.kind == Place::Kind::kInput) {
            program_->patches.push_back({static_cast<std::uint32_t>(program_->operands.size()), place.index, output});
          }
          program_->operands.push_back(place);
        }
      }
    }
    for (const ValueId output : graph_.outputs) {
      const TensorType& type = values()[output].type;
      if (is_revealed(output)) {
        program_->outputs.push_back({type.type, true, {}, 0, place_of(output, map)});
        continue;
      }
      const Shape shape = to_shape(type.dims);
      program_->outputs.push_back({type.type, false, shape, byte_count(type.type, shape), place_of(output, map)});
    }
  }

  /// Constants that the graph does not hold too, what was packed of them, and about as much for the rest as it takes in
  /// memory.
  std::size_t kept_bytes() {
    constexpr std::size_t kStepBytes = 1024;  // of a node, with its state
    std::size_t bytes = nodes_.size() * kStepBytes + values().size() * sizeof(Value) +
                        program_->operands.size() * sizeof(Place) + program_->blocks.size() * sizeof(NamedBlock);
    for (ValueId value = 0; value < values().size(); ++value) {
      const Value& made = values()[value];
      bytes += made.type.dims.capacity() * sizeof(Dim);
      if (made.elements != nullptr) bytes += made.elements->size() * sizeof(Dim);
      if (made.constant != nullptr && made.constant != graph_.values[value].constant) bytes += made.constant->bytes;
    }
    return bytes + weights_.own_bytes() + bodies_kept_bytes_;
  }

  static constexpr std::size_t kNoBlock = SIZE_MAX;
  const Graph& graph_;
  const CompileSettings& settings_;
  std::shared_ptr<Program> program_;
  ProgramWeights weights_;
  std::vector<PreparedNode> nodes_;
  std::vector<ValueId> views_;
  std::vector<StepValues> step_values_;  ///< beside Program::steps
  std::vector<std::size_t> storage_block_;
  std::size_t bodies_kept_bytes_ = 0;
};

}  // namespace

std::shared_ptr<const Program> compile(const Graph& graph, const std::vector<ProgramInput>& inputs,
                                       const CompileSettings& settings) {
  return Compiler(graph, inputs, settings).run();
}

}  // namespace linnet::internal
