#include "runtime/parse_context.hpp"

#include <algorithm>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

const char* kind_of(const AttributeValue& value) {
  static constexpr const char* kKinds[] = {"a float", "an int", "a string", "a tensor",
                                           "floats",  "ints",   "strings",  "a type"};
  if (const auto* opaque = std::get_if<OpaqueAttribute>(&value)) return opaque->kind.c_str();
  return kKinds[value.index()];
}

}  // namespace

ParseContext::ParseContext(int opset, const std::vector<NamedAttribute>& attributes, std::size_t input_count,
                           std::size_t output_count)
    : opset_(opset),
      attributes_(attributes),
      uses_(attributes.size(), Use::kUnread),
      input_count_(input_count),
      output_count_(output_count) {}

bool ParseContext::has(std::string_view name) { return use(name, Use::kRead) != nullptr; }

/// The value, if the attribute is there. What was read once stays kRead.
const AttributeValue* ParseContext::use(std::string_view name, Use as) {
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name != name) continue;
    uses_[i] = std::max(uses_[i], as);
    return &attributes_[i].value;
  }
  return nullptr;
}

template <typename T>
const T* ParseContext::find(std::string_view name, const char* kind, const T* otherwise) {
  const AttributeValue* found = use(name, Use::kUnread);
  if (found == nullptr) return nullptr;
  const T* value = std::get_if<T>(found);
  use(name, value != nullptr && otherwise != nullptr && *value == *otherwise ? Use::kDefault : Use::kRead);
  if (value == nullptr) invalid_model("attribute \"", name, "\" is ", kind_of(*found), ", expected ", kind);
  return value;
}

float ParseContext::get_float(std::string_view name, float otherwise) {
  const float* value = find<float>(name, "a float", &otherwise);
  return value != nullptr ? *value : otherwise;
}

std::int64_t ParseContext::get_int(std::string_view name, std::int64_t otherwise) {
  const std::int64_t* value = find<std::int64_t>(name, "an int", &otherwise);
  return value != nullptr ? *value : otherwise;
}

std::int64_t ParseContext::require_int(std::string_view name) {
  const std::int64_t* value = find<std::int64_t>(name, "an int");
  if (value == nullptr) invalid_model("attribute \"", name, "\" is missing");
  return *value;
}

std::string ParseContext::get_string(std::string_view name, std::string otherwise) {
  const std::string* value = find<std::string>(name, "a string", &otherwise);
  if (value != nullptr) return *value;
  return otherwise;
}

std::optional<std::vector<std::int64_t>> ParseContext::get_ints(std::string_view name) {
  const auto* value = find<std::vector<std::int64_t>>(name, "ints");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<float>> ParseContext::get_floats(std::string_view name) {
  const auto* value = find<std::vector<float>>(name, "floats");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<std::string>> ParseContext::get_strings(std::string_view name) {
  const auto* value = find<std::vector<std::string>>(name, "strings");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<DataType> ParseContext::get_type(std::string_view name) {
  const auto* value = find<DataType>(name, "a type");
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

ConstantPtr ParseContext::get_tensor(std::string_view name) {
  const ConstantPtr* value = find<ConstantPtr>(name, "a tensor");
  return value != nullptr ? *value : nullptr;
}

}  // namespace linnet::internal
