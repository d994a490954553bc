// The border of the library: only linnet::Error crosses it.
#pragma once

namespace linnet::internal {

/// Throws the exception under way on, as a linnet::Error. Requires: called by a handler.
[[noreturn]] void throw_as_error();

template <typename Body>
decltype(auto) guarded(Body&& body) {
  try {
    return body();
  } catch (...) {
    throw_as_error();  // what tells exceptions apart is there once, not in every function
  }
}

}  // namespace linnet::internal
