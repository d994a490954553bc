#include "ops/resize/grid_points.hpp"

#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kCubicA = -0.75;
constexpr double kFarthest = 0x1p52;  // places are whole numbers from here on

/// Where a number of the grid lies, in elements from the first.
template <typename T>
double place_of(T number, std::int64_t size, bool align_corners) {
  const auto length = static_cast<T>(size);
  const T place = align_corners ? (number + 1) / 2 * (length - 1) : ((number + 1) * length - 1) / 2;
  return static_cast<double>(place);
}

/// Element of X for one that may lie outside; -1: none.
std::int64_t padded(const GridSampleAttributes& attributes, std::int64_t element, std::int64_t size) {
  if (element >= 0 && element < size) return element;
  if (attributes.padding == Padding::kZeros) return -1;
  if (attributes.padding == Padding::kBorder) return element < 0 ? 0 : size - 1;
  const std::int64_t period = std::max<std::int64_t>(1, 2 * (attributes.align_corners ? size - 1 : size));
  const std::int64_t place = (element % period + period) % period;
  return place < size ? place : period - place - (attributes.align_corners ? 0 : 1);
}

/// Fills taps_of_axis() taps.
void set_axis(const GridSampleAttributes& attributes, double place, std::int64_t size, Tap* taps) {
  if (std::isnan(place)) place = attributes.padding == Padding::kZeros ? -kFarthest : 0;
  place = std::clamp(place, -kFarthest, kFarthest);
  if (attributes.mode == ResizeMode::kNearest) {
    taps[0] = {padded(attributes, static_cast<std::int64_t>(std::nearbyint(place)), size), 1};
    return;
  }
  auto element = static_cast<std::int64_t>(place);
  if (static_cast<double>(element) > place) --element;  // floor, which is a call
  const double part = place - static_cast<double>(element);
  if (attributes.mode == ResizeMode::kLinear) {
    taps[0] = {padded(attributes, element, size), 1 - part};
    taps[1] = {padded(attributes, element + 1, size), part};
    return;
  }
  for (std::int64_t i = -1; i <= 2; ++i) {
    const double weight = cubic_weight(kCubicA, std::abs(static_cast<double>(i) - part));
    taps[i + 1] = {padded(attributes, element + i, size), weight};
  }
}

/// Of one point: every tap is one of each axis.
template <typename W>
void set_point(const Grid& grid, const Block<W>& block, std::size_t point) {
  const std::size_t axes = grid.axes(), of_axis = grid.attributes.taps_of_axis();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const double number = block.numbers[point * axes + axes - 1 - axis];
    const bool align = grid.attributes.align_corners;
    const double place = grid.grid_type == DataType::kFloat64
                             ? place_of(number, grid.sizes[axis], align)
                             : place_of(static_cast<float>(number), grid.sizes[axis], align);
    set_axis(grid.attributes, place, grid.sizes[axis], block.axis_taps + 4 * axis);
  }
  Tap* const taps = block.taps;
  taps[0] = {0, 1};
  std::size_t count = 1;
  for (std::size_t axis = 0; axis < axes; ++axis, count *= of_axis) {
    // From the last one on, for they grow in place.
    for (std::size_t i = count; i-- > 0;) {
      const Tap outer = taps[i];
      for (std::size_t k = of_axis; k-- > 0;) {
        const Tap& inner = block.axis_taps[4 * axis + k];
        taps[i * of_axis + k] = {outer.element + inner.element * grid.strides[axis],
                                 inner.element < 0 ? 0 : outer.weight * inner.weight};
      }
    }
  }
  for (std::size_t tap = 0; tap < grid.taps; ++tap) {
    const bool counts = taps[tap].weight != 0;
    block.elements[tap * kPoints + point] = static_cast<typename Block<W>::Index>(counts ? taps[tap].element : 0);
    block.weights[tap * kPoints + point] = static_cast<W>(taps[tap].weight);
  }
}

/// The two elements of mode linear along an axis; the weight of one outside is 0 where zeros are.
struct Pair {
  std::int64_t elements[2];
  double weights[2];
};

/// As set_axis has it, without reflection.
inline Pair linear_pair(float number, std::int64_t size, bool align_corners, bool zeros) {
  double place = place_of(number, size, align_corners);
  if (!(std::abs(place) <= kFarthest)) place = place > 0 ? kFarthest : place < 0 || zeros ? -kFarthest : 0;
  auto element = static_cast<std::int64_t>(place);
  if (static_cast<double>(element) > place) --element;
  const double part = place - static_cast<double>(element);
  Pair pair = {{element, element + 1}, {1 - part, part}};
  for (std::size_t i = 0; i < 2; ++i) {
    const bool outside = pair.elements[i] < 0 || pair.elements[i] >= size;
    if (outside && zeros) pair.weights[i] = 0;
    if (outside) pair.elements[i] = pair.elements[i] < 0 || zeros ? 0 : size - 1;
  }
  return pair;
}

/// Bilinear points, what images are sampled with nearly always: as set_point, without its loops over axes.
template <typename W>
void set_bilinear(const Grid& grid, const Block<W>& block, std::size_t count) {
  const bool zeros = grid.attributes.padding == Padding::kZeros, align = grid.attributes.align_corners;
  for (std::size_t point = 0; point < count; ++point) {
    const Pair row = linear_pair(static_cast<float>(block.numbers[2 * point + 1]), grid.sizes[0], align, zeros);
    const Pair column = linear_pair(static_cast<float>(block.numbers[2 * point]), grid.sizes[1], align, zeros);
    for (std::size_t tap = 0; tap < 4; ++tap) {
      const double weight = row.weights[tap / 2] * column.weights[tap % 2];
      const std::int64_t element = row.elements[tap / 2] * grid.strides[0] + column.elements[tap % 2];
      block.elements[tap * kPoints + point] = static_cast<typename Block<W>::Index>(weight != 0 ? element : 0);
      block.weights[tap * kPoints + point] = static_cast<W>(weight);
    }
  }
}

bool is_bilinear(const Grid& grid) {
  return grid.attributes.mode == ResizeMode::kLinear && grid.attributes.padding != Padding::kReflection &&
         grid.axes() == 2 && grid.grid_type != DataType::kFloat64;
}

}  // namespace

template <typename W>
void set_block(const Grid& grid, const void* numbers, std::size_t first, std::size_t count, const Block<W>& block) {
  load_line(grid.grid_type, numbers, first * grid.axes(), count * grid.axes(), block.numbers);
  if (is_bilinear(grid)) {
    set_bilinear(grid, block, count);
  } else {
    for (std::size_t point = 0; point < count; ++point) set_point(grid, block, point);
  }
  for (std::size_t point = count; point < kPoints; ++point) {
    for (std::size_t tap = 0; tap < grid.taps; ++tap) {
      block.elements[tap * kPoints + point] = 0;
      block.weights[tap * kPoints + point] = 0;
    }
  }
}

template void set_block(const Grid&, const void*, std::size_t, std::size_t, const Block<float>&);
template void set_block(const Grid&, const void*, std::size_t, std::size_t, const Block<double>&);

}  // namespace linnet::internal
