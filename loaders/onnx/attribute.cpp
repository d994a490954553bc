#include "loaders/onnx/attribute.hpp"

#include "loaders/onnx/declared_types.hpp"

namespace linnet::internal::onnx {
namespace {

AttributeValue value_of(const AttributeProto& attribute, const TensorSource& source) {
  const AttributeType type = type_of(attribute);
  switch (type) {
    case AttributeType::kFloat:
      return attribute.f;
    case AttributeType::kInt:
      return attribute.i;
    case AttributeType::kString:
      return std::string(attribute.s);
    case AttributeType::kTensor:
      return read_tensor(attribute.t, source);
    case AttributeType::kFloats:
      return attribute.floats;
    case AttributeType::kInts:
      return attribute.ints;
    case AttributeType::kTypeProto:
      return value_type(read<TypeProto>(attribute.tp));
    case AttributeType::kStrings:
      return std::vector<std::string>(attribute.strings.begin(), attribute.strings.end());
    default:
      return OpaqueAttribute{name_of(type)};
  }
}

}  // namespace

AttributeType type_of(const AttributeProto& attribute) {
  constexpr auto kLast = static_cast<std::int32_t>(AttributeType::kTypeProtos);
  const auto declared = static_cast<std::int32_t>(attribute.type);
  if (declared < 0 || declared > kLast) invalid_model("attribute type ", declared, " does not exist");
  AttributeType found = AttributeType::kUndefined;
  for (std::int32_t kind = 1; kind <= kLast; ++kind) {
    if (!attribute.has(static_cast<AttributeType>(kind))) continue;
    if (found != AttributeType::kUndefined) {
      invalid_model("holds both ", name_of(found), " and ", name_of(static_cast<AttributeType>(kind)));
    }
    found = static_cast<AttributeType>(kind);
  }
  if (attribute.type == AttributeType::kUndefined) {
    if (found == AttributeType::kUndefined) invalid_model("has neither a type nor a value");
    return found;
  }
  // Without a field the value is the type's default: some writers leave out zeros and empty lists.
  if (found != AttributeType::kUndefined && found != attribute.type) {
    invalid_model("is declared as ", name_of(attribute.type), " but holds ", name_of(found));
  }
  if (found == AttributeType::kUndefined && attribute.type == AttributeType::kTensor)
    invalid_model("is declared as tensor but holds none");
  return attribute.type;
}

NamedAttribute read_attribute(const AttributeProto& attribute, std::string_view name, const TensorSource& source) {
  try {
    return {std::string(name), value_of(attribute, source)};
  } catch (const Error& error) {
    throw Error(error.code(), text("attribute \"", printable(name), "\": ", error.what()));
  }
}

}  // namespace linnet::internal::onnx
