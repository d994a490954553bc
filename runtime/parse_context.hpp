// What `parse` sees of a node: its attributes, each asked for by name, kind and default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/data_type.hpp"
#include "runtime/graph.hpp"

namespace linnet::internal {

/// A subgraph or another kind of attribute that no operator here reads.
struct OpaqueAttribute {
  std::string kind;  ///< "graph", "graphs", "sparse_tensor", ...
};

using AttributeValue = std::variant<float, std::int64_t, std::string, ConstantPtr, std::vector<float>,
                                    std::vector<std::int64_t>, std::vector<std::string>, DataType, OpaqueAttribute>;
struct NamedAttribute {
  std::string name;
  AttributeValue value;
};

/// What `parse` sees of a node. Getters throw kInvalidModel when the attribute has another type.
class ParseContext {
 public:
  ParseContext(int opset, const std::vector<NamedAttribute>& attributes, std::size_t input_count,
               std::size_t output_count);

  /// Version of the operator set the node belongs to; `parse` is the only code that sees it.
  int opset() const { return opset_; }
  std::size_t input_count() const { return input_count_; }
  std::size_t output_count() const { return output_count_; }

  bool has(std::string_view name);
  float get_float(std::string_view name, float otherwise);
  std::int64_t get_int(std::string_view name, std::int64_t otherwise);
  /// Errors: kInvalidModel when missing.
  std::int64_t require_int(std::string_view name);
  std::string get_string(std::string_view name, std::string otherwise);
  std::optional<std::vector<std::int64_t>> get_ints(std::string_view name);
  std::optional<std::vector<float>> get_floats(std::string_view name);
  std::optional<std::vector<std::string>> get_strings(std::string_view name);
  ConstantPtr get_tensor(std::string_view name);            ///< null when missing
  std::optional<DataType> get_type(std::string_view name);  ///< a TypeProto
  /// An attribute that this opset allows but that has no effect at inference.
  void ignore(std::string_view name) { use(name, Use::kDefault); }

  /// What `parse` made of an attribute.
  enum class Use : std::uint8_t {
    kUnread,   ///< no getter asked for it
    kDefault,  ///< it is what it would be if it were left out, or has no effect
    kRead
  };
  Use use_of(std::size_t attribute) const { return uses_[attribute]; }

 private:
  const AttributeValue* use(std::string_view name, Use as);
  template <typename T>
  const T* find(std::string_view name, const char* kind, const T* otherwise = nullptr);
  int opset_;
  const std::vector<NamedAttribute>& attributes_;
  std::vector<Use> uses_;  ///< beside attributes_
  std::size_t input_count_;
  std::size_t output_count_;
};

}  // namespace linnet::internal
