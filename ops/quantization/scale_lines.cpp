// The part of ScaleLayout that runs.
#include <algorithm>

#include "ops/quantization/scales.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {

ScaleLayout::Run ScaleLayout::run_at(std::size_t first) const noexcept {
  const bool along_axis = inner_ == 1 && block_ == 1 && block_stride_ == 1;
  const std::size_t inner = first % inner_;
  const std::size_t a = first / inner_ % axis_size_;
  const std::size_t scale =
      first / inner_ / axis_size_ * outer_stride_ + a / block_ * block_stride_ + inner * inner_stride_;
  std::size_t count = inner_ - inner;
  if (inner_ == 1) count = along_axis ? axis_size_ - a : std::min(block_ - a % block_, axis_size_ - a);
  return {scale, count, !along_axis && (inner_ == 1 || inner_stride_ != 1)};
}

template <typename W>
void ScaleLayout::load(DataType type, const void* scales, std::size_t first, std::size_t count, W* line) const {
  while (count > 0) {
    const Run run = run_at(first);
    const std::size_t size = std::min(run.count, count);
    if (run.shared) {
      load_line(type, scales, run.scale, 1, line);
      std::fill_n(line + 1, size - 1, *line);
    } else {
      load_line(type, scales, run.scale, size, line);
    }
    line += size;
    first += size;
    count -= size;
  }
}

template void ScaleLayout::load(DataType, const void*, std::size_t, std::size_t, float*) const;
template void ScaleLayout::load(DataType, const void*, std::size_t, std::size_t, double*) const;

void ScaleLayout::dequantize(DataType type, const void* x, DataType scale, const void* scales, const void* zero_points,
                             std::size_t first, std::size_t count, float* line) const {
  float other[kLineElements];  // zero points, then scales
  load_line(type, x, first, count, line);
  if (zero_points != nullptr) {
    load(type, zero_points, first, count, other);
    for (std::size_t i = 0; i < count; ++i) line[i] -= other[i];
  }
  load(scale, scales, first, count, other);
  for (std::size_t i = 0; i < count; ++i) line[i] *= other[i];
}

kernels::QuantizedBytes quantized_bytes(DataType type, const void* scales, const void* zero_points, std::size_t index) {
  float zero = 0;
  if (zero_points != nullptr) load_line(type, zero_points, index, 1, &zero);
  return {type == DataType::kInt8, static_cast<const float*>(scales)[index], zero};
}

}  // namespace linnet::internal
