// Resize by ONNX's formulas, element by element, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

/// One axis of a Resize, by ONNX's formulas.
struct Axis {
  std::int64_t size, resized;
  double scale;
  double start = 0, end = 1;
};

struct Manner {
  std::string mode = "nearest", nearest_mode = "round_prefer_floor", coordinates = "half_pixel";
  double a = -0.75;
  bool exclude_outside = false, antialias = false;
  double extrapolation_value = 0;
};

inline double place_of(const Manner& manner, const Axis& axis, double i) {
  const auto n = static_cast<double>(axis.size);
  const double m = axis.scale * n;
  if (manner.coordinates == "asymmetric") return i / axis.scale;
  if (manner.coordinates == "align_corners") return m == 1 ? 0 : i * (n - 1) / (m - 1);
  if (manner.coordinates == "tf_half_pixel_for_nn") return (i + 0.5) / axis.scale;
  if (manner.coordinates == "pytorch_half_pixel" && axis.resized == 1) return 0;
  if (manner.coordinates == "tf_crop_and_resize") {
    if (m == 1) return (axis.start + axis.end) / 2 * (n - 1);
    return axis.start * (n - 1) + i * (axis.end - axis.start) * (n - 1) / (m - 1);
  }
  double offset = 0;
  if (manner.coordinates == "half_pixel_symmetric") offset = n / 2 * (1 - static_cast<double>(axis.resized) / m);
  return offset + (i + 0.5) / axis.scale - 0.5;
}

inline double kernel(const Manner& manner, double distance) {
  const double x = std::abs(distance), a = manner.a;
  if (manner.mode == "linear") return x < 1 ? 1 - x : 0;
  if (x < 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

/// The weight of each element of X in element i of Y; empty: it lies outside the roi.
inline std::vector<double> weights_of(const Manner& manner, const Axis& axis, std::int64_t i) {
  const double place = place_of(manner, axis, static_cast<double>(i));
  const std::int64_t last = axis.size - 1;
  std::vector<double> weights(static_cast<std::size_t>(axis.size), 0.0);
  if (manner.coordinates == "tf_crop_and_resize" && (place < 0 || place > static_cast<double>(last))) return {};
  if (manner.mode == "nearest") {
    double nearest = std::floor(place);
    if (manner.nearest_mode == "ceil") nearest = std::ceil(place);
    if (manner.nearest_mode == "round_prefer_floor") nearest = std::ceil(place - 0.5);
    if (manner.nearest_mode == "round_prefer_ceil") nearest = std::floor(place + 0.5);
    weights[static_cast<std::size_t>(std::clamp(nearest, 0.0, static_cast<double>(last)))] = 1;
    return weights;
  }
  const double narrow = manner.antialias ? std::min(1.0, axis.scale) : 1.0;
  double sum = 0;
  for (std::int64_t k = -4 * axis.size - 8; k <= 5 * axis.size + 8; ++k) {
    if (manner.exclude_outside && (k < 0 || k > last)) continue;
    const double weight = kernel(manner, (static_cast<double>(k) - place) * narrow);
    weights[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, last))] += weight;
    sum += weight;
  }
  if (manner.exclude_outside || manner.antialias) {
    for (double& weight : weights) weight /= sum;
  }
  return weights;
}

template <typename T>
ConstantPtr resized(const ConstantPtr& x, const std::vector<Axis>& axes, const Manner& manner) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < x->count(); ++i) values.push_back(static_cast<double>(x->as<T>()[i]));
  std::vector<bool> outside(values.size(), false);
  Shape shape = x->shape;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    if (axes[axis].scale == 1 && axes[axis].start == 0 && axes[axis].end == 1) continue;
    std::int64_t outer = 1, inner = 1;
    for (std::size_t k = 0; k < axis; ++k) outer *= shape[k];
    for (std::size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
    const std::int64_t size = axes[axis].size, length = axes[axis].resized;
    std::vector<double> next(static_cast<std::size_t>(outer * length * inner), 0.0);
    std::vector<bool> next_outside(next.size(), false);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::vector<double> weights = weights_of(manner, axes[axis], i);
      for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t k = 0; k < inner; ++k) {
          const auto to = static_cast<std::size_t>((o * length + i) * inner + k);
          next_outside[to] = weights.empty();
          for (std::int64_t from = 0; from < size; ++from) {
            const auto source = static_cast<std::size_t>((o * size + from) * inner + k);
            if (outside[source]) next_outside[to] = true;  // all of a line or none
            if (!weights.empty() && weights[static_cast<std::size_t>(from)] != 0) {
              next[to] += weights[static_cast<std::size_t>(from)] * values[source];
            }
          }
        }
      }
    }
    values = next;
    outside = next_outside;
    shape[axis] = length;
  }
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x->type, shape, &data);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double value = outside[i] ? manner.extrapolation_value : values[i];
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      value = std::clamp(std::nearbyint(value), static_cast<double>(std::numeric_limits<T>::lowest()),
                         static_cast<double>(std::numeric_limits<T>::max()));
    }
    reinterpret_cast<T*>(data)[i] = static_cast<T>(value);
  }
  return result;
}

inline OpTest resize(const Manner& manner, int opset) {
  OpTest test("Resize", opset);
  test.attribute("mode", manner.mode)
      .attribute("nearest_mode", manner.nearest_mode)
      .attribute("coordinate_transformation_mode", manner.coordinates)
      .attribute("cubic_coeff_a", static_cast<float>(manner.a))
      .attribute("exclude_outside", std::int64_t{manner.exclude_outside})
      .attribute("extrapolation_value", static_cast<float>(manner.extrapolation_value));
  if (opset >= 18) test.attribute("antialias", std::int64_t{manner.antialias});
  return test;
}

inline std::string name_of(const Manner& manner) {
  return text(manner.mode, " ", manner.nearest_mode, " ", manner.coordinates, " a ", manner.a,
              manner.exclude_outside ? " excluding" : "", manner.antialias ? " antialias" : "");
}

constexpr const char* kCoordinates[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                        "align_corners", "asymmetric",           "tf_half_pixel_for_nn"};

inline std::vector<Manner> all_manners() {
  std::vector<Manner> manners;
  for (const char* coordinates : kCoordinates) {
    for (const char* nearest_mode : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
      manners.push_back({"nearest", nearest_mode, coordinates});
    }
    for (const bool exclude : {false, true}) {
      for (const bool antialias : {false, true}) {
        manners.push_back({"linear", "floor", coordinates, -0.75, exclude, antialias});
        manners.push_back({"cubic", "floor", coordinates, antialias ? -0.5 : -0.75, exclude, antialias});
      }
    }
  }
  return manners;
}

}  // namespace linnet::internal
