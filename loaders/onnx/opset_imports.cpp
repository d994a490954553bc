#include "loaders/onnx/opset_imports.hpp"

#include <algorithm>
#include <limits>

#include "loaders/onnx/functions.hpp"

namespace linnet::internal::onnx {
namespace {

std::string quoted_domain(std::string_view domain) { return text("\"", printable(domain), "\""); }

int newest_version(std::string_view domain) {
  if (domain.empty()) return kNewestOpset;
  if (domain == "ai.onnx.ml") return kNewestMlOpset;
  return std::numeric_limits<int>::max();
}

}  // namespace

OpsetImports::OpsetImports(const std::vector<OperatorSetIdProto>& imports, const std::string& owner) {
  versions_.reserve(imports.size());
  for (const OperatorSetIdProto& import : imports) {
    const std::string_view domain = canonical_domain(import.domain);
    const int newest = newest_version(domain);
    if (import.version < 1 || import.version > newest) {
      invalid_model(owner, " imports opset ", import.version, " of domain ", quoted_domain(domain), "; known are 1 to ",
                    newest);
    }
    versions_.emplace_back(domain, static_cast<int>(import.version));
  }
  std::sort(versions_.begin(), versions_.end());
  versions_.erase(std::unique(versions_.begin(), versions_.end()), versions_.end());
  const auto twice = std::adjacent_find(versions_.begin(), versions_.end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != versions_.end()) {
    invalid_model(owner, " imports the operator set of domain ", quoted_domain(twice->first), " twice, at opset ",
                  twice->second, " and ", (twice + 1)->second);
  }
}

void OpsetImports::add(std::string_view domain, int version) {
  versions_.emplace_back(canonical_domain(domain), version);
  std::sort(versions_.begin(), versions_.end());
}

int OpsetImports::find(std::string_view domain) const {
  const std::string_view wanted = canonical_domain(domain);
  const auto found = std::lower_bound(versions_.begin(), versions_.end(), wanted,
                                      [](const auto& entry, std::string_view name) { return entry.first < name; });
  return found != versions_.end() && found->first == wanted ? found->second : 0;
}

}  // namespace linnet::internal::onnx
