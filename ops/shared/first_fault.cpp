#include "ops/shared/first_fault.hpp"

#include "runtime/error.hpp"

namespace linnet::internal {

void fail_if_divided_by_zero(const FirstFault& fault) {
  if (fault.element() == FirstFault::kNowhere) return;
  fail(ErrorCode::kRuntimeFault, "integer division by zero at element ", fault.element(), " of the output");
}

}  // namespace linnet::internal
