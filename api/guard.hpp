// The border of the library: only linnet::Error crosses it.
#pragma once

#include <new>

#include "runtime/error.hpp"

namespace linnet::internal {

template <typename Body>
decltype(auto) guarded(Body&& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kInternal, std::string("defect in Linnet: ") + error.what());
  }
}

}  // namespace linnet::internal
