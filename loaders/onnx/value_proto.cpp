#include "loaders/onnx/value_proto.hpp"

#include "loaders/onnx/proto.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal::onnx {
namespace {

void fill_tensor(Held& value, Span bytes, const TensorSource& source) {
  const ConstantPtr constant = read_tensor(read<TensorProto>(bytes), source);
  copy_to(value, {constant->type, constant->shape.data(), constant->shape.size(), constant->aligned()});
}

/// Source: SequenceProto and OptionalProto in onnx-data.proto; both have what is in them in fields of its kind.
enum Field : std::uint32_t { kTensorField = 3, kSequenceField = 5 };

void fill_sequence(Held& value, Span bytes, const TensorSource& source) {
  std::vector<Span> tensors;
  WireReader reader(bytes, "SequenceProto");
  while (reader.next()) {
    if (reader.field() == kTensorField) {
      tensors.push_back(reader.span("tensor_values"));
    } else if (reader.field() > kTensorField) {
      unsupported("sequences of values that are no dense tensors are not supported");
    } else {
      reader.skip();
    }
  }
  DataType type = DataType::kFloat32;
  if (!tensors.empty()) type = element_type(read<TensorProto>(tensors.front()).data_type);
  std::vector<Held>& items = value.make_items(sequence_of(type), tensors.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    fill_tensor(items[i], tensors[i], source);
    if (items[i].type() != type) invalid_model("tensor ", i, " of the sequence is ", items[i].type(), ", not ", type);
  }
}

}  // namespace

std::shared_ptr<const Held> read_value(Span bytes, ValueKind kind, const TensorSource& source) {
  if (kind >= ValueKind::kMap) unsupported("maps are not read from files");
  const auto value = new_shared<Held>();
  if (kind == ValueKind::kTensor) {
    fill_tensor(*value, bytes, source);
    return value;
  }
  if (kind == ValueKind::kSequence) {
    fill_sequence(*value, bytes, source);
    return value;
  }
  Held inside;
  bool there = false;
  WireReader reader(bytes, "OptionalProto");
  while (reader.next()) {
    if (reader.field() == kTensorField) {
      fill_tensor(inside, reader.span("tensor_value"), source);
      there = true;
    } else if (reader.field() == kSequenceField) {
      fill_sequence(inside, reader.span("sequence_value"), source);
      there = true;
    } else if (reader.field() > kTensorField) {
      unsupported("optionals of values that are neither dense tensors nor sequences are not supported");
    } else {
      reader.skip();
    }
  }
  const bool sequence = kind == ValueKind::kOptionalSequence;
  const DataType absent = sequence ? sequence_of(DataType::kFloat32) : DataType::kFloat32;
  std::vector<Held>& items = value->make_items(optional_of(there ? inside.type() : absent), there ? 1 : 0);
  if (there) items[0] = std::move(inside);
  return value;
}

}  // namespace linnet::internal::onnx
