// The functions that a model defines for itself.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// "ai.onnx" is another spelling of "".
inline std::string_view canonical_domain(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

struct LocalFunction {
  FunctionProto proto;
  /// That one call makes, the call itself, those of bodies and those of the functions it calls included; saturates.
  std::size_t nodes = 0;
  std::size_t depth = 1;  ///< functions within each other, this one included
};

/// Thread-safety: immutable.
class FunctionTable {
 public:
  /// Reads and checks all of them without expanding any: linear in their bytes.
  /// Errors: kInvalidModel for a nameless function, two of one name (in one domain and overload), a function that calls
  /// itself, directly, through others or in bodies; kLimitExceeded when functions are nested deeper than
  /// Options::limits.nesting.
  FunctionTable(const std::vector<Span>& functions, const Options& options);

  bool empty() const { return functions_.empty(); }
  /// The function that the node calls; null when it calls none.
  const LocalFunction* find(const NodeProto& node) const;

 private:
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  void measure(const std::vector<std::vector<std::size_t>>& calls, const Options& options);
  std::vector<LocalFunction> functions_;
  std::map<Key, std::size_t> by_name_;
};

/// `function "f" (domain d)`, for messages.
std::string describe(const FunctionProto& function);

/// a + b, or the largest number when that overflows.
inline std::size_t saturating_sum(std::size_t a, std::size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

}  // namespace linnet::internal::onnx
