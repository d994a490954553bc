// Windows over images with channels last, every channel by itself, cut into tasks for ops/kernels/window_lines.hpp:
// what depthwise convolutions and pools share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/kernels/window_lines.hpp"
#include "ops/shared/window.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

constexpr std::size_t kMostLineAxes = 3;  ///< spatial ones

/// Whether windows of so many taps along each axis have more lines than kernels keep a list of.
inline bool too_many_lines(const std::int64_t* kernel, std::size_t axes) {
  double lines = 1;
  for (std::size_t i = 0; i + 1 < axes; ++i) lines *= static_cast<double>(kernel[i]);
  return lines > static_cast<double>(kernels::kMostLineRuns);
}

class WindowLinesPlan {
 public:
  /// At first there is nothing to make. Requires: called once, with one to kMostLineAxes axes; X and Y have elements.
  void cut(const std::vector<WindowAxis>& axes, std::int64_t images, std::int64_t channels, int threads);

  /// Where the axes are in [depth, rows, columns]: the first ones may not be there.
  static std::size_t first_axis(std::size_t axes) { return kMostLineAxes - axes; }

  /// Calls body(lines) for parts of the images at x that make up those at y; `x` of the lines is that of an image, and
  /// so is `y`. `cost`: nanoseconds per tap and element of y on one thread. Errors: those of RunControl::parallel_for.
  template <typename Body>
  void run(RunControl& control, const float* x, float* y, double cost, const Body& body) const {
    if (images_ == 0) return;
    control.parallel_for(images_ * tasks_, work_ * cost, [&](std::size_t task) {
      if (!control.abandon_if_stopped()) body(part(task, x, y));
    });
  }

 private:
  kernels::WindowLines part(std::size_t task, const float* x, float* y) const;

  std::vector<kernels::TapRange> taps_[kMostLineAxes];
  std::vector<std::ptrdiff_t> offsets_ = {0};  ///< of taps
  kernels::WindowLines whole_ = {};            ///< without pointers
  std::size_t images_ = 0, x_image_ = 0, y_image_ = 0;
  std::size_t lines_ = 1, band_ = 1, columns_ = 1, piece_ = 1;  ///< of an image, and of a task
  std::size_t tasks_ = 0, pieces_ = 1;                          ///< of an image, and of a band
  double work_ = 0;                                             ///< taps of all elements of y
};

}  // namespace linnet::internal
