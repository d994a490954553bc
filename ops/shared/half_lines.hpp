// Functions of 16-bit floats by way of float32: widened, computed and narrowed while they are in the first-level cache.
#pragma once

#include <algorithm>
#include <cstddef>

#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

inline constexpr double kHalfConversions = 0.1;  ///< ns per element, of a line to float32 and back

/// One line, of at most kLineElements: elements [first, first + count) of y, as for_half_lines makes them.
template <typename Compute>
void half_line(DataType type, const void* x, std::size_t first, std::size_t count, void* y, const Compute& compute) {
  float line[kLineElements];
  load_line(type, x, first, count, line);
  compute(line, count);
  store_line(type, line, first, count, y);
}

/// y[i] = what compute(line, size) makes of x[i] in a line of floats, for i < count, rounded to the type. `y` may be
/// `x`. `cost`: nanoseconds per element that `compute` takes. Requires: `type` is float16 or bfloat16. Errors: those of
/// RunControl::parallel_for.
template <typename Compute>
void for_half_lines(RunControl& control, DataType type, const void* x, std::size_t count, double cost, void* y,
                    const Compute& compute) {
  constexpr std::size_t kChunk = 16384;
  for_chunks(control, count, kChunk, cost + kHalfConversions, [&](std::size_t first, std::size_t size) {
    for (std::size_t done = 0; done < size; done += kLineElements)
      half_line(type, x, first + done, std::min(kLineElements, size - done), y, compute);
  });
}

}  // namespace linnet::internal
