// The part of ScaleLayout that runs.
#include <algorithm>

#include "ops/quantization/scales.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {

template <typename W>
void ScaleLayout::load(DataType type, const void* scales, std::size_t first, std::size_t count, W* line) const {
  const bool along_axis = inner_ == 1 && block_ == 1 && block_stride_ == 1;
  while (count > 0) {
    const std::size_t inner = first % inner_;
    const std::size_t a = first / inner_ % axis_size_;
    const std::size_t index =
        first / inner_ / axis_size_ * outer_stride_ + a / block_ * block_stride_ + inner * inner_stride_;
    std::size_t run = inner_ - inner;
    if (inner_ == 1) run = along_axis ? axis_size_ - a : std::min(block_ - a % block_, axis_size_ - a);
    run = std::min(run, count);
    if (along_axis || (inner_ > 1 && inner_stride_ == 1)) {
      load_line(type, scales, index, run, line);
    } else {
      load_line(type, scales, index, 1, line);
      std::fill_n(line + 1, run - 1, *line);
    }
    line += run;
    first += run;
    count -= run;
  }
}

template void ScaleLayout::load(DataType, const void*, std::size_t, std::size_t, float*) const;
template void ScaleLayout::load(DataType, const void*, std::size_t, std::size_t, double*) const;

}  // namespace linnet::internal
