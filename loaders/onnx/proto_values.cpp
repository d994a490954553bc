// The messages of values: tensors, attributes and types.
#include <array>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {
namespace {

void read_dimension(DimensionProto& into, Span bytes) {
  WireReader reader(bytes, "TensorShapeProto.Dimension");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.kind = DimensionProto::Kind::kValue;
        into.value = reader.int64("dim_value");
        break;
      case 2:
        into.kind = DimensionProto::Kind::kParam;
        into.param = reader.string("dim_param");
        break;
      case 3:
        into.denotation = reader.string("denotation");
        break;
      default:
        reader.skip();
    }
  }
}

void read_shape(TypeProto& into, Span bytes) {
  into.has_shape = true;
  WireReader reader(bytes, "TensorShapeProto");
  while (reader.next()) {
    if (reader.field() == 1) {
      read_dimension(into.dims.emplace_back(), reader.span("dim"));
    } else {
      reader.skip();
    }
  }
}

void read_type_inside(TypeProto& into, Span bytes) {
  WireReader reader(bytes, "TypeProto.Sequence or TypeProto.Optional");
  while (reader.next()) {
    if (reader.field() == 1) {
      into.element = reader.span("elem_type");
    } else {
      reader.skip();
    }
  }
}

void read_map_type(TypeProto& into, Span bytes) {
  WireReader reader(bytes, "TypeProto.Map");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.key_type = reader.int32("key_type");
        break;
      case 2:
        into.element = reader.span("value_type");
        break;
      default:
        reader.skip();
    }
  }
}

void read_tensor_type(TypeProto& into, Span bytes) {
  WireReader reader(bytes, "TypeProto.Tensor");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.elem_type = reader.int32("elem_type");
        break;
      case 2:
        read_shape(into, reader.span("shape"));
        break;
      default:
        reader.skip();
    }
  }
}

}  // namespace

void read(TensorProto& into, Span bytes) {
  into.parts.push_back(bytes);
  WireReader reader(bytes, "TensorProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        reader.varints("dims", [&](std::uint64_t dim) { into.dims.push_back(static_cast<std::int64_t>(dim)); });
        break;
      case 2:
        into.data_type = reader.int32("data_type");
        break;
      case 3:
        reader.span("segment");
        into.has_segment = true;
        break;
      case 4:
        into.float_count += reader.count_fixed("float_data", sizeof(float));
        break;
      case 5:
        into.int32_count += reader.count_varints("int32_data");
        break;
      case 6:
        reader.span("string_data");
        ++into.string_count;
        break;
      case 7:
        into.int64_count += reader.count_varints("int64_data");
        break;
      case 8:
        into.name = reader.string("name");
        break;
      case 9:
        into.has_raw_data = true;
        into.raw_data = reader.string("raw_data");
        break;
      case 10:
        into.double_count += reader.count_fixed("double_data", sizeof(double));
        break;
      case 11:
        into.uint64_count += reader.count_varints("uint64_data");
        break;
      case 13:
        read(into.external_data.emplace_back(), reader.span("external_data"));
        break;
      case 14:
        into.data_location = reader.int32("data_location");
        break;
      default:
        reader.skip();
    }
  }
}

void read(SparseTensorProto& into, Span bytes) {
  WireReader reader(bytes, "SparseTensorProto");
  while (reader.next()) {
    if (reader.field() == 1) {
      into.values = reader.span("values");
    } else {
      reader.skip();
    }
  }
}

std::string name_of(AttributeType type) {
  constexpr std::array<const char*, 15> kNames = {
      "undefined", "float",   "int",    "string",        "tensor",         "graph",      "floats",     "ints",
      "strings",   "tensors", "graphs", "sparse_tensor", "sparse_tensors", "type_proto", "type_protos"};
  const auto index = static_cast<std::size_t>(static_cast<std::int32_t>(type));
  return index < kNames.size() ? kNames[index] : text("type ", static_cast<std::int32_t>(type));
}

void read(AttributeProto& into, Span bytes) {
  const auto found = [&](AttributeType kind) { into.present |= 1u << static_cast<unsigned>(kind); };
  WireReader reader(bytes, "AttributeProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.name = reader.string("name");
        break;
      case 2:
        into.f = reader.float32("f");
        found(AttributeType::kFloat);
        break;
      case 3:
        into.i = reader.int64("i");
        found(AttributeType::kInt);
        break;
      case 4:
        into.s = reader.string("s");
        found(AttributeType::kString);
        break;
      case 5:
        read(into.t, reader.span("t"));
        found(AttributeType::kTensor);
        break;
      case 6:
        into.graphs.push_back(reader.span("g"));
        found(AttributeType::kGraph);
        break;
      case 7:
        reader.fixed_elements<float>("floats", [&](float value) { into.floats.push_back(value); });
        found(AttributeType::kFloats);
        break;
      case 8:
        reader.varints("ints", [&](std::uint64_t value) { into.ints.push_back(static_cast<std::int64_t>(value)); });
        found(AttributeType::kInts);
        break;
      case 9:
        into.strings.push_back(reader.string("strings"));
        found(AttributeType::kStrings);
        break;
      case 10:
        reader.span("tensors");
        found(AttributeType::kTensors);
        break;
      case 11:
        into.graphs.push_back(reader.span("graphs"));
        found(AttributeType::kGraphs);
        break;
      case 14:
        into.tp = reader.span("tp");
        found(AttributeType::kTypeProto);
        break;
      case 15:
        reader.span("type_protos");
        found(AttributeType::kTypeProtos);
        break;
      case 20:
        into.type = static_cast<AttributeType>(reader.int32("type"));
        break;
      case 21:
        into.ref_attr_name = reader.string("ref_attr_name");
        break;
      case 22:
        reader.span("sparse_tensor");
        found(AttributeType::kSparseTensor);
        break;
      case 23:
        reader.span("sparse_tensors");
        found(AttributeType::kSparseTensors);
        break;
      default:
        reader.skip();
    }
  }
}

void read(TypeProto& into, Span bytes) {
  WireReader reader(bytes, "TypeProto");
  while (reader.next()) {
    const auto kind = static_cast<TypeProto::Kind>(reader.field());
    switch (reader.field()) {
      case 1:
      case 4:
      case 5:
      case 7:
      case 8:
      case 9: {
        const Span value = reader.span("value");
        if (into.kind != kind) into = TypeProto{kind, 0, false, {}};
        if (kind == TypeProto::Kind::kTensor) read_tensor_type(into, value);
        if (kind == TypeProto::Kind::kMap) read_map_type(into, value);
        if (kind == TypeProto::Kind::kSequence || kind == TypeProto::Kind::kOptional) read_type_inside(into, value);
        break;
      }
      default:
        reader.skip();
    }
  }
}

void read(ValueInfoProto& into, Span bytes) {
  WireReader reader(bytes, "ValueInfoProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        into.name = reader.string("name");
        break;
      case 2:
        read(into.type, reader.span("type"));
        break;
      default:
        reader.skip();
    }
  }
}

}  // namespace linnet::internal::onnx
