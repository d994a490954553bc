#include "runtime/select.hpp"

namespace linnet::internal {

const Implementation& select_implementation(const NodeView& node, Refusals* refusals) {
  const Backend wanted = node.options().backend;
  std::string reasons;
  for (const Implementation& candidate : node.node().op->implementations) {
    std::string reason;
    if (wanted != Backend::kAuto && candidate.backend != wanted && candidate.backend != Backend::kReference) {
      reason = "another backend is asked for";
    } else if (candidate.accepts != nullptr) {
      reason = candidate.accepts(node);
    }
    if (reason.empty()) return candidate;
    if (refusals != nullptr) refusals->emplace_back(candidate.name, reason);
    reasons += text(reasons.empty() ? "" : "; ", candidate.name, ": ", reason);
  }
  unsupported("no implementation accepts these types and shapes: ", reasons);
}

}  // namespace linnet::internal
