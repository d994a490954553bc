#include "runtime/op.hpp"

namespace linnet::internal {
namespace {

const char* kind_of(const AttributeValue& value) {
  static constexpr const char* kKinds[] = {"a float", "an int", "a string", "a tensor", "floats", "ints", "strings"};
  if (const auto* opaque = std::get_if<OpaqueAttribute>(&value)) return opaque->kind.c_str();
  return kKinds[value.index()];
}

}  // namespace

ParseContext::ParseContext(int opset, const std::vector<NamedAttribute>& attributes, std::size_t input_count,
                           std::size_t output_count)
    : opset_(opset),
      attributes_(attributes),
      asked_(attributes.size(), false),
      input_count_(input_count),
      output_count_(output_count) {}

bool ParseContext::has(std::string_view name) {
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name != name) continue;
    asked_[i] = true;
    return true;
  }
  return false;
}

template <typename T>
const T* ParseContext::find(std::string_view name, const char* kind) {
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name != name) continue;
    asked_[i] = true;
    const T* value = std::get_if<T>(&attributes_[i].value);
    if (value == nullptr)
      invalid_model("attribute \"", name, "\" is ", kind_of(attributes_[i].value), ", expected ", kind);
    return value;
  }
  return nullptr;
}

float ParseContext::get_float(std::string_view name, float otherwise) {
  const float* value = find<float>(name, "a float");
  return value != nullptr ? *value : otherwise;
}

std::int64_t ParseContext::get_int(std::string_view name, std::int64_t otherwise) {
  const std::int64_t* value = find<std::int64_t>(name, "an int");
  return value != nullptr ? *value : otherwise;
}

std::int64_t ParseContext::require_int(std::string_view name) {
  const std::int64_t* value = find<std::int64_t>(name, "an int");
  if (value == nullptr) invalid_model("attribute \"", name, "\" is missing");
  return *value;
}

std::string ParseContext::get_string(std::string_view name, std::string otherwise) {
  const std::string* value = find<std::string>(name, "a string");
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

ConstantPtr ParseContext::get_tensor(std::string_view name) {
  const ConstantPtr* value = find<ConstantPtr>(name, "a tensor");
  return value != nullptr ? *value : nullptr;
}

void ParseContext::finish() const {
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (!asked_[i])
      invalid_model("attribute \"", printable(attributes_[i].name), "\" does not exist at opset ", opset_);
  }
}

}  // namespace linnet::internal
