// The messages that make up a model: its graph, functions and nodes.
#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

void NodeProto::clear() {
  inputs.clear();
  outputs.clear();
  name = op_type = domain = overload = {};
  attributes.clear();
}

void read(StringStringEntryProto& into, Span bytes) {
  WireReader reader(bytes, "StringStringEntryProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.key = reader.string("key");
        break;
      case 2:
        into.value = reader.string("value");
        break;
      default:
        reader.skip();
    }
  }
}

void read(OperatorSetIdProto& into, Span bytes) {
  WireReader reader(bytes, "OperatorSetIdProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.domain = reader.string("domain");
        break;
      case 2:
        into.version = reader.int64("version");
        break;
      default:
        reader.skip();
    }
  }
}

void read(NodeProto& into, Span bytes) {
  WireReader reader(bytes, "NodeProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.inputs.push_back(reader.string("input"));
        break;
      case 2:
        into.outputs.push_back(reader.string("output"));
        break;
      case 3:
        into.name = reader.string("name");
        break;
      case 4:
        into.op_type = reader.string("op_type");
        break;
      case 5:
        into.attributes.push_back(reader.span("attribute"));
        break;
      case 7:
        into.domain = reader.string("domain");
        break;
      case 8:
        into.overload = reader.string("overload");
        break;
      default:
        reader.skip();
    }
  }
}

void read(GraphProto& into, Span bytes) {
  WireReader reader(bytes, "GraphProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.nodes.push_back(reader.span("node"));
        break;
      case 2:
        into.name = reader.string("name");
        break;
      case 5:
        into.initializers.push_back(reader.span("initializer"));
        break;
      case 10:
        into.doc_string = reader.string("doc_string");
        break;
      case 11:
        into.inputs.push_back(reader.span("input"));
        break;
      case 12:
        into.outputs.push_back(reader.span("output"));
        break;
      case 15:
        reader.span("sparse_initializer");
        ++into.sparse_initializers;
        break;
      default:
        reader.skip();
    }
  }
}

void read(FunctionProto& into, Span bytes) {
  WireReader reader(bytes, "FunctionProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.name = reader.string("name");
        break;
      case 4:
        into.inputs.push_back(reader.string("input"));
        break;
      case 5:
        into.outputs.push_back(reader.string("output"));
        break;
      case 6:
        into.attributes.push_back(reader.string("attribute"));
        break;
      case 7:
        into.nodes.push_back(reader.span("node"));
        break;
      case 9:
        read(into.opset_imports.emplace_back(), reader.span("opset_import"));
        break;
      case 10:
        into.domain = reader.string("domain");
        break;
      case 11:
        into.attribute_protos.push_back(reader.span("attribute_proto"));
        break;
      case 13:
        into.overload = reader.string("overload");
        break;
      default:
        reader.skip();
    }
  }
}

void read(ModelProto& into, Span bytes) {
  WireReader reader(bytes, "ModelProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.ir_version = reader.int64("ir_version");
        break;
      case 2:
        into.producer_name = reader.string("producer_name");
        break;
      case 3:
        into.producer_version = reader.string("producer_version");
        break;
      case 4:
        into.domain = reader.string("domain");
        break;
      case 5:
        into.model_version = reader.int64("model_version");
        break;
      case 6:
        into.doc_string = reader.string("doc_string");
        break;
      case 7:
        into.has_graph = true;
        read(into.graph, reader.span("graph"));
        break;
      case 8:
        read(into.opset_imports.emplace_back(), reader.span("opset_import"));
        break;
      case 14:
        read(into.metadata_props.emplace_back(), reader.span("metadata_props"));
        break;
      case 25:
        into.functions.push_back(reader.span("functions"));
        break;
      default:
        reader.skip();
    }
  }
}

void check_subgraphs(Span node, std::size_t limit) {
  enum class Kind : std::uint8_t { kNode, kAttribute, kGraph };
  struct Level {
    WireReader reader;
    Kind kind;
  };
  std::vector<Level> levels;
  levels.push_back({WireReader(node, "NodeProto"), Kind::kNode});
  std::size_t depth = 0;
  while (!levels.empty()) {
    Level& level = levels.back();
    if (!level.reader.next()) {
      if (level.kind == Kind::kGraph) --depth;
      levels.pop_back();
      continue;
    }
    const std::uint32_t field = level.reader.field();
    if (level.kind == Kind::kNode && field == 5) {
      levels.push_back({WireReader(level.reader.span("attribute"), "AttributeProto"), Kind::kAttribute});
    } else if (level.kind == Kind::kGraph && field == 1) {
      levels.push_back({WireReader(level.reader.span("node"), "NodeProto"), Kind::kNode});
    } else if (level.kind == Kind::kAttribute && (field == 6 || field == 11)) {
      const Span graph = level.reader.span(field == 6 ? "g" : "graphs");
      if (limit != 0 && depth == limit) {
        fail(ErrorCode::kLimitExceeded, "subgraphs are nested more than ", limit,
             " deep (Options::limits.nesting), at byte ", graph.offset());
      }
      ++depth;
      levels.push_back({WireReader(graph, "GraphProto"), Kind::kGraph});
    } else {
      level.reader.skip();
    }
  }
}

}  // namespace linnet::internal::onnx
