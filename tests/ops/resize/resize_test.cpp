#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/resize/resize_expectation.hpp"

namespace linnet::internal {
namespace {

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

TEST(Resize, RepeatsElementsInRows) {
  Manner manner;
  manner.mode = "nearest";
  for (const std::int64_t columns : {3, 40, 700}) {
    for (const std::int64_t times : {2, 3, 5}) {
      const Shape from{3, columns}, to{6, times * columns};
      check_sizes<float>(from, to, manner, exact());
      check_sizes<std::uint8_t>(from, to, manner, exact(), 0, 256);
      check_sizes<Float16>(from, to, manner, exact());
      check_sizes<double>(from, to, manner, exact());
    }
  }
  for (const Shape& from : {Shape{1, 1}, {2, 3, 5}, {2, 2, 7, 40}, {1, 3, 60, 150}}) {  // twice along both axes
    Shape to = from;
    for (std::size_t axis = from.size() - 2; axis < from.size(); ++axis) to[axis] *= 2;
    check_sizes<float>(from, to, manner, exact());
    check_sizes<Float16>(from, to, manner, exact());
    to[0] *= 2;
    check_sizes<float>(from, to, manner, exact());
  }
  for (const std::int64_t times : {3, 5}) {  // in rows that several tasks write
    check_sizes<double>({2, 8400 / times}, {2, 8400}, manner, exact());
  }
  check_sizes<std::uint8_t>({2}, {140000}, manner, exact(), 0, 256);  // more often than a task writes
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
      {{5, 6}, {4, 6}, {0, 0, 0.3375F, 0.45F}},  // nearest: the first rows and columns twice
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

}  // namespace
}  // namespace linnet::internal
