// Concat: what fusions need to know.
#pragma once

#include <cstdint>

#include "runtime/op.hpp"

namespace linnet::internal {

struct ConcatAttributes : Attributes {
  std::int64_t axis = 0;
};

}  // namespace linnet::internal
