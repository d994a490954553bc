#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Case {
  const char* mode = "avg";
  bool half_pixel = true;
  std::int64_t height = 2, width = 2, ratio = 0;
  float scale = 1;
};

/// The four neighbours and their weights.
struct Sample {
  bool inside = false;
  std::int64_t low = 0, high = 0;
  double share = 0;
};

Sample sample(double place, std::int64_t size) {
  if (place < -1 || place > static_cast<double>(size)) return {};
  place = std::max(place, 0.0);
  auto low = static_cast<std::int64_t>(place);
  if (low >= size - 1) return {true, size - 1, size - 1, 0};
  return {true, low, low + 1, place - static_cast<double>(low)};
}

/// Sample by sample.
template <typename T>
void check(const Case& c, const Shape& x_shape, const Literals<T>& rois, const Literals<std::int64_t>& batches,
           const Tolerance& tolerance, const std::vector<std::string>& implementations = {}) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), x_shape, -2, 3, 4);
  const auto regions = static_cast<std::int64_t>(batches.size());
  const std::int64_t channels = x_shape[1], rows = x_shape[2], columns = x_shape[3];
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), {regions, channels, c.height, c.width}, &data);
  T* y = reinterpret_cast<T*>(data);
  for (std::int64_t r = 0; r < regions; ++r) {
    double corner[4];
    for (std::size_t i = 0; i < 4; ++i) {
      const double given = static_cast<double>(static_cast<T>(rois[static_cast<std::size_t>(r) * 4 + i]));
      corner[i] = given * static_cast<double>(c.scale) - (c.half_pixel ? 0.5 : 0.0);
    }
    double width = corner[2] - corner[0], height = corner[3] - corner[1];
    if (!c.half_pixel) width = std::max(width, 1.0), height = std::max(height, 1.0);
    const double bin_h = height / static_cast<double>(c.height), bin_w = width / static_cast<double>(c.width);
    const double grid_h = c.ratio > 0 ? static_cast<double>(c.ratio) : std::max(0.0, std::ceil(bin_h));
    const double grid_w = c.ratio > 0 ? static_cast<double>(c.ratio) : std::max(0.0, std::ceil(bin_w));
    for (std::int64_t plane = 0; plane < channels; ++plane) {
      for (std::int64_t bin = 0; bin < c.height * c.width; ++bin) {
        double sum = 0;
        double largest = grid_h * grid_w == 0 ? 0 : -1e300;
        for (double i = 0; i < grid_h; ++i) {
          for (double j = 0; j < grid_w; ++j) {
            const auto bin_row = bin / c.width, bin_column = bin % c.width;
            const double py = corner[1] + static_cast<double>(bin_row) * bin_h + (i + 0.5) * bin_h / grid_h;
            const double px = corner[0] + static_cast<double>(bin_column) * bin_w + (j + 0.5) * bin_w / grid_w;
            const Sample sy = sample(py, rows), sx = sample(px, columns);
            if (!sy.inside || !sx.inside) {
              largest = std::max(largest, 0.0);
              continue;
            }
            const std::int64_t first = (batches[static_cast<std::size_t>(r)] * channels + plane) * rows * columns;
            const auto at = [&](std::int64_t row, std::int64_t column, double weight) {
              const double value = weight * static_cast<double>(x->as<T>()[first + row * columns + column]);
              sum += value;
              largest = std::max(largest, value);
            };
            at(sy.low, sx.low, (1 - sy.share) * (1 - sx.share));
            at(sy.low, sx.high, (1 - sy.share) * sx.share);
            at(sy.high, sx.low, sy.share * (1 - sx.share));
            at(sy.high, sx.high, sy.share * sx.share);
          }
        }
        const double mean = sum / std::max(1.0, grid_h * grid_w);
        *y++ = static_cast<T>(std::string(c.mode) == "avg" ? mean : largest);
      }
    }
  }
  OpTest test("RoiAlign", 16);
  if (!implementations.empty()) test.expect_implementations(implementations);
  test.named(text(c.mode, " ", data_type_of<T>(), " ", x_shape, " ratio ", c.ratio, " half pixel ", c.half_pixel))
      .attribute("mode", c.mode)
      .attribute("coordinate_transformation_mode", c.half_pixel ? "half_pixel" : "output_half_pixel")
      .attribute("output_height", c.height)
      .attribute("output_width", c.width)
      .attribute("sampling_ratio", c.ratio)
      .attribute("spatial_scale", c.scale)
      .input(x)
      .template input<T>({regions, 4}, rois)
      .template input<std::int64_t>({regions}, batches)
      .expect(expected)
      .tolerance(tolerance)
      .run();
}

// Multiples of 1/8, which every type has: neither scale nor type rounds them.
const Literals<float> kRois = {0.5F, 0, 4, 3, 1, 2, 1.375F, 2.125F, 2,   3,   7,  9.5F, -3,  -2.5F, 2.25F, 1.125F,
                               4,    4, 1, 2, 0, 0, 0,      0,      -50, -60, 80, 90,   100, 100,   101,   102};
const Literals<std::int64_t> kBatches = {0, 1, 0, 1, 1, 0, 0, 1};

TEST(RoiAlign, IsAsSampleBySample) {
  for (const char* mode : {"avg", "max"}) {
    for (const bool half_pixel : {true, false}) {
      for (const std::int64_t ratio : {0, 1, 3}) {
        check<float>({mode, half_pixel, 2, 3, ratio, 1}, {2, 3, 5, 6}, kRois, kBatches, close(1e-5, 1e-6));
      }
      check<float>({mode, half_pixel, 1, 1, 0, 0.5F}, {2, 1, 1, 1}, kRois, kBatches, close(1e-5, 1e-6));
      check<double>({mode, half_pixel, 3, 2, 2, 0.25F}, {2, 2, 4, 5}, {kRois.begin(), kRois.end()}, kBatches,
                    close(1e-12, 1e-12));
      check<Float16>({mode, half_pixel, 2, 2, 2, 1}, {2, 2, 4, 5}, kRois, kBatches, close(1e-3, 1e-3));
      check<Bfloat16>({mode, half_pixel, 2, 2, 2, 1}, {2, 2, 4, 5}, kRois, kBatches, close(1e-2, 1e-2));
    }
  }
  check<float>({"avg", true, 8, 8, 2, 0.25F}, {2, 70, 16, 20}, kRois, kBatches, close(1e-5, 1e-6));
  check<float>({"avg", true, 2, 2, 0, 1}, {2, 3, 5, 6}, {}, {}, exact());
}

TEST(RoiAlign, AddsChannelsOfPixels) {
  const std::vector<std::string> pixels = {"simd pixels", "reference"}, reference = {"reference"};
  const auto tolerance = close(1e-5, 1e-6);
  // Beyond X, of no size, and wider than what is listed at a time.
  const Literals<float> wide = {0, 0, 150, 20, -200, -100, 400, 300, 3, 2, 3, 2, 149, 0, 160, 30, 7, 5, 100.5F, 5.25F};
  check<float>({"avg", true, 2, 128, 0, 1}, {1, 9, 20, 150}, wide, {0, 0, 0, 0, 0}, tolerance, pixels);
  check<float>({"avg", false, 3, 2, 2, 1}, {2, 130, 7, 5}, kRois, kBatches, tolerance, pixels);
  check<float>({"avg", true, 7, 7, 2, 0.25F}, {1, 8, 30, 30}, {0, 0, 80, 90}, {0}, tolerance, reference);
  check<float>({"avg", true, 7, 7, 2, 0.25F}, {1, 7, 4, 4}, {0, 0, 80, 90}, {0}, tolerance, reference);
  check<float>({"max", true, 7, 7, 2, 0.25F}, {1, 8, 4, 4}, {0, 0, 80, 90}, {0}, tolerance, reference);
  check<float>({"avg", true, 70, 60, 2, 0.25F}, {1, 8, 4, 4}, {0, 0, 80, 90}, {0}, tolerance, reference);
  check<float>({"avg", true, 64, 4, 0, 1}, {1, 8, 1, 1025}, {0, 0, 1024, 1}, {0}, tolerance, reference);
  check<float>({"avg", true, 4, 64, 0, 1}, {1, 8, 2, 1024}, {0, 0, 1024, 1}, {0}, tolerance, pixels);
  check<float>({"avg", true, 1, 64, 0, 1}, {1, 8, 512, 1}, {0, 0, 1, 512}, {0}, tolerance, pixels);
}

TEST(RoiAlign, HasDefaults) {
  // Before opset 16 regions are not moved.
  for (const int opset : {10, 16}) {
    OpTest("RoiAlign", opset)
        .input<float>({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8})
        .input<float>({1, 4}, {0, 0, 2, 2})
        .input<std::int64_t>({1}, {0})
        .expect<float>({1, 1, 1, 1}, {opset == 10 ? 4.0F : 2.0F})
        .tolerance(ulp(1))
        .run();
  }
  OpTest("RoiAlign", 22)
      .attribute("output_height", std::int64_t{7})
      .symbolic_input(DataType::kFloat32, {"n", 3, "h", "w"})
      .symbolic_input(DataType::kFloat32, {"?", 4})
      .symbolic_input(DataType::kInt64, {"r"})
      .expect_dims(DataType::kFloat32, {"r", 3, 7, 1})
      .infer_only();
}

TEST(RoiAlign, TakesNoSamplesAtNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const float place : {nan, infinity, -infinity, 3e38F, -3e38F}) {
    for (const char* mode : {"avg", "max"}) {
      OpTest("RoiAlign", 16)
          .attribute("mode", mode)
          .input<float>({1, 1, 2, 2}, {1, 2, 3, 4})
          .input<float>({1, 4}, {place, place, place, place})
          .input<std::int64_t>({1}, {0})
          .expect<float>({1, 1, 1, 1}, {0})
          .run();
    }
  }
}

TEST(RoiAlign, TakesNoSamplesAtNoNumbersByPixels) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const float place : {nan, infinity, -infinity, 3e38F, -3e38F}) {
    Literals<float> y(16, 0.0F);
    std::fill(y.begin() + 8, y.end(), 1.0F);
    OpTest("RoiAlign", 16)
        .input<float>({1, 8, 2, 2}, Literals<float>(32, 1.0F))
        .input<float>({2, 4}, {place, place, place, place, 0, 0, 2, 2})
        .input<std::int64_t>({2}, {0, 0})
        .expect<float>({2, 8, 1, 1}, y)
        .expect_implementations({"simd pixels", "reference"})
        .run();
  }
  OpTest("RoiAlign", 16)
      .input<float>({0, 8, 3, 3}, {})
      .input<float>({0, 4}, {})
      .input<std::int64_t>({0}, {})
      .expect<float>({0, 8, 1, 1}, {})
      .run();
}

TEST(RoiAlign, TakesNoSamplesOfNoElements) {
  for (const char* mode : {"avg", "max"}) {
    for (const Shape& x : {Shape{1, 1, 0, 2}, Shape{1, 1, 2, 0}}) {
      OpTest("RoiAlign", 16)
          .attribute("mode", mode)
          .attribute("sampling_ratio", std::int64_t{2})
          .input<float>(x, {})
          .input<float>({1, 4}, {0, 0, 1, 1})
          .input<std::int64_t>({1}, {0})
          .expect<float>({1, 1, 1, 1}, {0})
          .run();
    }
  }
}

TEST(RoiAlign, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const Shape& x, const Shape& rois, const Literals<std::int64_t>& batches,
                          ErrorCode code, const char* words) {
    node.random_input(DataType::kFloat32, x, 0, 1)
        .random_input(DataType::kFloat32, rois, 0, 1)
        .input<std::int64_t>({static_cast<std::int64_t>(batches.size())}, batches)
        .expect_error(code, words)
        .run();
  };
  const OpTest node("RoiAlign", 16);
  refused(node, {2, 1, 2, 2}, {2, 4}, {0, 2}, ErrorCode::kRuntimeFault,
          "element 1 of batch_indices is 2, outside [0,1]");
  refused(node, {2, 1, 2, 2}, {1, 4}, {-1}, ErrorCode::kRuntimeFault, "element 0 of batch_indices is -1");
  refused(node, {1, 2, 2}, {1, 4}, {0}, ErrorCode::kInvalidModel, "input X is [1,2,2], expected [N,C,H,W]");
  refused(node, {1, 1, 2, 2}, {1, 5}, {0}, ErrorCode::kInvalidModel, "input rois is [1,5], expected [regions,4]");
  refused(node, {1, 1, 2, 2}, {2, 4}, {0}, ErrorCode::kInvalidModel,
          "input batch_indices is [1], expected [2], one for each region");
  const auto with = [&](const char* name, const AttributeValue& value) { return OpTest(node).attribute(name, value); };
  refused(with("output_height", std::int64_t{0}), {1, 1, 2, 2}, {1, 4}, {0}, ErrorCode::kInvalidModel,
          "output_height is 0, expected 1 to 2147483647");
  refused(with("sampling_ratio", std::int64_t{-1}), {1, 1, 2, 2}, {1, 4}, {0}, ErrorCode::kInvalidModel,
          "sampling_ratio is -1, expected 0 to 2147483647");
  refused(with("mode", "sum"), {1, 1, 2, 2}, {1, 4}, {0}, ErrorCode::kInvalidModel,
          "mode is \"sum\", expected one of avg, max");
}

}  // namespace
}  // namespace linnet::internal
