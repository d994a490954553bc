// The operators that ops.list marks with @extra, for the shared library: see runtime/operator_module.hpp.
#include <cstring>

#include "ops/ops.hpp"
#include "runtime/operator_module.hpp"

namespace linnet::internal {

extern "C" __attribute__((visibility("default"))) const Registry* linnet_extra_operators(const char* build_stamp) {
  return std::strcmp(build_stamp, kBuildStamp) == 0 ? &all_operators() : nullptr;
}

}  // namespace linnet::internal
