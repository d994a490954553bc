// MaxPool and AveragePool with channels last beside those with channels first.
#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/mini_graph.hpp"
#include "tests/ops/pooling/pooling_expectation.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMostAxes = 3;

/// Numbers of channels that are, and are no, whole vectors.
std::vector<Shape> shapes_of(const WindowCase& item) {
  Shape even = item.x, odd = item.x;
  even[1] = 32;
  odd[1] = 19;
  return {even, odd};
}

TEST(PoolingLines, TakeTheLargest) {
  for (const WindowCase& item : window_cases()) {
    if (item.window.kernel.size() > kMostAxes) continue;
    for (const Shape& shape : shapes_of(item)) {
      pool("MaxPool", 22, item.window, text(shape))
          .random_input(DataType::kFloat32, shape, -1, 1)
          .channels_last()
          .expect_implementations({"simd lines", "reference"})
          .run();
    }
  }
}

TEST(PoolingLines, AreMeans) {
  for (const WindowCase& item : window_cases()) {
    if (item.window.kernel.size() > kMostAxes) continue;
    for (const Shape& shape : shapes_of(item)) {
      for (const bool include : {false, true}) {
        pool("AveragePool", 22, item.window, text(shape))
            .attribute("count_include_pad", std::int64_t{include})
            .random_input(DataType::kFloat32, shape, -1, 1)
            .channels_last()
            .expect_implementations({"simd lines", "reference"})
            .tolerance(ulp(1))
            .run();
      }
    }
  }
}

TEST(PoolingLines, PadByThemselves) {
  for (const char* auto_pad : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    for (const char* op : {"MaxPool", "AveragePool"}) {
      OpTest(op, 22)
          .attribute("auto_pad", std::string(auto_pad))
          .ints("kernel_shape", {3, 4})
          .ints("strides", {2, 1})
          .random_input(DataType::kFloat32, {2, 17, 8, 9}, -1, 1)
          .channels_last()
          .tolerance(ulp(1))
          .run();
    }
  }
}

TEST(PoolingLines, KeepNaN) {
  const ConstantPtr numbers = random_tensor(DataType::kFloat32, {1, 17, 9, 12}, -1, 1, 4);
  std::vector<float> values(numbers->as<float>(), numbers->as<float>() + numbers->count());
  for (std::size_t i = 0; i < values.size(); i += 29) values[i] = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 5; i < values.size(); i += 31) values[i] = -std::numeric_limits<float>::infinity();
  for (const std::int64_t size : {2, 3}) {
    OpTest("MaxPool", 22)
        .ints("kernel_shape", {size, size})
        .ints("pads", {1, 1, 1, 1})
        .input<float>(numbers->shape, values)
        .channels_last()
        .run();
  }
}

TEST(PoolingLines, AreCutIntoTasks) {
  for (const char* op : {"MaxPool", "AveragePool"}) {
    OpTest(op, 22)
        .ints("kernel_shape", {3, 3})
        .ints("pads", {1, 1, 1, 1})
        .random_input(DataType::kFloat32, {2, 48, 50, 61}, -1, 1)
        .channels_last()
        .tolerance(ulp(1))
        .run();
  }
}

std::optional<ChannelsLast> asked(DataType type, const Dims& x, const Ints& kernel) {
  MiniGraph graph;
  const ValueId y = graph.node("MaxPool", 22, {{"kernel_shape", kernel}}, {graph.variable(type, x)});
  return graph.producer(y).op->facts.channels_last(graph.view(y));
}

TEST(PoolingLines, AreWantedOfFloats) {
  EXPECT_EQ(asked(DataType::kFloat32, {Dim::unknown(), 32, Dim::unknown(), 9}, {3, 3})->images, 1U);
  EXPECT_FALSE(asked(DataType::kFloat16, {1, 32, 9, 9}, {3, 3}));
  EXPECT_FALSE(asked(DataType::kFloat32, {1, 8, 9, 9}, {3, 3}));
  EXPECT_FALSE(asked(DataType::kFloat32, {1, Dim::unknown(), 9, 9}, {3, 3}));
  EXPECT_FALSE(asked(DataType::kFloat32, {1, 32, 100, 100}, {65, 65}));
  EXPECT_FALSE(asked(DataType::kFloat32, {1, 32, 4, 4, 4, 4}, {1, 1, 1, 1}));
}

}  // namespace
}  // namespace linnet::internal
