// The summaries of <linnet/inspect.hpp> as JSON.
#include <linnet/inspect.hpp>

#include "api/guard.hpp"
#include "api/json_writer.hpp"

namespace linnet {

using internal::append_json;
using internal::JsonObject;

namespace {

void append_dimension(std::string& out, const Dimension& dimension) {
  if (dimension.value >= 0) {
    append_json(out, dimension.value);
  } else if (dimension.name.empty()) {
    out += "null";
  } else {
    append_json(out, dimension.name);
  }
}

const char* kind_name(ValueKind kind) {
  constexpr const char* kNames[] = {"tensor", "sequence", "optional", "optional sequence", "map", "map sequence"};
  return kNames[static_cast<std::size_t>(kind)];
}

void append_info(std::string& out, const ValueInfo& info) {
  JsonObject object(out);
  object.add("name", info.name).add("kind", kind_name(info.kind)).add("type", name_of(info.type));
  if (info.key_type != DataType::kUndefined) object.add("key_type", name_of(info.key_type));
  object.member("shape");
  if (info.has_shape) {
    append_json(out, info.shape, append_dimension);
  } else {
    out += "null";
  }
  object.end();
}

void append_metadata(std::string& out, const ModelMetadata& metadata) {
  JsonObject object(out);
  object.add("producer_name", metadata.producer_name).add("producer_version", metadata.producer_version);
  object.add("domain", metadata.domain).add("version", metadata.version).add("description", metadata.description);
  object.add("graph_name", metadata.graph_name).add("graph_description", metadata.graph_description);
  object.add("custom", metadata.custom).end();
}

void append_origin(std::string& out, const NodeOrigin& node) {
  JsonObject object(out);
  object.add("op", node.op).add("name", node.name).end();
}

void append_node(std::string& out, const NodeSummary& node);

void append_body(std::string& out, const BodySummary& body) {
  JsonObject object(out);
  object.add("attribute", body.attribute).add("inputs", body.inputs).add("outputs", body.outputs);
  append_json(object.member("nodes"), body.nodes, append_node);
  object.end();
}

void add_node(JsonObject& object, const NodeSummary& node) {
  object.add("name", node.name).add("op", node.op).add("domain", node.domain).add("opset", node.opset);
  object.add("inputs", node.inputs).add("outputs", node.outputs);
  object.add("layer", node.layer);
  if (!node.unsupported.empty()) object.add("unsupported", node.unsupported);
  append_json(object.member("fused"), node.fused, append_origin);
  append_json(object.member("bodies"), node.bodies, append_body);
}

void append_node(std::string& out, const NodeSummary& node) {
  JsonObject object(out);
  add_node(object, node);
  object.end();
}

void append_unsupported(std::string& out, const UnsupportedPart& part) {
  JsonObject object(out);
  object.add("what", part.what).add("reason", part.reason).add("layer", part.layer).add("source", part.source).end();
}

void append_pass(std::string& out, const std::pair<std::string, std::size_t>& pass) {
  JsonObject object(out);
  object.add("name", pass.first).add("changes", pass.second).end();
}

void append_refusal(std::string& out, const Refusal& refusal) {
  JsonObject object(out);
  object.add("implementation", refusal.implementation).add("reason", refusal.reason).end();
}

void append_shape(std::string& out, const Shape& shape) { append_json(out, shape); }

void append_step(std::string& out, const StepSummary& step) {
  JsonObject object(out);
  add_node(object, step.node);
  object.add("implementation", step.implementation);
  append_json(object.member("refusals"), step.refusals, append_refusal);
  append_json(object.member("input_shapes"), step.input_shapes, append_shape);
  append_json(object.member("output_shapes"), step.output_shapes, append_shape);
  object.add("workspace_bytes", step.workspace_bytes);
  append_json(object.member("chain"), step.chain, append_step);
  object.end();
}

void append_block(std::string& out, const BlockSummary& block) {
  JsonObject object(out);
  object.add("values", block.values).add("workspace", block.workspace).add("offset", block.offset);
  object.add("bytes", block.bytes).add("first_step", block.first_step).add("last_step", block.last_step).end();
}

}  // namespace

std::string to_json(const ModelSummary& summary) {
  return internal::guarded([&] {
    std::string out;
    JsonObject object(out);
    object.add("ir_version", summary.ir_version).add("opsets", summary.opsets).add("producer", summary.producer);
    append_metadata(object.member("metadata"), summary.metadata);
    append_json(object.member("inputs"), summary.inputs, append_info);
    append_json(object.member("outputs"), summary.outputs, append_info);
    append_json(object.member("nodes"), summary.nodes, append_node);
    append_json(object.member("passes"), summary.passes, append_pass);
    append_json(object.member("unsupported"), summary.unsupported, append_unsupported);
    object.add("weights_bytes", summary.weights_bytes).end();
    return out;
  });
}

std::string to_json(const ProgramSummary& summary) {
  return internal::guarded([&] {
    std::string out;
    JsonObject object(out);
    append_json(object.member("steps"), summary.steps, append_step);
    append_json(object.member("blocks"), summary.blocks, append_block);
    object.add("arena_bytes", summary.arena_bytes);
    object.add("arena_lower_bound_bytes", summary.arena_lower_bound_bytes);
    object.add("packed_weights_bytes", summary.packed_weights_bytes);
    append_json(object.member("outputs"), summary.outputs, append_info);
    object.end();
    return out;
  });
}

std::string to_json(const std::vector<std::string>& list) {
  return internal::guarded([&] {
    std::string out;
    append_json(out, list);
    return out;
  });
}

}  // namespace linnet
