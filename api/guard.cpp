#include "api/guard.hpp"

#include <exception>
#include <new>
#include <string>

#include "runtime/error.hpp"

namespace linnet::internal {

void throw_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kInternal, std::string("defect in Linnet: ") + error.what());
  }
}

}  // namespace linnet::internal
