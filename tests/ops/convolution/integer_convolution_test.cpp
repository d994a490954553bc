// Convolutions of 8-bit integers against sums of the definition in int64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr DataType kI8 = DataType::kInt8, kU8 = DataType::kUint8, kF32 = DataType::kFloat32;

std::vector<double> some(DataType type, std::int64_t count, unsigned seed) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  std::uint32_t state = seed * 2654435761U + 1;
  for (double& number : numbers) {
    state = state * 1664525U + 1013904223U;
    number = (state >> 16 & 0xFF) - (type == kI8 ? 128.0 : 0.0);
  }
  return numbers;
}

struct Case {
  const char* name;
  std::int64_t images, x_channels, height, width, y_channels, kernel_height, kernel_width;
  std::int64_t group = 1, stride = 1, dilation = 1, pad = 0, pad_end = 0;

  std::int64_t of_group() const { return x_channels / group; }
  std::int64_t y_height() const { return output(height, kernel_height); }
  std::int64_t y_width() const { return output(width, kernel_width); }
  std::int64_t output(std::int64_t input, std::int64_t kernel) const {
    return (input + pad + pad_end - (kernel - 1) * dilation - 1) / stride + 1;
  }
  Shape x_shape() const { return {images, x_channels, height, width}; }
  Shape w_shape() const { return {y_channels, of_group(), kernel_height, kernel_width}; }
  Shape y_shape() const { return {images, y_channels, y_height(), y_width()}; }

  std::vector<double> sums(const std::vector<double>& x, double x_zero, const std::vector<double>& w,
                           const std::vector<double>& w_zero) const {
    std::vector<double> y;
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t m = 0; m < y_channels; ++m)
        for (std::int64_t i = 0; i < y_height(); ++i)
          for (std::int64_t j = 0; j < y_width(); ++j) {
            std::int64_t sum = 0;
            for (std::int64_t c = 0; c < of_group(); ++c)
              for (std::int64_t u = 0; u < kernel_height; ++u)
                for (std::int64_t v = 0; v < kernel_width; ++v) {
                  const std::int64_t row = i * stride - pad + u * dilation;
                  const std::int64_t column = j * stride - pad + v * dilation;
                  if (row < 0 || row >= height || column < 0 || column >= width) continue;
                  const std::int64_t channel = m / (y_channels / group) * of_group() + c;
                  const double left =
                      x[static_cast<std::size_t>(((n * x_channels + channel) * height + row) * width + column)];
                  const double right =
                      w[static_cast<std::size_t>(((m * of_group() + c) * kernel_height + u) * kernel_width + v)];
                  sum += static_cast<std::int64_t>((left - x_zero) *
                                                   (right - w_zero[static_cast<std::size_t>(m) % w_zero.size()]));
                }
            y.push_back(static_cast<double>(sum));
          }
    return y;
  }
  OpTest& add_window(OpTest& test) const {
    return test.named(name)
        .attribute("group", group)
        .ints("strides", {stride, stride})
        .ints("dilations", {dilation, dilation})
        .ints("pads", {pad, pad, pad_end, pad_end});
  }
};

const Case kCases[] = {
    {"1 x 1", 2, 5, 4, 6, 3, 1, 1},
    {"3 x 3 padded", 1, 3, 7, 9, 14, 3, 3, 1, 1, 1, 1, 1},
    {"many channels", 1, 37, 5, 5, 70, 3, 3, 1, 1, 1, 1, 1},
    {"strides", 1, 4, 9, 11, 6, 3, 3, 1, 2, 1, 1, 0},
    {"strides without overlap", 1, 2, 9, 9, 4, 2, 2, 1, 3},
    {"dilations", 1, 2, 9, 8, 4, 3, 2, 1, 1, 2, 2, 2},
    {"strides and dilations", 1, 2, 12, 13, 4, 3, 3, 1, 2, 3, 3, 3},
    {"groups", 2, 6, 5, 6, 9, 3, 3, 3, 1, 1, 1, 1},
    {"depthwise", 1, 5, 6, 7, 5, 3, 3, 5, 1, 1, 1, 1},
    {"a row of pixels", 1, 3, 1, 200, 4, 1, 5, 1, 1, 1, 0, 0},
    {"larger than a block", 1, 16, 40, 41, 8, 3, 3, 1, 1, 1, 1, 1},
    {"no image", 0, 3, 4, 4, 2, 3, 3, 1, 1, 1, 1, 1},
};

TEST(ConvInteger, SumsEveryTap) {
  for (const Case& item : kCases) {
    for (const DataType x_type : {kI8, kU8}) {
      for (const DataType w_type : {kI8, kU8}) {
        const std::vector<double> x = some(x_type, element_count(item.x_shape()), 1);
        const std::vector<double> w = some(w_type, element_count(item.w_shape()), 2);
        const double x_zero = x_type == kI8 ? -7 : 130;
        const double w_zero = w_type == kI8 ? 0 : 128;
        OpTest test("ConvInteger", 10);
        item.add_window(test)
            .input(tensor_of(x_type, item.x_shape(), x))
            .input(tensor_of(w_type, item.w_shape(), w))
            .input(tensor_of(x_type, {}, {x_zero}))
            .input(tensor_of(w_type, {}, {w_zero}))
            .expect(tensor_of(DataType::kInt32, item.y_shape(), item.sums(x, x_zero, w, {w_zero})))
            .run();
      }
    }
  }
}

TEST(ConvInteger, TakesAZeroPointForEachChannel) {
  const Case& item = kCases[7];
  const std::vector<double> x = some(kU8, element_count(item.x_shape()), 3);
  const std::vector<double> w = some(kU8, element_count(item.w_shape()), 4);
  const std::vector<double> zeros = {0, 1, 128, 255, 5, 6, 7, 8, 9};
  OpTest test("ConvInteger", 10);
  item.add_window(test)
      .input(tensor_of(kU8, item.x_shape(), x))
      .input(tensor_of(kU8, item.w_shape(), w))
      .no_input()
      .input(tensor_of(kU8, {9}, zeros))
      .expect(tensor_of(DataType::kInt32, item.y_shape(), item.sums(x, 0, w, zeros)))
      .run();
}

TEST(ConvInteger, RunsAlongOneAndThreeAxes) {
  OpTest("ConvInteger", 10)
      .input<std::uint8_t>({1, 1, 4}, {1, 2, 3, 4})
      .input<std::int8_t>({1, 1, 2}, {1, -1})
      .ints("pads", {1, 0})
      .expect<std::int32_t>({1, 1, 4}, {-1, -1, -1, -1})
      .run();
  OpTest("ConvInteger", 10)
      .input<std::uint8_t>({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})
      .input<std::uint8_t>({1, 1, 2, 1, 1}, {1, 10})
      .expect<std::int32_t>({1, 1, 1, 2, 2}, {51, 62, 73, 84})
      .expect_implementations({"reference"})
      .run();
}

TEST(QLinearConv, RoundsTheScaledSums) {
  for (const Case& item : kCases) {
    for (const DataType type : {kI8, kU8}) {
      const std::vector<double> x = some(kU8, element_count(item.x_shape()), 5);
      const std::vector<double> w = some(kI8, element_count(item.w_shape()), 6);
      std::vector<double> scale, bias;
      for (std::int64_t i = 0; i < item.y_channels; ++i) {
        scale.push_back(std::ldexp(1.0, static_cast<int>(i % 3) - 7));
        bias.push_back(static_cast<double>(i * 100 - 300));
      }
      const double y_zero = type == kI8 ? 4 : 90;
      const double low = type == kI8 ? -128 : 0;
      std::vector<double> y = item.sums(x, 120, w, {0});
      const auto plane = static_cast<std::size_t>(item.y_height() * item.y_width());
      for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t channel = i / plane % scale.size();
        const double value = (y[i] + bias[channel]) * 0.25 * scale[channel] / 8;
        y[i] = std::clamp(std::nearbyint(value) + y_zero, low, low + 255);
      }
      OpTest test("QLinearConv", 10);
      item.add_window(test)
          .input(tensor_of(kU8, item.x_shape(), x))
          .input<float>({}, {0.25})
          .input<std::uint8_t>({}, {120})
          .input(tensor_of(kI8, item.w_shape(), w))
          .input(tensor_of(kF32, {item.y_channels}, scale))
          .input<std::int8_t>({}, {0})
          .input<float>({}, {8})
          .input(tensor_of(type, {}, {y_zero}))
          .input(tensor_of(DataType::kInt32, {item.y_channels}, bias))
          .expect(tensor_of(type, item.y_shape(), y))
          .run();
    }
  }
}

TEST(QLinearConv, RefusesWhatDoesNotFit) {
  const auto test = [](const Shape& x_scale, const Shape& w_scale, DataType x_zero, const Shape& bias) {
    OpTest of("QLinearConv", 10);
    of.symbolic_input(kU8, {1, 2, 5, 5}).symbolic_input(kF32, NamedDims(x_scale.begin(), x_scale.end()));
    of.symbolic_input(x_zero, {}).symbolic_input(kI8, {3, 2, 1, 1});
    of.symbolic_input(kF32, NamedDims(w_scale.begin(), w_scale.end())).symbolic_input(kI8, {});
    of.symbolic_input(kF32, {}).symbolic_input(kU8, {});
    return of.symbolic_input(DataType::kInt32, NamedDims(bias.begin(), bias.end()));
  };
  const ErrorCode invalid = ErrorCode::kInvalidModel;
  test({2}, {}, kU8, {3}).expect_error(invalid, "input x_scale is [2], expected one element").infer_only();
  test({}, {2}, kU8, {3})
      .expect_error(invalid, "input w_scale is [2], expected one element, or one for each")
      .infer_only();
  test({}, {}, kI8, {3}).expect_error(invalid, "input x_zero_point is int8, expected uint8").infer_only();
  test({}, {}, kU8, {2}).expect_error(invalid, "input B is [2], expected [3]").infer_only();
  test({}, {3}, kU8, {3}).expect_dims(kU8, {1, 3, 5, 5}).infer_only();
}

}  // namespace
}  // namespace linnet::internal
