// Functions of 16-bit floats by way of float32: widened, computed and narrowed while they are in the first-level cache.
#pragma once

#include <algorithm>
#include <cstddef>

#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {

/// y[i] = what compute(line, size) makes of x[i] in a line of floats, for i < count, rounded to the type. `y` may be
/// `x`. `cost`: nanoseconds per element that `compute` takes. Requires: `type` is float16 or bfloat16. Errors: those of
/// RunControl::parallel_for.
template <typename Compute>
void for_half_lines(RunControl& control, DataType type, const void* x, std::size_t count, double cost, void* y,
                    const Compute& compute) {
  constexpr std::size_t kChunk = 16384;
  constexpr std::size_t kLine = 1024;
  constexpr double kConversions = 0.1;
  for_chunks(control, count, kChunk, cost + kConversions, [&](std::size_t first, std::size_t size) {
    float line[kLine];
    for (std::size_t done = 0; done < size; done += kLine) {
      const std::size_t elements = std::min(kLine, size - done);
      load_line(type, x, first + done, elements, line);
      compute(line, elements);
      store_line(type, line, first + done, elements, y);
    }
  });
}

}  // namespace linnet::internal
