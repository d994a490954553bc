// Windows that slide over an image of float32 with channels last, every channel by itself: depthwise convolutions,
// maxima and means. Vectors hold neighbouring channels.
#ifndef LINNET_OPS_KERNELS_WINDOW_LINES_HPP_
#define LINNET_OPS_KERNELS_WINDOW_LINES_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/activation.hpp"

namespace linnet::kernels {

// The fewest channels, as many as the widest vectors hold; the most lines of taps of a window.
constexpr std::size_t kLeastLineChannels = 16;
constexpr std::size_t kMostLineRuns = 64;

// The taps of an output along an axis that meet an element of x: [begin, end), none where they are equal.
struct TapRange {
  std::uint32_t begin;
  std::uint32_t end;
};

struct LineAxis {
  const TapRange* taps;  // of every output
  std::size_t outputs;
  std::size_t inputs;
  std::size_t kernel;  // taps of a whole window
  std::size_t stride;
  std::size_t dilation;
  std::size_t pad;          // before the first input
  std::ptrdiff_t distance;  // floats of x between neighbours

  // Where tap 0 of an output would be, in floats.
  constexpr std::ptrdiff_t begin(std::size_t output) const {
    return static_cast<std::ptrdiff_t>(output * stride - pad) * distance;
  }
};

// x is [depth][rows][columns][channels], y likewise with the outputs of each. A line is what y has along the columns;
// lines count over depth and rows.
struct WindowLines {
  const float* x;
  float* y;
  LineAxis depth;
  LineAxis rows;
  LineAxis columns;
  const std::ptrdiff_t* offsets;  // of all taps of a window, in row-major order, from the first
  std::size_t channels;
  std::size_t channels_at_once;  // before the next of the lines; a multiple of kLeastLineChannels
  std::size_t inner_begin;       // columns in [inner_begin, inner_end) have all taps
  std::size_t inner_end;
  // What is made: columns [column_begin, column_end) of lines [line_begin, line_end).
  std::size_t line_begin;
  std::size_t line_end;
  std::size_t column_begin;
  std::size_t column_end;
};

// y = activation(bias + sum over taps of weights * x), all by channel. Taps are added in their order, with one rounding
// each where the CPU has FMA, then the sum to the bias. Weights are [tap][channels] with the taps of a whole window, of
// which there are at most kChainLength of gemm.hpp.
struct DepthwiseLines {
  const float* weights;
  const float* bias;      // null: zeros
  Activation activation;  // none, Relu or Clip
};
// Whether some columns of a line are made at once, on CPUs that have AVX2 or NEON; else they take two or three times as
// long.
constexpr bool has_depthwise_tiles(std::size_t kernel, std::size_t stride, std::size_t dilation) {
  if (dilation != 1 || (kernel != 3 && kernel != 5 && kernel != 7)) return false;
  return stride == 1 || (stride == 2 && kernel != 7);
}
void depthwise_lines(const WindowLines& lines, const DepthwiseLines& operands);

// The largest of the taps: -infinity of none, NaN if one is NaN.
void max_lines(const WindowLines& lines);

// The sum of the taps in double, times one number for each output along each axis, rounded once to float.
struct MeanLines {
  const double* depth;
  const double* rows;
  const double* columns;
};
void mean_lines(const WindowLines& lines, const MeanLines& inverses);

// What the walk over lines and columns, which is the same everywhere, asks of an instruction set's kernels.
struct LineOperands {
  DepthwiseLines depthwise;
  MeanLines inverses;
};
struct Line {
  TapRange depth;
  TapRange rows;
  const float* x;  // where tap 0 of column 0 would be
  std::size_t y;   // the element of column 0
  double inverse;  // of means, but for that of the column
  std::size_t channel_begin;
  std::size_t channel_end;
};
// Taps of neighbouring columns that meet elements: runs of the list of all.
struct LineRuns {
  std::size_t count;
  TapRange taps[kMostLineRuns];
};

using LineKernel = void (*)(const LineOperands&, const WindowLines&, const Line&, const LineRuns&, std::size_t column);
struct LineKernels {
  LineKernel one;
  LineKernel several;  // columns that have all taps of a line; null: none
  std::size_t several_columns;
  LineKernel tile;  // of any columns, whose runs are those of inner ones; null: none
  std::size_t tile_columns;
};

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_WINDOW_LINES_HPP_
