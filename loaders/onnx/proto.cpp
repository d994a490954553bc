// The messages that make up a model: its graph, functions and nodes.
#include "loaders/onnx/proto.hpp"

#include <algorithm>
#include <iterator>

namespace linnet::internal::onnx {

void NodeProto::clear() {
  inputs.clear();
  outputs.clear();
  name = op_type = domain = overload = {};
  attributes.clear();
  metadata_props.clear();
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
      case 9:
        into.metadata_props.push_back(reader.span("metadata_props"));
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
        into.sparse_initializers.push_back(reader.span("sparse_initializer"));
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

std::vector<std::string_view> captured_names(Span node) {
  std::vector<std::string_view> read;
  std::vector<std::string_view> made;
  walk_subgraphs(node, 0,
                 [&](NameUse use, std::string_view name) { (use == NameUse::kRead ? read : made).push_back(name); });
  const auto sort = [](std::vector<std::string_view>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  };
  sort(read);
  sort(made);
  std::vector<std::string_view> captured;
  std::set_difference(read.begin(), read.end(), made.begin(), made.end(), std::back_inserter(captured));
  return captured;
}

void for_each_node(const std::vector<Span>& nodes, const std::function<void(const NodeProto&)>& visitor) {
  std::vector<Span> waiting = nodes;
  NodeProto node;
  while (!waiting.empty()) {
    const Span bytes = waiting.back();
    waiting.pop_back();
    node.clear();
    read(node, bytes);
    visitor(node);
    for (const Span attribute : node.attributes) {
      WireReader reader(attribute, "AttributeProto");
      while (reader.next()) {
        if (reader.field() != 6 && reader.field() != 11) {
          reader.skip();
          continue;
        }
        GraphProto graph;
        read(graph, reader.span(reader.field() == 6 ? "g" : "graphs"));
        waiting.insert(waiting.end(), graph.nodes.begin(), graph.nodes.end());
      }
    }
  }
}

void walk_subgraphs(Span node, std::size_t limit, const std::function<void(NameUse, std::string_view)>& visitor) {
  enum class Kind : std::uint8_t { kNode, kAttribute, kGraph, kReturned, kInput, kInitializer };
  struct Level {
    WireReader reader;
    Kind kind;
  };
  std::vector<Level> levels;
  levels.push_back({WireReader(node, "NodeProto"), Kind::kNode});
  std::size_t depth = 0;
  const auto visit = [&](NameUse use, std::string_view name) {
    if (visitor && depth > 0 && !name.empty()) visitor(use, name);
  };
  while (!levels.empty()) {
    Level& level = levels.back();
    if (!level.reader.next()) {
      if (level.kind == Kind::kGraph) --depth;
      levels.pop_back();
      continue;
    }
    const std::uint32_t field = level.reader.field();
    if (level.kind == Kind::kNode && (field == 1 || field == 2)) {
      visit(field == 1 ? NameUse::kRead : NameUse::kMade, level.reader.string(field == 1 ? "input" : "output"));
    } else if (level.kind == Kind::kNode && field == 5) {
      levels.push_back({WireReader(level.reader.span("attribute"), "AttributeProto"), Kind::kAttribute});
    } else if (level.kind == Kind::kGraph && field == 1) {
      levels.push_back({WireReader(level.reader.span("node"), "NodeProto"), Kind::kNode});
    } else if (level.kind == Kind::kGraph && field == 5) {
      levels.push_back({WireReader(level.reader.span("initializer"), "TensorProto"), Kind::kInitializer});
    } else if (level.kind == Kind::kGraph && (field == 11 || field == 12)) {
      const Kind kind = field == 11 ? Kind::kInput : Kind::kReturned;
      levels.push_back({WireReader(level.reader.span(field == 11 ? "input" : "output"), "ValueInfoProto"), kind});
    } else if (level.kind == Kind::kReturned && field == 1) {
      visit(NameUse::kRead, level.reader.string("name"));
    } else if ((level.kind == Kind::kInput && field == 1) || (level.kind == Kind::kInitializer && field == 8)) {
      visit(NameUse::kMade, level.reader.string("name"));
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
