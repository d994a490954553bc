// Cuts a flat loop into tasks for RunControl::parallel_for.
#pragma once

#include <algorithm>
#include <cstddef>

#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Calls body(first, size) for consecutive chunks of `chunk` elements (the last may be shorter) that cover [0, count).
/// `cost`: nanoseconds per element on one thread. Errors: those of RunControl::parallel_for.
template <typename Body>
void for_chunks(RunControl& control, std::size_t count, std::size_t chunk, double cost, const Body& body) {
  control.parallel_for((count + chunk - 1) / chunk, static_cast<double>(count) * cost, [&](std::size_t index) {
    const std::size_t first = index * chunk;
    body(first, std::min(chunk, count - first));
  });
}

}  // namespace linnet::internal
