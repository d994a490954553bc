// The messages of onnx.proto (ONNX 1.23, IR version 14) as far as the loader needs them: views into the file's bytes.
//
// `read` adds to what is there, which is protobuf's rule for a field that occurs twice: the last scalar wins, lists are
// joined, messages merged. Strings are taken as they are: UTF-8 is not checked, a NUL byte is allowed. Unknown fields
// are passed over. Errors: kInvalidModel.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "loaders/onnx/wire.hpp"

namespace linnet::internal::onnx {

struct OperatorSetIdProto {
  std::string_view domain;
  std::int64_t version = 0;
};

struct NodeProto {
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;
  std::string_view overload;
  std::vector<Span> attributes;
  std::vector<Span> metadata_props;  ///< StringStringEntryProtos

  /// Empties it and keeps the memory of its lists.
  void clear();
};

struct StringStringEntryProto {
  std::string_view key;
  std::string_view value;
};

struct GraphProto {
  std::string_view name;
  std::string_view doc_string;
  std::vector<Span> nodes;
  std::vector<Span> initializers;
  std::vector<Span> inputs;
  std::vector<Span> outputs;
  std::vector<Span> sparse_initializers;
};

struct FunctionProto {
  std::string_view name;
  std::string_view domain;
  std::string_view overload;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<std::string_view> attributes;  ///< parameters without a default
  std::vector<Span> attribute_protos;        ///< parameters with one
  std::vector<Span> nodes;
  std::vector<OperatorSetIdProto> opset_imports;
};

struct ModelProto {
  std::int64_t ir_version = 0;
  std::vector<OperatorSetIdProto> opset_imports;
  std::string_view producer_name;
  std::string_view producer_version;
  std::string_view domain;
  std::int64_t model_version = 0;
  std::string_view doc_string;
  std::vector<StringStringEntryProto> metadata_props;
  bool has_graph = false;
  GraphProto graph;
  std::vector<Span> functions;
};

/// Which list of a TensorProto holds its elements; the number is that of the field.
enum class TensorField : std::uint8_t { kFloat = 4, kInt32 = 5, kString = 6, kInt64 = 7, kDouble = 10, kUint64 = 11 };

struct TensorProto {
  std::string_view name;
  std::vector<std::int64_t> dims;
  std::int32_t data_type = 0;
  bool has_segment = false;
  bool has_raw_data = false;
  std::string_view raw_data;
  std::int32_t data_location = 0;  ///< 1: external
  std::vector<StringStringEntryProto> external_data;
  std::size_t float_count = 0, int32_count = 0, string_count = 0, int64_count = 0, double_count = 0, uint64_count = 0;
  /// The bytes read so far, for for_each_element.
  std::vector<Span> parts;
};

/// Walks the elements of kInt32, kInt64 or kUint64 (as uint64, sign-extended), of kFloat (as float), kDouble (as
/// double) or kString (as std::string_view): visitor(element).
template <TensorField field, typename Visitor>
void for_each_element(const TensorProto& tensor, Visitor&& visitor) {
  for (const Span part : tensor.parts) {
    WireReader reader(part, "TensorProto");
    while (reader.next()) {
      if (reader.field() != static_cast<std::uint32_t>(field)) {
        reader.skip();
      } else if constexpr (field == TensorField::kFloat) {
        reader.fixed_elements<float>("float_data", visitor);
      } else if constexpr (field == TensorField::kDouble) {
        reader.fixed_elements<double>("double_data", visitor);
      } else if constexpr (field == TensorField::kString) {
        visitor(reader.string("string_data"));
      } else {
        reader.varints("int32_data, int64_data or uint64_data", visitor);
      }
    }
  }
}

struct SparseTensorProto {
  Span values;  ///< a TensorProto, whose name is that of the whole
};

/// AttributeProto.AttributeType.
enum class AttributeType : std::int32_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kTensors = 9,
  kGraphs = 10,
  kSparseTensor = 11,
  kSparseTensors = 12,
  kTypeProto = 13,
  kTypeProtos = 14,
};
/// "float", "ints", "sparse_tensor", ...; "type 99" for a number that is none.
std::string name_of(AttributeType type);

struct AttributeProto {
  std::string_view name;
  std::string_view ref_attr_name;
  AttributeType type = AttributeType::kUndefined;
  std::uint32_t present = 0;  ///< bit AttributeType: a field of that kind is there
  float f = 0;
  std::int64_t i = 0;
  std::string_view s;
  TensorProto t;
  std::vector<Span> graphs;  ///< of `g` and `graphs`
  std::vector<float> floats;
  std::vector<std::int64_t> ints;
  std::vector<std::string_view> strings;
  Span tp{};  ///< a TypeProto

  bool has(AttributeType kind) const { return (present >> static_cast<unsigned>(kind) & 1) != 0; }
};

struct DimensionProto {
  enum class Kind : std::uint8_t { kUnknown, kValue, kParam };
  Kind kind = Kind::kUnknown;
  std::int64_t value = 0;
  std::string_view param;
  std::string_view denotation;  ///< what the dimension means, such as "DATA_BATCH"
};

struct TypeProto {
  /// The numbers of the fields of TypeProto.
  enum class Kind : std::uint8_t {
    kNone = 0,
    kTensor = 1,
    kSequence = 4,
    kMap = 5,
    kOpaque = 7,
    kSparseTensor = 8,
    kOptional = 9
  };
  Kind kind = Kind::kNone;
  std::int32_t elem_type = 0;
  bool has_shape = false;
  std::vector<DimensionProto> dims;
  std::int32_t key_type = 0;  ///< of a map
  Span element{};             ///< of a sequence, optional or map: the TypeProto of what is in it, of the values
};

struct ValueInfoProto {
  std::string_view name;
  TypeProto type;
};

void read(OperatorSetIdProto& into, Span bytes);
void read(StringStringEntryProto& into, Span bytes);
void read(NodeProto& into, Span bytes);
void read(GraphProto& into, Span bytes);
void read(FunctionProto& into, Span bytes);
void read(ModelProto& into, Span bytes);
void read(TensorProto& into, Span bytes);
void read(SparseTensorProto& into, Span bytes);
void read(AttributeProto& into, Span bytes);
void read(TypeProto& into, Span bytes);
void read(ValueInfoProto& into, Span bytes);

template <typename Proto>
Proto read(Span bytes) {
  Proto proto;
  read(proto, bytes);
  return proto;
}

/// What a subgraph's walk meets: a name that one of its nodes reads or that it returns, or one that stands for a value
/// of its own (input, initializer, result of a node).
enum class NameUse : std::uint8_t { kRead, kMade };

/// Walks every subgraph below a NodeProto without recursion, and calls `visitor` (which may be empty) for every name.
/// Errors: kLimitExceeded for more than `limit` graphs within each other (0: no limit), kInvalidModel for damage.
void walk_subgraphs(Span node, std::size_t limit, const std::function<void(NameUse, std::string_view)>& visitor);

/// All of the nodes, and those of the graphs in their attributes, however deep: without recursion, in no order. What
/// the visitor is given is gone when it returns.
void for_each_node(const std::vector<Span>& nodes, const std::function<void(const NodeProto&)>& visitor);

/// Names that the subgraphs below a NodeProto read but do not make themselves, each once. Errors: kInvalidModel.
std::vector<std::string_view> captured_names(Span node);

}  // namespace linnet::internal::onnx
