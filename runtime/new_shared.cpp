#include "runtime/new_shared.hpp"

namespace linnet::internal {

std::shared_ptr<void> own(void* object, void (*destroy)(void*)) { return {object, destroy}; }

}  // namespace linnet::internal
