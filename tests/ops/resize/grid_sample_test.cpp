#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Manner {
  std::string mode = "linear", padding = "zeros";
  bool align_corners = false;
};

/// Mirrors a place at two borders until it lies between them.
double mirrored(double place, double low, double high) {
  if (low == high) return low;
  while (place < low || place > high) place = place < low ? 2 * low - place : 2 * high - place;
  return place;
}

/// Element of X that stands at an index that may lie outside; -1: none.
std::int64_t inside(const Manner& manner, std::int64_t index, std::int64_t size) {
  const auto last = static_cast<double>(size - 1);
  auto place = static_cast<double>(index);
  if (manner.padding == "zeros") return index < 0 || index >= size ? -1 : index;
  if (manner.padding == "reflection") {
    place = manner.align_corners ? mirrored(place, 0, last) : mirrored(place, -0.5, last + 0.5);
  }
  return static_cast<std::int64_t>(std::clamp(place, 0.0, last));
}

using Taps = std::vector<std::pair<std::int64_t, double>>;

Taps taps_of(const Manner& manner, double place, std::int64_t size) {
  const double below = std::floor(place), part = place - below;
  const auto index = static_cast<std::int64_t>(below);
  if (manner.mode == "nearest") return {{inside(manner, static_cast<std::int64_t>(std::nearbyint(place)), size), 1}};
  if (manner.mode == "linear")
    return {{inside(manner, index, size), 1 - part}, {inside(manner, index + 1, size), part}};
  const double a = -0.75;
  const auto near = [&](double x) { return (a + 2) * x * x * x - (a + 3) * x * x + 1; };
  const auto far = [&](double x) { return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a; };
  return {{inside(manner, index - 1, size), far(1 + part)},
          {inside(manner, index, size), near(part)},
          {inside(manner, index + 1, size), near(1 - part)},
          {inside(manner, index + 2, size), far(2 - part)}};
}

double place_in(const Manner& manner, float number, std::int64_t size) {
  const auto length = static_cast<float>(size);
  const float place = manner.align_corners ? (number + 1) / 2 * (length - 1) : ((number + 1) * length - 1) / 2;
  return static_cast<double>(place);
}

template <typename T>
ConstantPtr sampled(const ConstantPtr& x, const ConstantPtr& grid, const Manner& manner) {
  const std::size_t axes = x->shape.size() - 2;
  Shape shape = {x->shape[0], x->shape[1]};
  shape.insert(shape.end(), grid->shape.begin() + 1, grid->shape.end() - 1);
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x->type, shape, &data);
  const std::int64_t points = grid->count() / shape[0] / static_cast<std::int64_t>(axes);
  std::int64_t plane = 1;
  for (std::size_t axis = 0; axis < axes; ++axis) plane *= x->shape[axis + 2];
  for (std::int64_t i = 0; i < result->count(); ++i) {
    const std::int64_t point = i % points, channel = i / points, batch = channel / shape[1];
    const float* numbers = grid->as<float>() + (batch * points + point) * static_cast<std::int64_t>(axes);
    const std::function<double(std::size_t, std::int64_t)> sum = [&](std::size_t axis, std::int64_t element) {
      if (axis == axes) return static_cast<double>(x->as<T>()[channel * plane + element]);
      const std::int64_t size = x->shape[axis + 2];
      double total = 0;
      for (const auto& [index, weight] : taps_of(manner, place_in(manner, numbers[axes - 1 - axis], size), size)) {
        if (index >= 0 && weight != 0) total += weight * sum(axis + 1, element * size + index);
      }
      return total;
    };
    double value = sum(0, 0);
    if constexpr (std::is_integral_v<T>) {
      value = std::clamp(std::nearbyint(value), static_cast<double>(std::numeric_limits<T>::lowest()),
                         static_cast<double>(std::numeric_limits<T>::max()));
    }
    reinterpret_cast<T*>(data)[i] = static_cast<T>(value);
  }
  return result;
}

OpTest grid_sample(const Manner& manner, int opset = 20) {
  OpTest test("GridSample", opset);
  return test.attribute("mode", manner.mode)
      .attribute("padding_mode", manner.padding)
      .attribute("align_corners", std::int64_t{manner.align_corners});
}

std::string name_of(const Manner& manner) {
  return text(manner.mode, " ", manner.padding, manner.align_corners ? " aligned" : "");
}

std::vector<Manner> all_manners() {
  std::vector<Manner> manners;
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      for (const bool align : {false, true}) manners.push_back({mode, padding, align});
    }
  }
  return manners;
}

template <typename T>
void check(const Shape& x_shape, const Shape& grid_shape, const Manner& manner, const Tolerance& tolerance,
           double low = -1, double high = 1) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), x_shape, low, high, 1);
  const ConstantPtr grid = random_tensor(DataType::kFloat32, grid_shape, -3, 3, 2);
  grid_sample(manner)
      .named(text(name_of(manner), " ", data_type_of<T>(), " ", x_shape))
      .input(x)
      .input(grid)
      .expect(sampled<T>(x, grid, manner))
      .tolerance(tolerance)
      .run();
}

TEST(GridSample, SamplesInEveryManner) {
  for (const Manner& manner : all_manners()) {
    check<float>({2, 3, 4, 5}, {2, 6, 7, 2}, manner, close(1e-6, 2e-6));
    check<float>({1, 70, 3, 1}, {1, 2, 3, 2}, manner, close(1e-6, 2e-6));
    check<float>({2, 17, 4, 5}, {2, 6, 11, 2}, manner, close(1e-6, 2e-6));   // channels side by side
    check<float>({1, 300, 30, 2}, {1, 5, 9, 2}, manner, close(1e-6, 2e-6));  // in two tiles
    check<float>({1, 16, 30, 20}, {1, 2, 3, 2}, manner, close(1e-6, 2e-6));  // few points
    check<float>({1, 2, 9}, {1, 200, 1}, manner, close(1e-6, 2e-6));
    check<float>({1, 2, 3, 4, 5}, {1, 2, 3, 4, 3}, manner, close(1e-6, 4e-6));
    check<float>({2, 1, 2, 3, 2, 3}, {2, 2, 1, 2, 3, 4}, manner, close(1e-6, 1e-5));
    check<float>({1, 2, 60, 40}, {1, 50, 30, 2}, manner, close(1e-6, 2e-6));
  }
}

TEST(GridSample, TakesEveryType) {
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    const Manner manner = {mode, "border", false};
    const Shape x{1, 2, 4, 5}, grid{1, 3, 4, 2};
    check<double>(x, grid, manner, close(1e-13, 1e-13));
    check<Float16>(x, grid, manner, close(0x1p-10, 1e-5));
    check<Bfloat16>(x, grid, manner, close(0x1p-7, 1e-5));
    check<std::int8_t>(x, grid, manner, exact(), -128, 128);
    check<std::int16_t>(x, grid, manner, exact(), -32768, 32768);
    check<std::int32_t>(x, grid, manner, exact(), -1e6, 1e6);
    check<std::int64_t>(x, grid, manner, exact(), -1e6, 1e6);
    check<std::uint8_t>(x, grid, manner, exact(), 0, 256);
    check<std::uint16_t>(x, grid, manner, exact(), 0, 65536);
    check<std::uint32_t>(x, grid, manner, exact(), 0, 1e6);
    check<std::uint64_t>(x, grid, manner, exact(), 0, 1e6);
  }
  check<bool>({1, 2, 4, 5}, {1, 3, 4, 2}, {"nearest", "zeros", false}, exact(), 0, 1);
  grid_sample({"nearest", "zeros", true})
      .named("large integers stay as they are")
      .input<std::int64_t>({1, 1, 3}, {INT64_MAX, INT64_MIN, (std::int64_t{1} << 60) + 1})
      .input<float>({1, 3, 1}, {-1, 0, 1})
      .expect<std::int64_t>({1, 1, 3}, {INT64_MAX, INT64_MIN, (std::int64_t{1} << 60) + 1})
      .run();
}

TEST(GridSample, TakesEveryTypeOfGrid) {
  const std::vector<float> x = {1, 2, 4};
  const auto test = [&] {
    OpTest test = grid_sample({"linear", "zeros", true}, 22);
    test.input<float>({1, 1, 3}, x);
    return test;
  };
  test().input<double>({1, 3, 1}, {-0.75, 0.5, 1.5}).expect<float>({1, 1, 3}, {1.25F, 3, 2}).run();
  test().input<Float16>({1, 3, 1}, {-0.75F, 0.5F, 1.5F}).expect<float>({1, 1, 3}, {1.25F, 3, 2}).run();
  test().input<Bfloat16>({1, 3, 1}, {-0.75F, 0.5F, 1.5F}).expect<float>({1, 1, 3}, {1.25F, 3, 2}).run();
}

TEST(GridSample, AgreesWithPyTorch) {
  // F.grid_sample of arange(12)^2 / 8, shaped [1, 1, 3, 4], at these places.
  std::vector<float> x;
  for (int i = 0; i < 12; ++i) x.push_back(static_cast<float>(i * i) / 8);
  const std::vector<float> grid = {-1, -1, 0.25F, -0.5F, 0.9F, 1.3F, -1.8F, 0.1F, 2.6F, -3.1F};
  const auto check = [&](const char* mode, const char* padding, bool align, const std::vector<float>& expected) {
    for (const int opset : {16, 20}) {
      const bool old_name = opset == 16 && mode == std::string("linear");
      grid_sample({old_name ? "bilinear" : mode, padding, align}, opset)
          .named(text(mode, " ", padding))
          .input<float>({1, 1, 3, 4}, x)
          .input<float>({1, 1, 5, 2}, grid)
          .expect<float>({1, 1, 1, 5}, expected)
          .tolerance(close(1e-6, 1e-5))
          .run();
    }
  };
  check("linear", "zeros", false, {0, 1.5F, 0.52937704F, 0, 0});
  check("linear", "zeros", true, {0, 2.390625F, 10.311875F, 0, 0});
  check("linear", "border", false, {0, 1.5F, 15.125F, 2.9000006F, 1.125F});
  check("linear", "border", true, {0, 2.390625F, 14.73125F, 2.6000001F, 1.125F});
  check("linear", "reflection", false, {0, 1.5F, 15.125F, 4.3275008F, 8.6375008F});
  check("linear", "reflection", true, {0, 2.390625F, 12.07625F, 4.1199999F, 8.6150007F});
  check("nearest", "zeros", false, {0, 0.5F, 0, 0, 0});
  check("nearest", "zeros", true, {0, 0.5F, 15.125F, 0, 0});
  check("nearest", "border", false, {0, 0.5F, 15.125F, 2, 1.125F});
  check("nearest", "border", true, {0, 0.5F, 15.125F, 2, 1.125F});
  check("nearest", "reflection", false, {0, 0.5F, 15.125F, 3.125F, 8});
  check("nearest", "reflection", true, {0, 0.5F, 15.125F, 3.125F, 10.125F});
  check("cubic", "zeros", false, {-0.090820312F, 1.1777344F, 0.4518415F, 0, 0});
  check("cubic", "zeros", true, {0, 1.6389084F, 12.634814F, -0.25608057F, 0});
  check("cubic", "border", false, {-0.19042969F, 1.125F, 15.430636F, 2.9286904F, 1.125F});
  check("cubic", "border", true, {0, 1.5997925F, 15.803641F, 2.6135013F, 1.1249995F});
  check("cubic", "reflection", false, {-0.36328125F, 1.125F, 15.864676F, 4.4612041F, 9.543951F});
  check("cubic", "reflection", true, {0, 1.2403564F, 13.758648F, 4.2765775F, 8.7707338F});
}

TEST(GridSample, TakesAnyNumberForAPlace) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> grid = {nan, inf, -inf, 3e38F, -3e38F};
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    const auto sample = [&](const char* padding) {
      OpTest test = grid_sample({mode, padding, false});
      test.named(text(mode, " ", padding)).input<float>({1, 1, 2}, {5, 7}).input<float>({1, 5, 1}, grid);
      return test;
    };
    sample("zeros").expect<float>({1, 1, 5}, {0, 0, 0, 0, 0}).run();
    sample("border").expect<float>({1, 1, 5}, {5, 7, 5, 7, 5}).run();
    sample("reflection").expect_reference().run();
  }
}

TEST(GridSample, TakesAnyNumberForAPlaceOfAnImage) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  Literals<float> along_rows, along_columns;
  for (const float number : {nan, inf, -inf, 3e38F, -3e38F}) {
    along_rows.insert(along_rows.end(), {number, -1});
    along_columns.insert(along_columns.end(), {-1, number});
  }
  for (const bool align_corners : {false, true}) {
    const auto sample = [&](const char* padding, const Literals<float>& grid) {
      OpTest test = grid_sample({"linear", padding, align_corners});
      test.named(padding).input<float>({1, 1, 2, 2}, {5, 7, 9, 11}).input<float>({1, 5, 1, 2}, grid);
      return test;
    };
    for (const Literals<float>& grid : {along_rows, along_columns})
      sample("zeros", grid).expect<float>({1, 1, 5, 1}, {0, 0, 0, 0, 0}).run();
    sample("border", along_rows).expect<float>({1, 1, 5, 1}, {5, 7, 5, 7, 5}).run();
    sample("border", along_columns).expect<float>({1, 1, 5, 1}, {5, 9, 5, 9, 5}).run();
  }
  grid_sample({"linear", "zeros", true})
      .input<float>({1, 1, 3, 3}, {inf, inf, inf, inf, 2, inf, inf, inf, inf})
      .input<float>({1, 2, 1, 2}, {0, 0, 9, 0})
      .expect<float>({1, 1, 2, 1}, {2, 0})
      .run();
}

TEST(GridSample, ReadsNothingOutside) {
  // An infinite neighbour has no weight, and none outside counts.
  const float inf = std::numeric_limits<float>::infinity();
  for (const char* mode : {"linear", "cubic"}) {
    grid_sample({mode, "zeros", true})
        .input<float>({1, 1, 3}, {inf, 2, inf})
        .input<float>({1, 2, 1}, {0, 9})
        .expect<float>({1, 1, 2}, {2, 0})
        .run();
  }
}

TEST(GridSample, TakesEmptyTensors) {
  for (const char* mode : {"linear", "nearest"}) {
    grid_sample({mode})
        .input<float>({1, 2, 3}, {1, 2, 3, 4, 5, 6})
        .input<float>({1, 0, 1}, {})
        .expect<float>({1, 2, 0}, {})
        .run();
    grid_sample({mode}).input<float>({1, 0, 3}, {}).input<float>({1, 2, 1}, {0, 1}).expect<float>({1, 0, 2}, {}).run();
    grid_sample({mode}).input<float>({0, 2, 0}, {}).input<float>({0, 2, 1}, {}).expect<float>({0, 2, 2}, {}).run();
  }
}

TEST(GridSample, KnowsSymbols) {
  grid_sample({})
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", "w"})
      .symbolic_input(DataType::kFloat32, {2, "a", 5, "?"})
      .expect_dims(DataType::kFloat32, {2, 3, "a", 5})
      .infer_only();
}

TEST(GridSample, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Shape& grid, const char* words) {
    grid_sample({})
        .random_input(DataType::kFloat32, x, -1, 1)
        .random_input(DataType::kFloat32, grid, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({2, 3}, {2, 3}, "input X has rank 2, expected 3 or more");
  refused({1, 1, 2, 2}, {1, 2, 2}, "input grid has rank 3, expected 4 as X");
  refused({1, 1, 2, 2}, {1, 2, 2, 3}, "input grid is [1,2,2,3], expected a last dimension of 2 for X of rank 4");
  refused({2, 1, 2, 2}, {3, 2, 2, 2}, "input X is [2,1,2,2] but grid is [3,2,2,2]: first dimensions differ");
  refused({1, 1, 0, 2}, {1, 2, 2, 2}, "X is empty along axis 2: there is nothing to sample");
  const auto refused_attribute = [](const Manner& manner, const char* words) {
    grid_sample(manner)
        .random_input(DataType::kFloat32, {1, 1, 2}, -1, 1)
        .random_input(DataType::kFloat32, {1, 1, 1}, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused_attribute({"area"}, "mode is \"area\", expected one of linear, nearest, cubic, bilinear, bicubic");
  refused_attribute({"linear", "ones"}, "padding_mode is \"ones\", expected one of zeros, border, reflection");
  grid_sample({"cubic"})
      .random_input(DataType::kFloat32, {1, 1, 1, 1, 1, 1, 1, 1, 1}, -1, 1)
      .random_input(DataType::kFloat32, {1, 1, 1, 1, 1, 1, 1, 1, 7}, -1, 1)
      .expect_error(ErrorCode::kUnsupported, "X has 7 axes to sample, which take more than 4096 elements")
      .run();
  grid_sample({})
      .random_input(DataType::kBool, {1, 1, 2}, 0, 1)
      .random_input(DataType::kFloat32, {1, 1, 1}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "input X is bool, expected one of")
      .run();
  grid_sample({})
      .random_input(DataType::kFloat32, {1, 1, 2}, 0, 1)
      .random_input(DataType::kInt64, {1, 1, 1}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "input grid is int64, expected one of")
      .run();
}

}  // namespace
}  // namespace linnet::internal
