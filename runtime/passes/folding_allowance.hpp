// What constant folding may make and take, for a graph and the bodies in it together.
#pragma once

#include <linnet/linnet.hpp>

#include <cmath>
#include <cstdint>

namespace linnet::internal {

class FoldingAllowance {
 public:
  explicit FoldingAllowance(const Limits& limits)
      : bytes_(limits.folded_bytes == 0 ? SIZE_MAX : limits.folded_bytes),
        nanoseconds_(limits.folding_ns == 0 ? HUGE_VAL : static_cast<double>(limits.folding_ns)) {}

  /// False, and nothing spent, for what takes more than is left.
  bool spend(std::size_t bytes, double nanoseconds) {
    if (bytes > bytes_ || nanoseconds > nanoseconds_) return false;
    bytes_ -= bytes;
    nanoseconds_ -= nanoseconds;
    return true;
  }

 private:
  std::size_t bytes_;
  double nanoseconds_;
};

}  // namespace linnet::internal
