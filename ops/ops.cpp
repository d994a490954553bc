#include "ops/ops.hpp"

namespace linnet::internal {

const Registry& all_operators() {
  static const Registry kRegistry = [] {
    Registry registry;
    register_all_operators(registry);
    return registry;
  }();
  return kRegistry;
}

}  // namespace linnet::internal
