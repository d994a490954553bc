// Tasks of depthwise convolutions whose kernels are about as wide as X. A row of outputs is made of rows of X, each
// times a matrix that has a row of the kernel along its diagonals:
//   Y[r][o] = B + sum over i, c of X[r + i - pad][c] * M_i[c][o], with M_i[c][o] = W[i][c + pad - o], or 0 outside of W
// With the rows of X one after the other, and zeros above and below, that is one product for all rows of outputs. It
// has no more steps than the kernel has taps, none of which X is loaded across cache lines for. Rows of the kernel that
// meet none of X are left out, in whole chains of the sums.
#include <algorithm>
#include <cstring>

#include "ops/convolution/convolution_simd.hpp"
#include "ops/kernels/gemm.hpp"

namespace linnet::internal {
namespace {

/// Rows of outputs that are multiplied at once.
constexpr std::size_t kRowsAtOnce = 12;
constexpr std::size_t kLeastWidth = 9;
/// Of the matrices, 1 MiB, and of the copy of X.
constexpr std::size_t kMostMatrixFloats = 1 << 18, kMostCopiedFloats = 1 << 20;

/// The matrices M_i below each other, as the right side of a product. Their rows stand in reverse, as the elements of a
/// row of X do: then element o of row c lies at c + o of a line.
void spread(const ConvolutionPart& part, const float* w, float* line, float* matrices) {
  const TapAxis& along = part.grid.axes[1];
  const std::size_t taps = along.shifts.size();
  const auto inputs = static_cast<std::int64_t>(along.input);
  const std::size_t width = packed_columns(static_cast<std::size_t>(along.outputs));
  const std::size_t length = static_cast<std::size_t>(inputs) - 1 + width;
  for (std::size_t row = 0; row < part.grid.axes[0].shifts.size(); ++row, w += taps) {
    std::fill_n(line, length, 0.0F);
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const std::int64_t place = inputs - 1 - along.shifts[tap];
      if (place >= 0 && place < static_cast<std::int64_t>(length)) line[place] = w[tap];
    }
    const auto rows = static_cast<std::size_t>(inputs);
    kernels::copy_rows({line, 1, 1, matrices, width, 1, rows, width});
    matrices += rows * width;
  }
}

}  // namespace

bool plan_wide(const Convolution& c, ConvolutionPart& part) {
  if (c.transposed || part.rows != 1 || c.x_channels != 1 || part.grid.axes.size() != 2) return false;
  const TapAxis& across = part.grid.axes[0];
  const TapAxis& along = part.grid.axes[1];
  for (const TapAxis* axis : {&across, &along}) {
    const std::int64_t span = axis->shifts.back() - axis->shifts.front() + 1;
    if (axis->stride != 1 || span != static_cast<std::int64_t>(axis->shifts.size())) return false;
  }
  const std::size_t taps = along.shifts.size();
  if (taps < kLeastWidth || across.outputs < static_cast<std::int64_t>(kRowsAtOnce / 2)) return false;
  if (along.input > static_cast<std::int64_t>(2 * taps)) return false;
  if (along.outputs > static_cast<std::int64_t>(kernels::kPanelColumns)) return false;
  const auto inputs = static_cast<std::size_t>(along.input);
  const std::size_t width = packed_columns(static_cast<std::size_t>(along.outputs));
  const auto outputs = static_cast<std::size_t>(across.outputs);
  if (across.shifts.size() > kMostMatrixFloats / inputs / width) return false;
  if (outputs > kMostCopiedFloats / inputs - across.shifts.size()) return false;
  part.tasks = static_cast<std::size_t>(c.images * c.groups);
  part.form = ConvolutionForm::kWide;
  return true;
}

WideBuffers wide_buffers(const ConvolutionPart& part) {
  const TapAxis& across = part.grid.axes[0];
  const TapAxis& along = part.grid.axes[1];
  const auto inputs = static_cast<std::size_t>(along.input);
  const std::size_t kernel_rows = across.shifts.size();
  const std::size_t width = packed_columns(static_cast<std::size_t>(along.outputs));
  WideBuffers buffers;
  buffers.rows = static_cast<std::size_t>(across.outputs) + kernel_rows - 1;
  buffers.line_begin = cache_lines(buffers.rows * inputs);
  buffers.matrices_begin = buffers.line_begin + cache_lines(inputs + width);
  buffers.floats = buffers.matrices_begin + cache_lines(kernel_rows * inputs * width);
  return buffers;
}

void wide_task(const ConvolutionRun& run, const ConvolutionPart& part, std::size_t task, float* memory) {
  const Convolution& c = run.plan.convolution;
  const WideBuffers buffers = wide_buffers(part);
  const TapAxis& across = part.grid.axes[0];
  const auto inputs = static_cast<std::size_t>(part.grid.axes[1].input);
  const auto columns = static_cast<std::size_t>(part.grid.axes[1].outputs);
  const std::size_t group = task % static_cast<std::size_t>(c.groups),
                    image = task / static_cast<std::size_t>(c.groups);
  // Row 0 of the copy stands shifts.front() rows below the first of X.
  std::memset(memory, 0, buffers.rows * inputs * sizeof(float));
  const IndexRange copied =
      indices_inside(across.shifts.front(), 1, across.input, static_cast<std::int64_t>(buffers.rows));
  const float* x = run.x_plane(image, group) + static_cast<std::size_t>(copied.begin + across.shifts.front()) * inputs;
  for (std::int64_t row = copied.begin; row < copied.end; ++row, x += inputs) {
    std::reverse_copy(x, x + inputs, memory + static_cast<std::size_t>(row) * inputs);
  }
  float* const matrices = memory + buffers.matrices_begin;
  spread(part, run.weights(part, group, 0), memory + buffers.line_begin, matrices);
  kernels::GemmEpilogue epilogue;
  epilogue.addend = run.bias(part, group, 0);
  epilogue.activation = c.activation;
  const std::size_t width = packed_columns(columns);
  const auto outputs = static_cast<std::size_t>(across.outputs);
  const std::size_t products = divide_up(outputs, kRowsAtOnce);
  for (std::size_t i = 0; i < products; ++i) {
    if (run.control.abandon_if_stopped()) return;
    const std::size_t row = outputs * i / products, end = outputs * (i + 1) / products;
    const auto met = std::lower_bound(across.shifts.begin(), across.shifts.end(), 1 - static_cast<std::int64_t>(end));
    const auto behind = std::lower_bound(met, across.shifts.end(), across.input - static_cast<std::int64_t>(row));
    const std::size_t last = static_cast<std::size_t>(behind - across.shifts.begin()) * inputs;
    const std::size_t step =
        static_cast<std::size_t>(met - across.shifts.begin()) * inputs / kernels::kChainLength * kernels::kChainLength;
    kernels::gemm(end - row, columns, last - std::min(step, last), memory + row * inputs + step, inputs,
                  matrices + step * width, epilogue, run.y_plane(image, group) + row * columns, columns, 0, 1);
  }
}

}  // namespace linnet::internal
