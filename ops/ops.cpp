#include "ops/ops.hpp"

#include <memory>

namespace linnet::internal {

const Registry& all_operators() {
  // Never destroyed: other threads may load and run while the process exits.
  static const Registry& registry = *[] {
    auto made = std::make_unique<Registry>();
    register_all_operators(*made);
    return made.release();
  }();
  return registry;
}

}  // namespace linnet::internal
