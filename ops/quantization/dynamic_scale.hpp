// How DynamicQuantizeLinear quantises.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/op.hpp"

namespace linnet::internal {

struct DynamicScale {
  float scale;
  std::uint8_t zero;
};

/// Of all the elements. Minimum and maximum are found by several threads.
DynamicScale dynamic_scale_of(RunControl& control, const float* x, std::size_t count);

}  // namespace linnet::internal
