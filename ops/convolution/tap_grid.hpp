// A convolution as sums over one list of taps: along each axis, output j reads input j * stride + shift for every shift
// of a list. Conv is one such grid. ConvTranspose is a few: outputs that lie a stride apart see the same shifts, with
// weights of their own. Phases (remainders of output / stride) with the same shifts share a grid, so that a kernel as
// large as its stride is one product for all of them; with channels last, whose outputs are rows of the products, each
// has a grid of its own. Shifts ascend.
#pragma once

#include "ops/convolution/convolution.hpp"

namespace linnet::internal {

struct TapAxis {
  std::int64_t input = 1;
  std::int64_t outputs = 1;  ///< of the phase that has the most
  std::int64_t stride = 1;   ///< of the input
  std::vector<std::int64_t> shifts;
  std::int64_t y_size = 1;
  std::int64_t y_step = 1;

  /// Output j of a phase is element begin + j * y_step of Y, and shift i has element kernel[i] of W.
  struct Phase {
    std::int64_t begin = 0;
    std::vector<std::int64_t> kernel;
  };
  std::vector<Phase> phases;

  std::int64_t outputs_of(const Phase& phase) const { return (y_size - phase.begin + y_step - 1) / y_step; }
};

struct TapGrid {
  std::vector<TapAxis> axes;

  std::int64_t outputs() const;  ///< of all axes
  std::int64_t taps() const;
  std::int64_t members() const;  ///< combinations of phases
  /// The phase of axis `axis` in combination `member`; the last axis changes fastest. Tap indices likewise.
  std::int64_t phase_of(std::int64_t member, std::size_t axis) const;
  std::int64_t shift_of(std::int64_t tap, std::size_t axis) const;
  /// Where tap `tap` of combination `member` is in the kernel, in elements.
  std::int64_t kernel_element(const Convolution& convolution, std::int64_t member, std::int64_t tap) const;
};

/// More are not worth their plans: only strides and dilations that no model has make them.
constexpr std::size_t kMostTapGrids = 256;

/// The grids that make up Y, but for elements that no tap reaches whatever X is. Requires: Y has elements, X channels,
/// and there are no more than kMostTapGrids.
std::vector<TapGrid> tap_grids(const Convolution& convolution);

/// How many that are, or more than kMostTapGrids.
std::size_t tap_grid_count(const Convolution& convolution);

/// Whether the grids have every element of Y.
bool covers_output(const Convolution& convolution, const std::vector<TapGrid>& grids);

}  // namespace linnet::internal
