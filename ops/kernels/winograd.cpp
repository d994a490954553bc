#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/winograd.cpp"

#include "ops/kernels/winograd.hpp"

#include <algorithm>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/activation-inl.h"
#include "ops/kernels/convolution_rows-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using V = hn::Vec<Tag>;
constexpr std::size_t kLanes = hn::MaxLanes(Tag());
constexpr std::size_t kLineFloats = 2 * kWinogradTiles + 2;
// Whole vectors are read behind the last input: two for the tiles of a vector, at an offset of two.
constexpr std::size_t kLineStride = (kLineFloats + 2 * kLanes + 15) / 16 * 16;

// `planes.x` is the plane.
HWY_INLINE void CopyLines(const WinogradPlanes& planes, const WinogradRun& run, float* to, std::size_t row_stride) {
  const auto count = static_cast<std::ptrdiff_t>(2 * run.count + 2);
  const std::ptrdiff_t left = static_cast<std::ptrdiff_t>(2 * run.tile) - planes.pad_left;
  const auto width = static_cast<std::ptrdiff_t>(planes.width);
  const std::ptrdiff_t begin = std::clamp<std::ptrdiff_t>(-left, 0, count);
  const std::ptrdiff_t end = std::clamp<std::ptrdiff_t>(width - left, begin, count);
  const std::ptrdiff_t top = static_cast<std::ptrdiff_t>(2 * run.row) - planes.pad_top;
  for (std::ptrdiff_t i = 0; i < 4; ++i, to += row_stride) {
    const std::ptrdiff_t row = top + i;
    if (row < 0 || row >= static_cast<std::ptrdiff_t>(planes.height) || begin == end) {
      StoreZeros(to, static_cast<std::size_t>(count));
      continue;
    }
    StoreZeros(to, static_cast<std::size_t>(begin));
    CopyLine(planes.x + row * width + left + begin, static_cast<std::size_t>(end - begin), to + begin);
    StoreZeros(to + end, static_cast<std::size_t>(count - end));
  }
}

void WinogradLines(const WinogradPlanes& planes, const WinogradRun& run, float* to, std::size_t row_stride) {
  CopyLines(planes, run, to, row_stride);
}

#define LINNET_UNROLL _Pragma("GCC unroll 4")

// B' d of four vectors.
HWY_INLINE void TransformInput(V& d0, V& d1, V& d2, V& d3) {
  const V first = hn::Sub(d0, d2);
  const V third = hn::Sub(d2, d1);
  d3 = hn::Sub(d1, d3);
  d1 = hn::Add(d1, d2);
  d0 = first;
  d2 = third;
}

// The tiles of a vector, whose lines begin at `line`.
HWY_INLINE void StoreTransformed(const float* line, float* to, std::size_t position_stride) {
  const Tag d;
  V tile[4][4];
  LINNET_UNROLL
  for (std::size_t row = 0; row < 4; ++row) {
    hn::LoadInterleaved2(d, line + row * kLineStride, tile[row][0], tile[row][1]);
    hn::LoadInterleaved2(d, line + row * kLineStride + 2, tile[row][2], tile[row][3]);
  }
  LINNET_UNROLL
  for (std::size_t i = 0; i < 4; ++i) TransformInput(tile[0][i], tile[1][i], tile[2][i], tile[3][i]);
  LINNET_UNROLL
  for (std::size_t row = 0; row < 4; ++row) {
    TransformInput(tile[row][0], tile[row][1], tile[row][2], tile[row][3]);
    LINNET_UNROLL
    for (std::size_t i = 0; i < 4; ++i) hn::StoreU(tile[row][i], d, to + (4 * row + i) * position_stride);
  }
}

void WinogradInputs(const WinogradPlanes& planes, const WinogradBlock& block, std::size_t channels, float* to,
                    std::size_t row_width, std::size_t position_stride) {
  HWY_ALIGN float lines[4 * kLineStride] = {};
  WinogradPlanes plane = planes;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    // What a run writes behind its tiles is written again by the next run, or the next channel.
    for (std::size_t i = 0; i < block.run_count; ++i) {
      const WinogradRun& run = block.runs[i];
      CopyLines(plane, run, lines, kLineStride);
      for (std::size_t tile = 0; tile < run.count; tile += kLanes) {
        StoreTransformed(lines + 2 * tile, to + run.column + tile, position_stride);
      }
    }
    plane.x += planes.height * planes.width;
    to += row_width;
  }
}

// Both rows of the tiles of a vector, from their sums at `from`: [row][even, odd column].
HWY_INLINE void TransformOutput(const float* from, std::size_t position_stride, V bias, V (&y)[2][2]) {
  const Tag d;
  V upper[4];
  V lower[4];
  LINNET_UNROLL
  for (std::size_t i = 0; i < 4; ++i) {
    const V m0 = hn::LoadU(d, from + i * position_stride);
    const V m1 = hn::LoadU(d, from + (4 + i) * position_stride);
    const V m2 = hn::LoadU(d, from + (8 + i) * position_stride);
    const V m3 = hn::LoadU(d, from + (12 + i) * position_stride);
    upper[i] = hn::Add(hn::Add(m0, m1), m2);
    lower[i] = hn::Sub(hn::Sub(m1, m2), m3);
  }
  y[0][0] = hn::Add(hn::Add(hn::Add(upper[0], upper[1]), upper[2]), bias);
  y[0][1] = hn::Add(hn::Sub(hn::Sub(upper[1], upper[2]), upper[3]), bias);
  y[1][0] = hn::Add(hn::Add(hn::Add(lower[0], lower[1]), lower[2]), bias);
  y[1][1] = hn::Add(hn::Sub(hn::Sub(lower[1], lower[2]), lower[3]), bias);
}

#undef LINNET_UNROLL

HWY_INLINE void StoreOutputs(V even, V odd, const float* addend, bool relu, float* y, std::size_t count) {
  const Tag d;
  HWY_ALIGN float pairs[2 * kLanes];
  hn::StoreInterleaved2(even, odd, d, pairs);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const std::size_t left = count - i;
    V v = hn::Load(d, pairs + i);
    if (addend != nullptr) {
      v = hn::Add(v, left >= kLanes ? hn::LoadU(d, addend + i) : LoadPartial(d, addend + i, left));
    }
    if (relu) v = Relu(d, v);
    if (left >= kLanes) {
      hn::StoreU(v, d, y + i);
    } else {
      StorePartial(d, v, y + i, left);
    }
  }
}

void WinogradLinesOfInputs(const WinogradInputLines& lines) {
  const Tag d;
  for (std::size_t group = 0; group < lines.count; ++group) {
    for (std::size_t i = 0; i < lines.floats; i += kLanes) {
      // The last vector again has some of the one before it.
      const std::size_t at = std::min(i, lines.floats - kLanes);
      const std::size_t from = group * lines.from_step + at;
      V d0 = hn::LoadU(d, lines.from[0] + from);
      V d1 = hn::LoadU(d, lines.from[1] + from);
      V d2 = hn::LoadU(d, lines.from[2] + from);
      V d3 = hn::LoadU(d, lines.from[3] + from);
      TransformInput(d0, d1, d2, d3);
      float* const to = lines.to + group * lines.to_step + at;
      hn::StoreU(d0, d, to);
      hn::StoreU(d1, d, to + lines.to_stride);
      hn::StoreU(d2, d, to + 2 * lines.to_stride);
      hn::StoreU(d3, d, to + 3 * lines.to_stride);
    }
  }
}

// A' m of one vector each, in the order of the sums that TransformOutput has.
struct Pair {
  V first, second;
};
HWY_INLINE Pair TransformSums(const float* from, std::size_t stride) {
  const Tag d;
  const V m1 = hn::LoadU(d, from + stride);
  const V m2 = hn::LoadU(d, from + 2 * stride);
  const V first = hn::Add(hn::Add(hn::LoadU(d, from), m1), m2);
  return {first, hn::Sub(hn::Sub(m1, m2), hn::LoadU(d, from + 3 * stride))};
}

void WinogradRowsOfSums(float* sums, std::size_t floats) {
  const Tag d;
  for (std::size_t i = 0; i < floats; i += kLanes) {
    const Pair pair = TransformSums(sums + i, floats);
    hn::StoreU(pair.first, d, sums + i);
    hn::StoreU(pair.second, d, sums + floats + i);
  }
}

bool WinogradPixelRows(const WinogradPixels& pixels) {
  const Tag d;
  V faults = hn::Zero(d);  // NaN in a lane that has met a number that is not finite
  for (std::size_t row = 0; row < pixels.rows; row += kLanes) {
    const std::size_t lanes = std::min(kLanes, pixels.rows - row);
    const V bias = pixels.bias == nullptr ? hn::Zero(d) : LoadPartial(d, pixels.bias + row, lanes);
    for (std::size_t output = 0; output < pixels.outputs; output += 2) {
      const float* const sums = pixels.sums + output / 2 * pixels.row_width + row;
      const Pair pair = TransformSums(sums, pixels.position_stride);
      const std::size_t at = output * pixels.y_stride + row;
      V v = hn::Add(pair.first, bias);
      for (std::size_t i = 0;; ++i, v = hn::Add(pair.second, bias)) {
        faults = hn::MulAdd(v, hn::Zero(d), faults);
        const std::size_t place = at + i * pixels.y_stride;
        if (pixels.addend != nullptr) v = hn::Add(v, LoadPartial(d, pixels.addend + place, lanes));
        if (pixels.relu) v = Relu(d, v);
        StorePartial(d, v, pixels.y + place, lanes);
        if (i == 1 || output + 1 == pixels.outputs) break;
      }
    }
  }
  return hn::AllTrue(d, hn::Eq(faults, hn::Zero(d)));
}

bool WinogradOutputRows(const WinogradOutputs& outputs, const WinogradBlock& block) {
  const Tag d;
  V faults = hn::Zero(d);  // NaN in a lane that has met a number that is not finite
  for (std::size_t row = 0; row < outputs.rows; ++row) {
    const V bias = hn::Set(d, outputs.bias == nullptr ? 0.0f : outputs.bias[row]);
    const std::size_t plane = row * outputs.height * outputs.width;
    for (std::size_t i = 0; i < block.run_count; ++i) {
      const WinogradRun& run = block.runs[i];
      const float* sums = outputs.sums + row * outputs.row_width + run.column;
      for (std::size_t tile = 0; tile < run.count; tile += kLanes) {
        V y[2][2];
        TransformOutput(sums + tile, outputs.position_stride, bias, y);
        V fault = hn::Add(hn::Mul(y[0][0], hn::Zero(d)), hn::Mul(y[0][1], hn::Zero(d)));
        fault = hn::MulAdd(y[1][0], hn::Zero(d), hn::MulAdd(y[1][1], hn::Zero(d), fault));
        if (run.count - tile < kLanes) {  // what stands behind the tiles may be anything
          fault = hn::IfThenElseZero(hn::FirstN(d, run.count - tile), fault);
        }
        faults = hn::Add(faults, fault);
        const std::size_t column = 2 * (run.tile + tile);
        const std::size_t count = std::min(2 * std::min(kLanes, run.count - tile), outputs.width - column);
        for (std::size_t half = 0; half < 2 && 2 * run.row + half < outputs.height; ++half) {
          const std::size_t at = plane + (2 * run.row + half) * outputs.width + column;
          StoreOutputs(y[half][0], y[half][1], outputs.addend == nullptr ? nullptr : outputs.addend + at, outputs.relu,
                       outputs.y + at, count);
        }
      }
    }
  }
  return hn::AllTrue(d, hn::Eq(faults, hn::Zero(d)));
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(WinogradInputs);
LINNET_EXPORT(WinogradLines);
LINNET_EXPORT(WinogradOutputRows);
LINNET_EXPORT(WinogradLinesOfInputs);
LINNET_EXPORT(WinogradRowsOfSums);
LINNET_EXPORT(WinogradPixelRows);

void winograd_inputs(const WinogradPlanes& planes, const WinogradBlock& block, std::size_t channels, float* to,
                     std::size_t row_width, std::size_t position_stride) {
  LINNET_DISPATCH(WinogradInputs)(planes, block, channels, to, row_width, position_stride);
}

void winograd_lines(const WinogradPlanes& planes, const WinogradRun& run, float* to, std::size_t row_stride) {
  LINNET_DISPATCH(WinogradLines)(planes, run, to, row_stride);
}

bool winograd_outputs(const WinogradOutputs& outputs, const WinogradBlock& block) {
  return LINNET_DISPATCH(WinogradOutputRows)(outputs, block);
}

void winograd_lines_of_inputs(const WinogradInputLines& lines) { LINNET_DISPATCH(WinogradLinesOfInputs)(lines); }

void winograd_rows_of_sums(float* sums, std::size_t floats) { LINNET_DISPATCH(WinogradRowsOfSums)(sums, floats); }

bool winograd_pixels(const WinogradPixels& pixels) { return LINNET_DISPATCH(WinogradPixelRows)(pixels); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
