#include "ops/resize/resize_axis.hpp"

#include <algorithm>
#include <cmath>

namespace linnet::internal {
namespace {

constexpr double kExactInFloat = 0x1p24;
/// Twice what a float32 may be from the number that it stands for, relatively.
constexpr double kFloatError = 0x1p-23;

/// The multiple of 1/2 that is no further away than this; `place` where there is none.
double unrounded(double place, double error) {
  const double half = std::round(2 * place) / 2;
  return std::abs(place - half) <= error ? half : place;
}

/// index / scale, a scale in float32 taken for the number that it stands for.
double divided_by_scale(const AxisResize& axis, double index) {
  const double place = index * axis.from / axis.to;
  return axis.rounded_scale ? unrounded(place, std::abs(place) * kFloatError) : place;
}

/// In the roi, whose ends may be rounded to float32, too.
double place_in_roi(const AxisResize& axis, double length, double index) {
  const auto last = static_cast<double>(axis.size - 1);
  const double place = length <= 1 ? 0.5 * (axis.start + axis.end) * last
                                   : axis.start * last + index * (axis.end - axis.start) * last / (length - 1);
  return unrounded(place, (std::abs(axis.start) + std::abs(axis.end)) * last * kFloatError);
}

double coordinate(CoordinateMode mode, const AxisResize& axis, double index) {
  const auto size = static_cast<double>(axis.size);
  const double length = size * axis.to / axis.from;  // of Y, before it is rounded
  switch (mode) {
    case CoordinateMode::kHalfPixel:
      break;
    case CoordinateMode::kHalfPixelSymmetric:
      // half_pixel + size / 2 * (1 - resized / length), with size / length = 1 / scale
      return size / 2 + divided_by_scale(axis, index + 0.5 - static_cast<double>(axis.resized) / 2) - 0.5;
    case CoordinateMode::kPytorchHalfPixel:
      if (axis.resized <= 1) return 0;
      break;
    case CoordinateMode::kAlignCorners:
      return length <= 1 ? 0 : index * (size - 1) / (length - 1);
    case CoordinateMode::kAsymmetric:
      return divided_by_scale(axis, index);
    case CoordinateMode::kTfHalfPixelForNn:
      return divided_by_scale(axis, index + 0.5);
    case CoordinateMode::kTfCropAndResize:
      return place_in_roi(axis, length, index);
  }
  return divided_by_scale(axis, index + 0.5) - 0.5;
}

double nearest_to(NearestMode mode, const AxisResize& axis, double place) {
  switch (mode) {
    case NearestMode::kRoundPreferFloor:
      return std::ceil(place - 0.5);
    case NearestMode::kRoundPreferCeil:
      return std::floor(place + 0.5);
    case NearestMode::kFloor:
      return std::floor(place);
    case NearestMode::kCeil:
      return std::ceil(place);
    case NearestMode::kBeforeOpset11:
      break;
  }
  return axis.to < axis.from ? std::ceil(place) : std::floor(place);
}

/// Weight of an element at this distance.
double weight_at(const ResizeAttributes& attributes, double distance) {
  if (attributes.mode == ResizeMode::kLinear) return std::max(0.0, 1 - std::abs(distance));
  return cubic_weight(attributes.cubic_a, std::abs(distance));
}

/// The elements that one element of Y is made of.
struct Window {
  std::int64_t first = 0;
  std::vector<double> weights;
};

/// Divides by the sum; of none, or of weights that cancel, it leaves what is there.
void normalize(Window& window) {
  double sum = 0;
  for (const double weight : window.weights) sum += weight;
  if (sum == 0) return;
  for (double& weight : window.weights) weight /= sum;
}

/// With the elements outside counted for those at the border, or not at all.
void set_window(const ResizeAttributes& attributes, const AxisResize& axis, double place, bool exclude_outside,
                Window& window) {
  const double support = attributes.mode == ResizeMode::kLinear ? 1 : 2;
  const double stretch = attributes.antialias ? std::max(1.0, axis.from / axis.to) : 1.0;
  const std::int64_t last = axis.size - 1;
  // Beyond this distance from X nothing but the border is in reach.
  const double reach = support * stretch;
  place = std::clamp(place, -reach - 1, static_cast<double>(last) + reach + 1);
  const auto low = static_cast<std::int64_t>(std::floor(place - reach)) + 1;
  const auto high = static_cast<std::int64_t>(std::ceil(place + reach)) - 1;
  window.first = std::clamp<std::int64_t>(low, 0, last);
  window.weights.assign(static_cast<std::size_t>(std::clamp<std::int64_t>(high, 0, last) - window.first) + 1, 0.0);
  for (std::int64_t i = low; i <= high; ++i) {
    if (exclude_outside && (i < 0 || i > last)) continue;
    const std::int64_t source = std::clamp<std::int64_t>(i, 0, last);
    window.weights[static_cast<std::size_t>(source - window.first)] +=
        weight_at(attributes, (static_cast<double>(i) - place) / stretch);
  }
  if (attributes.antialias || exclude_outside) normalize(window);
}

bool is_empty(const Window& window) {
  return std::all_of(window.weights.begin(), window.weights.end(), [](double weight) { return weight == 0; });
}

/// Without the elements at both ends that count for nothing: they might be infinite.
void trim(Window& window) {
  std::vector<double>& weights = window.weights;
  while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
  std::size_t zeros = 0;
  while (zeros + 1 < weights.size() && weights[zeros] == 0) ++zeros;
  weights.erase(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(zeros));
  window.first += static_cast<std::int64_t>(zeros);
}

void set_window_of(const ResizeAttributes& attributes, const AxisResize& axis, std::int64_t index, Window& window) {
  const double place = coordinate(attributes.coordinates, axis, static_cast<double>(index));
  set_window(attributes, axis, place, attributes.exclude_outside, window);
  if (is_empty(window)) set_window(attributes, axis, place, false, window);
  trim(window);
}

}  // namespace

double cubic_weight(double a, double x) {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0.0;
}

std::int64_t resized_length(std::int64_t size, float scale) {
  if (scale == 1) return size;
  double length = static_cast<double>(size) * static_cast<double>(scale);
  if (length < kExactInFloat) length = static_cast<double>(static_cast<float>(length));
  if (length >= 0x1p63) invalid_model("dimension ", size, " times ", scale, " is larger than 64 bits can count");
  return static_cast<std::int64_t>(length);
}

std::vector<std::int64_t> extrapolated(const ResizeAttributes& attributes, const AxisResize& axis) {
  std::vector<std::int64_t> outside;
  if (attributes.coordinates != CoordinateMode::kTfCropAndResize) return outside;
  for (std::int64_t i = 0; i < axis.resized; ++i) {
    const double place = coordinate(attributes.coordinates, axis, static_cast<double>(i));
    if (place < 0 || place > static_cast<double>(axis.size - 1)) outside.push_back(i);
  }
  return outside;
}

std::vector<std::int64_t> nearest_elements(const ResizeAttributes& attributes, const AxisResize& axis) {
  std::vector<std::int64_t> elements(static_cast<std::size_t>(axis.resized));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const double place = coordinate(attributes.coordinates, axis, static_cast<double>(i));
    const double nearest = nearest_to(attributes.nearest, axis, place);
    elements[i] = static_cast<std::int64_t>(std::clamp(nearest, 0.0, static_cast<double>(axis.size - 1)));
  }
  return elements;
}

AxisTaps axis_taps(const ResizeAttributes& attributes, const AxisResize& axis) {
  AxisTaps result;
  Window window;
  for (std::int64_t i = 0; i < axis.resized; ++i) {
    set_window_of(attributes, axis, i, window);
    result.taps = std::max(result.taps, window.weights.size());
  }
  const auto count = static_cast<std::size_t>(axis.resized);
  result.first.resize(count);
  result.weights.resize(count * result.taps);
  for (std::size_t i = 0; i < count; ++i) {
    set_window_of(attributes, axis, static_cast<std::int64_t>(i), window);
    const std::int64_t first = std::min(window.first, axis.size - static_cast<std::int64_t>(result.taps));
    const auto shift = static_cast<std::size_t>(window.first - first);
    std::copy(window.weights.begin(), window.weights.end(),
              result.weights.begin() + static_cast<std::ptrdiff_t>(i * result.taps + shift));
    result.first[i] = first;
  }
  return result;
}

}  // namespace linnet::internal
