// Which version of each operator set a model (or a function) uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loaders/onnx/proto.hpp"

namespace linnet::internal::onnx {

/// What Linnet was written against. Source: ONNX 1.23.2 (onnx.proto, onnx/helper.py).
inline constexpr std::int64_t kOldestIrVersion = 3;
inline constexpr std::int64_t kNewestIrVersion = 14;
inline constexpr int kOldestOpset = 7;  ///< older ones are converted first
inline constexpr int kNewestOpset = 28;
inline constexpr int kNewestMlOpset = 5;

class OpsetImports {
 public:
  OpsetImports() = default;
  /// `owner` is for messages: "the model", `function "f"`.
  /// Errors: kInvalidModel for a domain in two versions ("" and "ai.onnx" are one), a version below 1 or newer than
  /// ONNX has.
  OpsetImports(const std::vector<OperatorSetIdProto>& imports, const std::string& owner);

  /// 0 when the domain is not imported.
  int find(std::string_view domain) const;
  /// Imports a domain that is not imported yet. Requires: `domain` outlives this.
  void add(std::string_view domain, int version);
  const std::vector<std::pair<std::string_view, int>>& all() const { return versions_; }

 private:
  std::vector<std::pair<std::string_view, int>> versions_;  ///< by domain, sorted; "ai.onnx" stands as ""
};

}  // namespace linnet::internal::onnx
