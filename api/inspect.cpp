// <linnet/inspect.hpp>.
#include <linnet/inspect.hpp>

#include <algorithm>

#include "api/guard.hpp"
#include "api/run_values.hpp"
#include "api/session_access.hpp"
#include "loaders/loader.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/onednn/onednn_backend.hpp"
#include "ops/ops.hpp"
#include "runtime/input_uses.hpp"
#include "runtime/model_impl.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/session_impl.hpp"

namespace linnet {

using internal::Graph;
using internal::guarded;
using internal::kNoValue;
using internal::ValueId;

namespace {

NodeSummary summarize_node(const Graph& graph, const internal::Node& node);

/// Bodies are nested no deeper than Options::limits.nesting.
BodySummary summarize_body(const char* attribute, const Graph& graph) {
  BodySummary summary;
  summary.attribute = attribute;
  for (const ValueId input : graph.inputs) summary.inputs.push_back(graph.value_names[input]);
  for (const ValueId output : graph.outputs) summary.outputs.push_back(graph.value_names[output]);
  for (const internal::Node& node : graph.nodes) summary.nodes.push_back(summarize_node(graph, node));
  return summary;
}

NodeSummary summarize_node(const Graph& graph, const internal::Node& node) {
  NodeSummary summary{node.name, node.op->name, node.op->domain, node.opset, {}, {}, node.layer, {}, {}, {}};
  for (const ValueId input : node.inputs) summary.inputs.push_back(input == kNoValue ? "" : graph.value_names[input]);
  for (const ValueId output : node.outputs)
    summary.outputs.push_back(output == kNoValue ? "" : graph.value_names[output]);
  for (const internal::OriginalNode& part : node.fused) summary.fused.push_back({part.op, part.name});
  for (std::size_t i = 0; i < node.bodies.size(); ++i)
    summary.bodies.push_back(summarize_body(node.op->bodies[i].attribute, *node.bodies[i].graph));
  return summary;
}

std::size_t weights_bytes(const Graph& graph) {
  std::size_t bytes = 0;
  for (const internal::Value& value : graph.values) {
    if (value.constant != nullptr) bytes += value.constant->bytes;
  }
  return bytes;
}

StepSummary summarize_part(const Graph& graph, const internal::Program& program, const internal::StepPart& part,
                           const Options& options) {
  const internal::Node& node = graph.nodes[part.node];
  StepSummary summary;
  summary.node = summarize_node(graph, node);
  summary.implementation = part.implementation->name;
  internal::Refusals refusals;
  internal::select_implementation(internal::NodeView(node, program.values, options), &refusals);
  for (const auto& [name, reason] : refusals) summary.refusals.push_back({name, reason});
  const auto shape_of = [&](ValueId value) {
    Shape shape;
    if (value == kNoValue) return shape;
    for (const internal::Dim dim : program.values[value].type.dims) shape.push_back(dim.known() ? dim.value() : -1);
    return shape;
  };
  for (const ValueId input : node.inputs) summary.input_shapes.push_back(shape_of(input));
  for (const ValueId output : node.outputs) summary.output_shapes.push_back(shape_of(output));
  return summary;
}

/// The whole of a chain or group: operators and names joined, all inputs but those that come from another part.
StepSummary join(std::vector<StepSummary> chain, const std::vector<internal::StepPart>& step_parts) {
  StepSummary joined = chain.front();
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const StepSummary& part = chain[i];
    joined.node.op += "+" + part.node.op;
    joined.node.name += "+" + part.node.name;
    if (part.implementation != chain[i - 1].implementation) joined.implementation += "+" + part.implementation;
    for (std::size_t input = 0; input < part.node.inputs.size(); ++input) {
      if (internal::has_bit(step_parts[i].inner_inputs, input)) continue;
      joined.node.inputs.push_back(part.node.inputs[input]);
      joined.input_shapes.push_back(part.input_shapes[input]);
    }
  }
  joined.node.outputs = chain.back().node.outputs;
  joined.output_shapes = chain.back().output_shapes;
  joined.node.fused.clear();
  joined.refusals.clear();
  joined.chain = std::move(chain);
  return joined;
}

StepSummary summarize_step(const Graph& graph, const internal::Program& program, const internal::Step& step,
                           const Options& options) {
  std::vector<StepSummary> parts;
  for (const internal::StepPart& part : step.parts) parts.push_back(summarize_part(graph, program, part, options));
  StepSummary summary = parts.size() == 1 ? std::move(parts.front()) : join(std::move(parts), step.parts);
  summary.workspace_bytes = step.workspace_bytes;
  return summary;
}

/// Nodes, weights and what the writer says.
ModelSummary summarize_graph(const Graph& graph, const ModelMetadata& metadata) {
  ModelSummary summary;
  summary.metadata = metadata;
  summary.producer = metadata.producer_name;
  if (!metadata.producer_version.empty()) summary.producer += " " + metadata.producer_version;
  summary.weights_bytes = weights_bytes(graph);
  summary.nodes.reserve(graph.nodes.size());
  for (const internal::Node& node : graph.nodes) summary.nodes.push_back(summarize_node(graph, node));
  return summary;
}

BlockSummary summarize_block(const Graph& graph, const internal::NamedBlock& named) {
  BlockSummary summary{{}, named.offset, named.block.bytes, named.block.first, named.block.last, named.values.empty()};
  for (const ValueId value : named.values) summary.values.push_back(graph.value_names[value]);
  return summary;
}

/// Parts share the arena; their steps are numbered through.
void add_part(ProgramSummary& summary, const internal::SessionImpl::PartProgram& part) {
  const Graph& graph = part.model->graph();
  const std::size_t first = summary.steps.size();
  for (const internal::Step& step : part.program->steps)
    summary.steps.push_back(summarize_step(graph, *part.program, step, part.model->options()));
  for (const internal::NamedBlock& named : part.program->blocks) {
    BlockSummary block = summarize_block(graph, named);
    block.first_step += first;
    block.last_step += first;
    summary.blocks.push_back(std::move(block));
  }
  summary.arena_bytes = std::max(summary.arena_bytes, part.program->arena_bytes);
  summary.arena_lower_bound_bytes = std::max(summary.arena_lower_bound_bytes, part.program->lower_bound_bytes);
}

}  // namespace

ModelSummary summarize(const Model& model) {
  return guarded([&] {
    const internal::ModelImpl& impl = *model.impl();
    ModelSummary summary = summarize_graph(impl.graph(), impl.facts().metadata);
    summary.inputs = impl.inputs();
    summary.outputs = impl.outputs();
    summary.ir_version = impl.facts().ir_version;
    summary.opsets = impl.facts().opsets;
    summary.passes = impl.facts().passes;
    return summary;
  });
}

ModelSummary summarize_file(const std::string& path, const Options& options) {
  return guarded([&] {
    const internal::LoadedModel loaded = internal::examine_model_file(path, internal::all_operators(), options);
    const Graph& graph = loaded.graph;
    ModelSummary summary = summarize_graph(graph, loaded.metadata);
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
      summary.inputs.push_back(internal::info_of(graph, graph.inputs[i], graph.input_names[i]));
    for (std::size_t i = 0; i < graph.outputs.size(); ++i)
      summary.outputs.push_back(internal::info_of(graph, graph.outputs[i], graph.output_names[i]));
    summary.ir_version = loaded.ir_version;
    summary.opsets = loaded.opsets;
    summary.unsupported = loaded.unsupported.parts();
    for (std::size_t i = 0; i < loaded.unsupported.parts().size(); ++i) {
      const internal::NodeId node = loaded.unsupported.node(i);
      if (node != internal::kNoNode) summary.nodes[node].unsupported = loaded.unsupported.parts()[i].reason;
    }
    return summary;
  });
}

ProgramSummary summarize_program(const Model& model, const std::vector<ConstTensorView>& inputs) {
  return guarded([&] {
    const std::shared_ptr<internal::ModelImpl>& impl = model.impl();
    internal::check_input_count(*impl, inputs.size());
    internal::SessionImpl session(*impl);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      internal::require_numbers(i, inputs[i]);
      session.bind_input(i, inputs[i]);
    }
    impl->data_decides_shapes() ? session.run() : session.prepare();
    ProgramSummary summary;
    for (const internal::SessionImpl::PartProgram& part : session.programs()) add_part(summary, part);
    summary.packed_weights_bytes = impl->packed_weights_bytes();
    summary.outputs = impl->outputs();
    for (std::size_t i = 0; i < summary.outputs.size(); ++i) {
      const ConstTensorView made = session.made(i);
      if (summary.outputs[i].kind != ValueKind::kTensor) continue;
      summary.outputs[i].type = made.type;
      summary.outputs[i].has_shape = true;
      summary.outputs[i].shape.clear();
      for (std::size_t axis = 0; axis < made.rank; ++axis) summary.outputs[i].shape.push_back({made.shape[axis], ""});
    }
    return summary;
  });
}

std::string operator_text(const NodeSummary& node) {
  if (node.fused.empty()) return node.op;
  std::string joined;
  for (const NodeOrigin& part : node.fused) joined += (joined.empty() ? "" : "+") + part.op;
  return joined;
}

std::string operator_text(const StepSummary& step) {
  if (step.chain.empty()) return operator_text(step.node);
  std::string joined;
  for (const StepSummary& member : step.chain) joined += (joined.empty() ? "" : "+") + operator_text(member.node);
  return joined;
}

namespace {

void check_shape(const ValueInfo& info, const Shape& shape) {
  const bool negative = std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; });
  if (!negative && (!info.has_shape || info.shape.size() == shape.size())) return;
  internal::invalid_argument("input \"", internal::printable(info.name), "\": got the shape ", shape,
                             ", the model wants ", internal::describe(info));
}

}  // namespace

std::vector<InputUse> input_uses(const Model& model, const std::vector<Shape>& shapes) {
  return guarded([&] {
    const internal::ModelImpl& impl = *model.impl();
    internal::check_input_count(impl, shapes.size());
    for (std::size_t i = 0; i < shapes.size(); ++i) check_shape(impl.inputs()[i], shapes[i]);
    std::vector<InputUse> uses;
    for (internal::InputUse& use : internal::find_input_uses(impl.graph(), shapes, impl.options())) {
      uses.push_back(
          {use.wanted.meaning, use.wanted.low, use.wanted.high, std::move(use.wanted.elements), std::move(use.reason)});
    }
    return uses;
  });
}

const char* isa() noexcept { return kernels::best_target_name(); }

bool optimized_build() noexcept {
#if defined(__OPTIMIZE__)
  return true;
#else
  return false;
#endif
}

bool onednn_available(std::string* reason) noexcept {
  try {
    return internal::onednn_api(reason) != nullptr;
  } catch (...) {
    if (reason != nullptr) *reason = "out of memory";  // short enough to need none
    return false;
  }
}

std::vector<std::string> pass_names() {
  return guarded([&] { return internal::all_pass_names(); });
}

}  // namespace linnet
