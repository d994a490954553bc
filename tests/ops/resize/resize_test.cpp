#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

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

double place_of(const Manner& manner, const Axis& axis, double i) {
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

double kernel(const Manner& manner, double distance) {
  const double x = std::abs(distance), a = manner.a;
  if (manner.mode == "linear") return x < 1 ? 1 - x : 0;
  if (x < 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

/// The weight of each element of X in element i of Y; empty: it lies outside the roi.
std::vector<double> weights_of(const Manner& manner, const Axis& axis, std::int64_t i) {
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

OpTest resize(const Manner& manner, int opset) {
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

std::string name_of(const Manner& manner) {
  return text(manner.mode, " ", manner.nearest_mode, " ", manner.coordinates, " a ", manner.a,
              manner.exclude_outside ? " excluding" : "", manner.antialias ? " antialias" : "");
}

constexpr const char* kCoordinates[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                        "align_corners", "asymmetric",           "tf_half_pixel_for_nn"};

std::vector<Manner> all_manners() {
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

/// To sizes.
template <typename T>
void check_sizes(const Shape& from, const Shape& to, const Manner& manner, const Tolerance& tolerance, double low = -1,
                 double high = 1) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), from, low, high, 3);
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < from.size(); ++i) {
    axes.push_back({from[i], to[i], static_cast<double>(to[i]) / static_cast<double>(from[i])});
  }
  resize(manner, 19)
      .named(text(name_of(manner), " ", data_type_of<T>(), " ", from, " to ", to))
      .input(x)
      .no_input()
      .no_input()
      .template input<std::int64_t>({static_cast<std::int64_t>(to.size())}, to)
      .expect(resized<T>(x, axes, manner))
      .tolerance(tolerance)
      .run();
}

TEST(Resize, ResizesToSizesInEveryManner) {
  for (const Manner& manner : all_manners()) {
    const bool antialias = manner.antialias;
    check_sizes<float>({1, 2, 5, 7}, {1, 2, 11, 3}, manner, close(1e-6, 1e-6));
    check_sizes<float>({2, 16, 3}, {2, 9, 4}, manner, close(1e-6, antialias ? 2e-6 : 1e-6));
    check_sizes<float>({7}, {1}, manner, close(1e-6, 1e-6));
  }
}

TEST(Resize, TakesEveryShape) {
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    Manner manner;
    manner.mode = mode;
    const Tolerance tolerance = close(1e-6, 2e-6);
    check_sizes<float>({1}, {5}, manner, tolerance);
    check_sizes<float>({3, 3}, {3, 3}, manner, exact());
    check_sizes<float>({1, 1, 40, 33}, {1, 1, 80, 66}, manner, tolerance);
    check_sizes<float>({2, 6, 5, 3}, {2, 9, 8, 3}, manner, tolerance);  // channels last
    check_sizes<float>({2, 3, 4, 5, 6}, {2, 3, 8, 7, 3}, manner, tolerance);
    check_sizes<float>({4, 3, 2}, {5, 2, 6}, manner, tolerance);
    check_sizes<float>({1, 600}, {1, 5000}, manner, tolerance);
    check_sizes<float>({3, 20000}, {7, 20000}, manner, tolerance);
    manner.antialias = manner.mode != "nearest";  // with so many taps that lines are cut
    check_sizes<float>({2, 900}, {2, 40}, manner, tolerance);
    check_sizes<float>({300, 600}, {2, 600}, manner, tolerance);
    manner.antialias = false;
    check_sizes<float>({2, 3}, {0, 5}, manner, exact());
    check_sizes<float>({2, 0, 3}, {4, 0, 3}, manner, exact());
  }
}

TEST(Resize, TakesEveryType) {
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    Manner manner;
    manner.mode = mode;
    const Shape from{2, 5, 6}, to{2, 8, 4};
    check_sizes<double>(from, to, manner, close(1e-14, 1e-14));
    check_sizes<Float16>(from, to, manner, close(0x1p-10, 1e-5));
    check_sizes<Bfloat16>(from, to, manner, close(0x1p-7, 1e-5));
    check_sizes<std::int8_t>(from, to, manner, exact(), -128, 128);
    check_sizes<std::int16_t>(from, to, manner, exact(), -32768, 32768);
    check_sizes<std::int32_t>(from, to, manner, exact(), -1e6, 1e6);
    check_sizes<std::int64_t>(from, to, manner, exact(), -1e6, 1e6);
    check_sizes<std::uint8_t>(from, to, manner, exact(), 0, 256);
    check_sizes<std::uint16_t>(from, to, manner, exact(), 0, 65536);
    check_sizes<std::uint32_t>(from, to, manner, exact(), 0, 1e6);
    check_sizes<std::uint64_t>(from, to, manner, exact(), 0, 1e6);
  }
  check_sizes<bool>({4, 5}, {7, 3}, {}, exact(), 0, 1);
}

/// By scales.
void check_scales(const Shape& from, const Floats& scales, const Shape& to, const Manner& manner, int opset) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, from, -1, 1, 3);
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < from.size(); ++i) axes.push_back({from[i], to[i], static_cast<double>(scales[i])});
  OpTest test = resize(manner, opset);
  test.named(text(name_of(manner), " ", from, " to ", to, " by scales")).input(x);
  test.input<float>({0}, {}).input<float>({static_cast<std::int64_t>(scales.size())}, scales);
  if (opset == 11) test.input<std::int64_t>({0}, {});
  test.expect(resized<float>(x, axes, manner)).tolerance(close(1e-6, 2e-6)).run();
}

TEST(Resize, ResizesByScales) {
  for (const Manner& manner : all_manners()) {
    for (const int opset : {11, 13, 18, 19}) {
      if (manner.antialias && opset < 18) continue;
      check_scales({1, 1, 4, 6}, {1, 1, 2, 1.5F}, {1, 1, 8, 9}, manner, opset);
      check_scales({1, 2, 4, 5}, {1, 1, 0.625F, 0.8125F}, {1, 2, 2, 4}, manner, opset);
    }
  }
}

TEST(Resize, TakesAFloat32ScaleForTheNumberItStandsFor) {
  // A third and 0.6 are rounded to float32: whole numbers still are found as such.
  const auto check = [](std::int64_t size, float scale, const Floats& expected) {
    Floats x;
    for (std::int64_t i = 0; i < size; ++i) x.push_back(static_cast<float>(i));
    OpTest("Resize", 13)
        .attribute("coordinate_transformation_mode", "asymmetric")
        .attribute("nearest_mode", "floor")
        .input<float>({size}, x)
        .no_input()
        .input<float>({1}, {scale})
        .expect<float>({static_cast<std::int64_t>(expected.size())}, expected)
        .run();
  };
  check(9, 1.0F / 3, {0, 3, 6});
  check(9, 0.6F, {0, 1, 3, 5, 6});
  check(10, 0.7F, {0, 1, 2, 4, 5, 7, 8});
  check(10, 0.1F, {0});
}

TEST(Resize, FindsTiesExactly) {
  // 28 / 6 is inexact, yet 6.5 and 20.5 are halfway between two elements.
  const auto check = [](const char* nearest_mode, const Floats& expected) {
    Floats x;
    for (int i = 0; i < 28; ++i) x.push_back(static_cast<float>(i));
    OpTest("Resize", 19)
        .attribute("nearest_mode", nearest_mode)
        .input<float>({28}, x)
        .no_input()
        .no_input()
        .input<std::int64_t>({1}, {6})
        .expect<float>({6}, expected)
        .run();
  };
  check("round_prefer_ceil", {2, 7, 11, 16, 21, 25});
  check("round_prefer_floor", {2, 6, 11, 16, 20, 25});
  // Of 9 elements half are 4, which lie symmetrically at whole numbers.
  OpTest("Resize", 19)
      .attribute("coordinate_transformation_mode", "half_pixel_symmetric")
      .attribute("nearest_mode", "floor")
      .input<float>({9}, {0, 1, 2, 3, 4, 5, 6, 7, 8})
      .no_input()
      .input<float>({1}, {0.5F})
      .expect<float>({4}, {1, 3, 5, 7})
      .run();
}

TEST(Resize, FindsTheLastElementOfARoi) {
  // In float64, 0.1F * 5 is above 0.5, and the last place may come out a little above 5: neither is meant.
  const auto check = [](float start, float end, const Floats& expected) {
    OpTest("Resize", 13)
        .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
        .attribute("extrapolation_value", -1.0F)
        .input<float>({6}, {0, 1, 2, 3, 4, 5})
        .input<float>({2}, {start, end})
        .no_input()
        .input<std::int64_t>({1}, {static_cast<std::int64_t>(expected.size())})
        .expect<float>({static_cast<std::int64_t>(expected.size())}, expected)
        .run();
  };
  check(0.1F, 0.9F, {0, 4});
  check(-0.2F, 1, {-1, 0, 1, 2, 3, 4, 5});
  check(0, 1.2F, {0, 2, 4, -1});
}

/// The decimal number that a float32 stands for.
double meant(float number) { return std::round(static_cast<double>(number) * 1e6) / 1e6; }

TEST(Resize, CropsAndExtrapolates) {
  struct Case {
    Shape from, to;
    Floats roi;
  };
  const Case cases[] = {
      {{4, 4}, {3, 3}, {0.4F, 0.6F, 0.6F, 0.8F}},
      {{5, 6}, {4, 5}, {0.2F, -0.3F, 0.9F, 0.7F}},
      {{5, 6}, {5, 6}, {0, 0.5F, 1, 2}},
      {{5, 6}, {1, 6}, {0.25F, 1, 0.75F, 0}},
      {{3, 3}, {2, 2}, {5, 5, 6, 6}},
      {{5, 6}, {3, 3}, {0, -1e30F, 1, 1e30F}},
  };
  for (const Case& c : cases) {
    for (const char* mode : {"nearest", "linear", "cubic"}) {
      Manner manner;
      manner.mode = mode;
      manner.coordinates = "tf_crop_and_resize";
      manner.extrapolation_value = 7.5;
      std::vector<Axis> axes;
      for (std::size_t i = 0; i < 2; ++i) {
        axes.push_back({c.from[i], c.to[i], static_cast<double>(c.to[i]) / static_cast<double>(c.from[i]),
                        meant(c.roi[i]), meant(c.roi[i + 2])});
      }
      const ConstantPtr x = random_tensor(DataType::kFloat32, c.from, -1, 1, 3);
      resize(manner, 13)
          .named(text(mode, " ", c.from, " to ", c.to))
          .input(x)
          .input<float>({4}, c.roi)
          .input<float>({0}, {})
          .input<std::int64_t>({2}, c.to)
          .expect(resized<float>(x, axes, manner))
          .expect_identity(false)
          .tolerance(close(1e-6, 1e-6))
          .run();
    }
  }
  const ConstantPtr x = random_tensor(DataType::kUint8, {3, 3}, 0, 256, 3);
  for (const DataType type : {DataType::kFloat64, DataType::kFloat16}) {
    const ConstantPtr roi =
        type == DataType::kFloat16 ? tensor_of<Float16>({4}, {0, 0, 2, 1}) : tensor_of<double>({4}, {0, 0, 2, 1});
    OpTest("Resize", 13)
        .named("integers are rounded")
        .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
        .attribute("mode", "linear")
        .attribute("extrapolation_value", 300.0F)
        .input<std::uint8_t>({3, 1}, {1, 2, 4})
        .input(roi)
        .no_input()
        .input<std::int64_t>({2}, {5, 1})
        .expect<std::uint8_t>({5, 1}, {1, 2, 4, 255, 255})
        .run();
  }
}

TEST(Resize, TakesSomeAxesAndKeepsTheAspectRatio) {
  struct Case {
    Ints axes, sizes;
    const char* policy;
    Shape to;
    double scale_2, scale_3;
  };
  const Case cases[] = {
      {{2, 3}, {8, 9}, "stretch", {1, 2, 8, 9}, 8.0 / 4, 9.0 / 6},
      {{3, 2}, {9, 8}, "stretch", {1, 2, 8, 9}, 8.0 / 4, 9.0 / 6},
      {{-1}, {3}, "stretch", {1, 2, 4, 3}, 1, 0.5},
      {{2, 3}, {8, 9}, "not_larger", {1, 2, 6, 9}, 1.5, 1.5},
      {{2, 3}, {8, 9}, "not_smaller", {1, 2, 8, 12}, 2, 2},
      {{2, 3}, {3, 3}, "not_larger", {1, 2, 2, 3}, 0.5, 0.5},
      {{3, 2}, {7, 100}, "not_larger", {1, 2, 5, 7}, 7.0 / 6, 7.0 / 6},  // 14/3 is 5
      {{3, 2}, {1, 1}, "not_smaller", {1, 2, 1, 2}, 0.25, 0.25},         // halves go up
  };
  for (const Case& c : cases) {
    for (const char* mode : {"nearest", "linear"}) {
      Manner manner;
      manner.mode = mode;
      const ConstantPtr x = random_tensor(DataType::kFloat32, {1, 2, 4, 6}, -1, 1, 3);
      const std::vector<Axis> axes = {{1, 1, 1}, {2, 2, 1}, {4, c.to[2], c.scale_2}, {6, c.to[3], c.scale_3}};
      OpTest("Resize", 18)
          .named(text(c.policy, " ", c.axes, " to ", c.sizes))
          .attribute("mode", mode)
          .attribute("keep_aspect_ratio_policy", c.policy)
          .ints("axes", c.axes)
          .input(x)
          .no_input()
          .no_input()
          .input<std::int64_t>({static_cast<std::int64_t>(c.sizes.size())}, c.sizes)
          .expect(resized<float>(x, axes, manner))
          .tolerance(close(1e-6, 1e-6))
          .run();
    }
  }
  const ConstantPtr x = random_tensor(DataType::kFloat32, {1, 2, 4, 6}, -1, 1, 3);
  Manner manner;
  manner.coordinates = "tf_crop_and_resize";
  OpTest("Resize", 19)
      .named("roi and scales of some axes")
      .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
      .ints("axes", {3, 2})
      .input(x)
      .input<float>({4}, {0, 0.5F, 1, 0.75F})
      .input<float>({2}, {0.5F, 2})
      .expect(resized<float>(x, {{1, 1, 1}, {2, 2, 1}, {4, 8, 2, 0.5, 0.75}, {6, 3, 0.5}}, manner))
      .run();
}

TEST(Resize, AgreesWithPyTorch) {
  // F.interpolate of arange(12).reshape(1, 1, 3, 4) to (2, 3): bilinear, bicubic, and both with antialias, which leaves
  // out what lies outside.
  Floats x;
  for (int i = 0; i < 12; ++i) x.push_back(static_cast<float>(i));
  const auto check = [&](const char* mode, bool antialias, const Floats& expected) {
    OpTest("Resize", 19)
        .named(text(mode, antialias ? " antialias" : ""))
        .attribute("mode", mode)
        .attribute("antialias", std::int64_t{antialias})
        .attribute("exclude_outside", std::int64_t{antialias})
        .attribute("cubic_coeff_a", antialias ? -0.5F : -0.75F)
        .input<float>({1, 1, 3, 4}, x)
        .no_input()
        .no_input()
        .input<std::int64_t>({4}, {1, 1, 2, 3})
        .expect<float>({1, 1, 2, 3}, expected)
        .tolerance(close(1e-6, 1e-6))
        .run();
  };
  check("linear", false, {1.16666667F, 2.5F, 3.83333333F, 7.16666667F, 8.5F, 9.83333333F});
  check("linear", true, {1.8F, 3, 4.2F, 6.8F, 8, 9.2F});
  check("cubic", false, {0.891782407F, 2.265625F, 3.63946759F, 7.36053241F, 8.734375F, 10.1082176F});
  check("cubic", true, {1.42909668F, 2.73916533F, 4.04923398F, 6.95076602F, 8.26083467F, 9.57090332F});
}

TEST(Resize, HasOlderForms) {
  const Floats x = {1, 2, 3, 4, 5, 6, 7, 8};
  // Of ONNX's tests at opset 10.
  OpTest("Resize", 10)
      .input<float>({1, 1, 2, 4}, x)
      .input<float>({4}, {1, 1, 0.6F, 0.6F})
      .expect<float>({1, 1, 1, 2}, {1, 3})
      .run();
  OpTest("Resize", 10)
      .attribute("mode", "linear")
      .input<float>({1, 1, 2, 4}, x)
      .input<float>({4}, {1, 1, 0.6F, 0.6F})
      .expect<float>({1, 1, 1, 2}, {1, 2.6666665F})
      .tolerance(ulp(1))
      .run();
  for (const int opset : {7, 9}) {
    for (const char* mode : {"nearest", "linear"}) {
      OpTest test("Upsample", opset);
      test.named(text(mode, " at ", opset)).attribute("mode", mode);
      if (opset < 9) test.floats("scales", {1, 2.5F});
      test.input<float>({2, 2}, {1, 3, 5, 9});
      if (opset >= 9) test.input<float>({2}, {1, 2.5F});
      if (mode == std::string("nearest")) {
        test.expect<float>({2, 5}, {1, 1, 1, 3, 3, 5, 5, 5, 9, 9});
      } else {
        test.expect<float>({2, 5}, {1, 1.8F, 2.6F, 3, 3, 5, 6.6F, 8.2F, 9, 9}).tolerance(close(1e-6, 0));
      }
      test.run();
    }
  }
}

TEST(Resize, ReadsNothingThatHasNoWeight) {
  // An infinite neighbour of an element that stays as it is.
  const float inf = std::numeric_limits<float>::infinity();
  for (const char* mode : {"linear", "cubic"}) {
    OpTest("Resize", 13)
        .named(mode)
        .attribute("mode", mode)
        .attribute("coordinate_transformation_mode", "align_corners")
        .input<float>({5}, {1, inf, 3, inf, 5})
        .no_input()
        .no_input()
        .input<std::int64_t>({1}, {3})
        .expect<float>({3}, {1, 3, 5})
        .run();
  }
}

TEST(Resize, KnowsSymbols) {
  OpTest("Resize", 19)
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .constant_input<float>({4}, {1, 1, 2, 1.5F})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", 7})
      .infer_only();
  OpTest("Resize", 19)
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .no_input()
      .symbolic_input(DataType::kInt64, {4})
      .elements({"n", 3, "m", 10})
      .expect_dims(DataType::kFloat32, {"n", 3, "m", 10})
      .infer_only();
  OpTest("Resize", 19)
      .ints("axes", {2, 3})
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .symbolic_input(DataType::kFloat32, {"?"})
      .symbolic_input(DataType::kInt64, {"?"})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", "?"})
      .infer_only();
  OpTest("Resize", 19)
      .ints("axes", {2, 3})
      .attribute("keep_aspect_ratio_policy", "not_larger")
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", 5})
      .no_input()
      .no_input()
      .constant_input<std::int64_t>({2}, {4, 4})
      .expect_dims(DataType::kFloat32, {"n", 3, "?", "?"})
      .infer_only();
}

TEST(Resize, KnowsWhatItKeeps) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {2, 3}, -1, 1, 1);
  OpTest("Resize", 13).input(x).no_input().constant_input<float>({2}, {1, 1}).expect(x).expect_identity(true).run();
  OpTest("Resize", 13)
      .named("a scale that keeps the length moves elements")
      .attribute("mode", "linear")
      .input(x)
      .no_input()
      .constant_input<float>({2}, {1, 1.25F})
      .expect_identity(false)
      .expect_reference()
      .tolerance(close(1e-6, 1e-6))
      .run();
}

TEST(Resize, SaysWhatIsWrong) {
  struct Case {
    const char* words;
    Shape shape;
    Floats scales;
    Ints sizes;
    ErrorCode code = ErrorCode::kInvalidModel;
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Case cases[] = {
      {"neither scales nor sizes is given, expected one of them", {2, 3}, {}, {}},
      {"both scales and sizes are given, expected one of them", {2, 3}, {1, 2}, {2, 6}},
      {"input scales has 3 elements, expected 2", {2, 3}, {1, 2, 3}, {}},
      {"input sizes has 1 elements, expected 2", {2, 3}, {}, {4}},
      {"scales holds 0, expected finite numbers above 0", {2, 3}, {1, 0}, {}},
      {"scales holds -2, expected finite numbers above 0", {2, 3}, {1, -2}, {}},
      {"scales holds nan, expected finite numbers above 0", {2, 3}, {1, kNan}, {}},
      {"scales holds inf, expected finite numbers above 0", {2, 3}, {1, kInfinity}, {}},
      {"dimension 3 times 1e+30 is larger than 64 bits can count", {2, 3}, {1, 1e30F}, {}},
      {"sizes is [2,-1], with a negative number", {2, 3}, {}, {2, -1}},
      {"X is empty along axis 0: there is nothing to make 2 elements of", {0, 3}, {}, {2, 3}},
      {"", {2, 3}, {}, {INT64_MAX, 2}},
      {"", {2, 3}, {2e18F, 2e18F}, {}},
  };
  for (const Case& c : cases) {
    OpTest test("Resize", 13);
    test.named(c.words).random_input(DataType::kFloat32, c.shape, -1, 1).no_input();
    test.constant_input<float>({static_cast<std::int64_t>(c.scales.size())}, c.scales);
    test.constant_input<std::int64_t>({static_cast<std::int64_t>(c.sizes.size())}, c.sizes);
    test.expect_error(c.code, c.words).run();
  }
}

TEST(Resize, SaysWhichAttributeIsWrong) {
  struct Case {
    int opset;
    const char* attribute;
    AttributeValue value;
    const char* words;
  };
  const Case cases[] = {
      {10, "mode", "cubic", "mode is \"cubic\", expected one of nearest, linear"},
      {13, "mode", "area", "mode is \"area\", expected one of nearest, linear, cubic"},
      {13, "nearest_mode", "round", "nearest_mode is \"round\", expected one of round_prefer_floor,"},
      {13, "coordinate_transformation_mode", "corner", "coordinate_transformation_mode is \"corner\", expected one of"},
      {18, "keep_aspect_ratio_policy", "both", "keep_aspect_ratio_policy is \"both\", expected one of stretch,"},
      {18, "antialias", std::int64_t{1}, "antialias is 1, which mode nearest cannot do, expected mode linear or cubic"},
      {18, "axes", Ints{0, -2}, "name axis 0 twice"},
      {18, "axes", Ints{2}, "axis 2 is outside [-2,1] for rank 2"},
      {13, "coordinate_transformation_mode", "tf_crop_and_resize",
       "roi is missing, which coordinate_transformation_mode tf_crop_and_resize needs"},
  };
  for (const Case& c : cases) {
    OpTest test("Resize", c.opset);
    test.named(c.words).attribute(c.attribute, c.value).random_input(DataType::kFloat32, {2, 3}, -1, 1);
    if (c.opset >= 11) test.no_input();
    test.constant_input<float>({2}, {1, 2}).expect_error(ErrorCode::kInvalidModel, c.words).run();
  }
  OpTest("Resize", 13)
      .attribute("coordinate_transformation_mode", "tf_crop_and_resize")
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .constant_input<float>({2}, {0, std::numeric_limits<float>::infinity()})
      .constant_input<float>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "roi holds inf, expected finite numbers")
      .run();
  OpTest("Resize", 18)
      .attribute("keep_aspect_ratio_policy", "not_larger")
      .random_input(DataType::kFloat32, {2, 0}, -1, 1)
      .no_input()
      .no_input()
      .constant_input<std::int64_t>({2}, {1, 1})
      .expect_error(ErrorCode::kInvalidModel, "X is empty along axis 1: it has no aspect ratio to keep")
      .run();
  OpTest("Resize", 13)
      .attribute("mode", "linear")
      .random_input(DataType::kBool, {2}, 0, 1)
      .no_input()
      .constant_input<float>({1}, {2})
      .expect_error(ErrorCode::kInvalidModel, "input X is bool, expected one of")
      .run();
  OpTest("Upsample", 9)
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .constant_input<float>({1}, {0.5F})
      .expect_error(ErrorCode::kInvalidModel, "scales holds 0.5, expected 1 or more")
      .run();
  OpTest("Upsample", 7)
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "attribute \"scales\" is missing")
      .run();
}

}  // namespace
}  // namespace linnet::internal
