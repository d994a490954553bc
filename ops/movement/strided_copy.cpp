#include "ops/movement/strided_copy.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "ops/kernels/transpose.hpp"
#include "ops/movement/copy.hpp"

namespace linnet::internal {
namespace {

/// Sizes are 2 at least and their product is below 2^63.
constexpr std::size_t kMostAxes = 63;
constexpr std::int64_t kTaskBytes = std::int64_t{1} << 17;
constexpr std::int64_t kBlock = 128;    ///< units along both sides of a task that turns over
constexpr std::size_t kTurnedUnit = 8;  ///< bytes of the largest unit that a kernel turns over
constexpr double kNanosecondsPerUnit = 1.0;
constexpr double kNanosecondsPerTurnedUnit = 0.3;

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t result = 1;
  for (const std::int64_t size : sizes) result *= size;
  return result;
}

/// A counter over some axes that keeps the places in source and target.
class Walk {
 public:
  explicit Walk(const StridedCopy& copy) : copy_(copy) {}
  void add_axis(std::size_t axis) { axes_[count_++] = axis; }
  /// To the index-th position in row-major order of the axes added.
  void start(std::int64_t index) {
    source = copy_.offset;
    target = 0;
    for (std::size_t i = count_; i-- > 0;) {
      const std::size_t axis = axes_[i];
      position_[i] = index % copy_.sizes[axis];
      index /= copy_.sizes[axis];
      source += position_[i] * copy_.source_strides[axis];
      target += position_[i] * copy_.target_strides[axis];
    }
  }
  void next() {
    for (std::size_t i = count_; i-- > 0;) {
      const std::size_t axis = axes_[i];
      source += copy_.source_strides[axis];
      target += copy_.target_strides[axis];
      if (++position_[i] < copy_.sizes[axis]) return;
      source -= copy_.source_strides[axis] * copy_.sizes[axis];
      target -= copy_.target_strides[axis] * copy_.sizes[axis];
      position_[i] = 0;
    }
  }
  std::int64_t source = 0;
  std::int64_t target = 0;

 private:
  const StridedCopy& copy_;
  std::array<std::size_t, kMostAxes> axes_{};
  std::array<std::int64_t, kMostAxes> position_{};
  std::size_t count_ = 0;
};

/// `count` units from places `stride` bytes apart. kUnit is their size, or 0 for any.
template <std::size_t kUnit>
void copy_row(const std::byte* from, std::byte* to, std::int64_t count, std::int64_t stride, std::int64_t unit) {
  const auto bytes = kUnit != 0 ? kUnit : static_cast<std::size_t>(unit);
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to, from, bytes);
    from += stride;
    to += bytes;
  }
}

template <std::size_t kUnit>
void copy_rows(RunControl& control, const StridedCopy& copy, const std::byte* source, std::byte* target) {
  const std::size_t last = copy.sizes.size() - 1;
  const std::int64_t length = copy.sizes[last];
  const std::int64_t rows = product(copy.sizes) / length;
  const std::int64_t units_per_task = std::max<std::int64_t>(1, kTaskBytes / (copy.unit_bytes + 8));
  // A task is either some whole rows or a part of one.
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, units_per_task / length);
  const std::int64_t part = rows_per_task > 1 ? length : std::min(length, units_per_task);
  const std::int64_t parts = (length + part - 1) / part;
  const std::int64_t row_tasks = (rows + rows_per_task - 1) / rows_per_task;
  const double work =
      static_cast<double>(rows * length) * (kNanosecondsPerUnit + 0.1 * static_cast<double>(copy.unit_bytes));
  control.parallel_for(static_cast<std::size_t>(row_tasks * parts), work, [&](std::size_t index) {
    const auto task = static_cast<std::int64_t>(index);
    Walk walk(copy);
    for (std::size_t axis = 0; axis < last; ++axis) walk.add_axis(axis);
    const std::int64_t first_row = task / parts * rows_per_task;
    const std::int64_t begin = task % parts * part;
    const std::int64_t count = std::min(part, length - begin);
    walk.start(first_row);
    for (std::int64_t row = first_row; row < std::min(first_row + rows_per_task, rows); ++row, walk.next()) {
      copy_row<kUnit>(source + walk.source + begin * copy.source_strides[last],
                      target + walk.target + begin * copy.unit_bytes, count, copy.source_strides[last],
                      copy.unit_bytes);
    }
  });
}

/// As kernels::transpose, and of units of 2 * kTurnedUnit bytes.
void turn_over(std::size_t unit, const kernels::TurnedRows& matrix, std::int64_t rows, std::int64_t columns) {
  if (unit <= kTurnedUnit) {
    return kernels::transpose(unit, matrix, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
  }
  for (std::int64_t i = 0; i < rows; ++i)
    copy_row<2 * kTurnedUnit>(matrix.from + i * static_cast<std::int64_t>(unit), matrix.to + i * matrix.to_stride,
                              columns, matrix.from_stride, 0);
}

/// Blocks of about kBlock * kBlock units, longer along one side where the other is short.
void copy_turned(RunControl& control, const StridedCopy& copy, const std::byte* source, std::byte* target) {
  const auto dense = static_cast<std::size_t>(copy.dense_source_axis);
  const auto unit = static_cast<std::size_t>(copy.unit_bytes);
  const std::size_t last = copy.sizes.size() - 1;
  const std::int64_t rows = copy.sizes[dense];
  const std::int64_t columns = copy.sizes[last];
  const std::int64_t block_rows = std::max(kBlock, kBlock * kBlock / columns);
  const std::int64_t block_columns = std::max(kBlock, kBlock * kBlock / rows);
  const std::int64_t row_blocks = (rows + block_rows - 1) / block_rows;
  const std::int64_t column_blocks = (columns + block_columns - 1) / block_columns;
  const std::int64_t planes = product(copy.sizes) / rows / columns;
  const std::int64_t planes_per_task =
      row_blocks * column_blocks > 1 ? 1 : std::clamp<std::int64_t>(kBlock * kBlock / (rows * columns), 1, planes);
  const std::int64_t plane_tasks = (planes + planes_per_task - 1) / planes_per_task;
  const double work = static_cast<double>(planes * rows * columns) * kNanosecondsPerTurnedUnit;
  control.parallel_for(
      static_cast<std::size_t>(plane_tasks * row_blocks * column_blocks), work, [&](std::size_t index) {
        auto task = static_cast<std::int64_t>(index);
        const std::int64_t column = task % column_blocks * block_columns;
        task /= column_blocks;
        const std::int64_t row = task % row_blocks * block_rows;
        const std::int64_t first_plane = task / row_blocks * planes_per_task;
        Walk walk(copy);
        for (std::size_t axis = 0; axis < last; ++axis) {
          if (axis != dense) walk.add_axis(axis);
        }
        walk.start(first_plane);
        for (std::int64_t plane = first_plane; plane < std::min(first_plane + planes_per_task, planes);
             ++plane, walk.next()) {
          turn_over(unit,
                    {source + walk.source + row * copy.unit_bytes + column * copy.source_strides[last],
                     copy.source_strides[last],
                     target + walk.target + row * copy.target_strides[dense] + column * copy.unit_bytes,
                     copy.target_strides[dense]},
                    std::min(block_rows, rows - row), std::min(block_columns, columns - column));
        }
      });
}

/// Units that are too large for one task.
void copy_large_units(RunControl& control, const StridedCopy& copy, const std::byte* source, std::byte* target) {
  const std::int64_t chunks = (copy.unit_bytes + kTaskBytes - 1) / kTaskBytes;
  const std::int64_t units = product(copy.sizes);
  const double work = static_cast<double>(units) * 0.1 * static_cast<double>(copy.unit_bytes);
  control.parallel_for(static_cast<std::size_t>(units * chunks), work, [&](std::size_t index) {
    const auto task = static_cast<std::int64_t>(index);
    Walk walk(copy);
    for (std::size_t axis = 0; axis < copy.sizes.size(); ++axis) walk.add_axis(axis);
    walk.start(task / chunks);
    const std::int64_t begin = task % chunks * kTaskBytes;
    const std::int64_t bytes = std::min(kTaskBytes, copy.unit_bytes - begin);
    std::memcpy(target + walk.target + begin, source + walk.source + begin, static_cast<std::size_t>(bytes));
  });
}

/// Appends an axis inside the ones that are there, or joins it with the innermost.
void add_axis(StridedCopy& copy, std::int64_t size, std::int64_t stride) {
  if (size == 1) return;
  if (!copy.sizes.empty() && copy.source_strides.back() == stride * size) {
    copy.sizes.back() *= size;
    copy.source_strides.back() = stride;
    return;
  }
  copy.sizes.push_back(size);
  copy.source_strides.push_back(stride);
}

}  // namespace

StridedCopy make_strided_copy(std::size_t element_bytes, const Shape& shape, const std::vector<std::int64_t>& strides,
                              std::int64_t offset) {
  StridedCopy copy;
  if (element_count(shape) == 0) return copy;
  const auto bytes = static_cast<std::int64_t>(element_bytes);
  copy.unit_bytes = bytes;
  copy.offset = offset * bytes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) add_axis(copy, shape[axis], strides[axis] * bytes);
  if (!copy.sizes.empty() && copy.source_strides.back() == bytes) {
    copy.unit_bytes = copy.sizes.back() * bytes;
    copy.sizes.pop_back();
    copy.source_strides.pop_back();
  }
  copy.target_strides.resize(copy.sizes.size());
  std::int64_t stride = copy.unit_bytes;
  for (std::size_t axis = copy.sizes.size(); axis-- > 0;) {
    copy.target_strides[axis] = stride;
    stride *= copy.sizes[axis];
    const bool innermost = axis + 1 == copy.sizes.size();
    if (!innermost && copy.source_strides[axis] == copy.unit_bytes) copy.dense_source_axis = static_cast<int>(axis);
  }
  return copy;
}

void run_strided_copy(RunControl& control, const StridedCopy& copy, const void* source, void* target) {
  if (copy.unit_bytes == 0) return;
  const auto* from = static_cast<const std::byte*>(source);
  auto* to = static_cast<std::byte*>(target);
  if (copy.sizes.empty()) return copy_bytes(control, to, from + copy.offset, static_cast<std::size_t>(copy.unit_bytes));
  if (copy.unit_bytes > kTaskBytes) return copy_large_units(control, copy, from, to);
  const bool is_small =
      copy.unit_bytes <= static_cast<std::int64_t>(2 * kTurnedUnit) && (copy.unit_bytes & (copy.unit_bytes - 1)) == 0;
  if (is_small && copy.dense_source_axis >= 0) return copy_turned(control, copy, from, to);
  switch (copy.unit_bytes) {
    case 1:
      return copy_rows<1>(control, copy, from, to);
    case 2:
      return copy_rows<2>(control, copy, from, to);
    case 4:
      return copy_rows<4>(control, copy, from, to);
    case 8:
      return copy_rows<8>(control, copy, from, to);
    case 16:
      return copy_rows<16>(control, copy, from, to);
    default:
      return copy_rows<0>(control, copy, from, to);
  }
}

}  // namespace linnet::internal
