// MaxPool, AveragePool, LpPool and GlobalLpPool beside a walk over every window, and beside PyTorch's numbers.
#include <gtest/gtest.h>

#include <limits>

#include "tests/ops/pooling/pooling_expectation.hpp"

namespace linnet::internal {
namespace {

template <typename T>
void check_max(const Window& window, const Shape& shape) {
  const bool is_unsigned = std::is_unsigned_v<T>;
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, is_unsigned ? 0 : -100, 100, 5);
  ConstantPtr indices;
  const ConstantPtr y = max_pooled<T>(window, x, false, indices);
  const std::string name = text(data_type_of<T>(), " ", shape);
  pool("MaxPool", 22, window, name).input(x).expect(y).run();
  pool("MaxPool", 22, window, name).input(x).expect(y).expect(indices).run();
  max_pooled<T>(window, x, true, indices);
  pool("MaxPool", 22, window, name)
      .attribute("storage_order", std::int64_t{1})
      .input(x)
      .expect(y)
      .expect(indices)
      .run();
}

template <typename T>
void check_sums(const Window& window, const Shape& shape) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -1, 1, 5);
  const std::string name = text(data_type_of<T>(), " ", shape);
  for (const bool include : {false, true}) {
    pool("AveragePool", 22, window, name)
        .attribute("count_include_pad", std::int64_t{include})
        .input(x)
        .expect(averaged<T>(window, x, include))
        .tolerance(ulp(std::is_same_v<T, double> ? 0 : 1))
        .run();
  }
  for (const std::int64_t p : {1, 2, 3}) {
    pool("LpPool", 22, window, name)
        .attribute("p", p)
        .input(x)
        .expect(norms<T>(window, x, static_cast<double>(p)))
        .tolerance(ulp(1))
        .run();
  }
}

TEST(MaxPool, TakesTheLargestOfEveryWindow) {
  for (const WindowCase& c : window_cases()) check_max<float>(c.window, c.x);
}

TEST(MaxPool, TakesEveryType) {
  for (const std::size_t i : {std::size_t{1}, std::size_t{5}, std::size_t{19}, std::size_t{22}, std::size_t{23}}) {
    const WindowCase& c = window_cases()[i];
    check_max<double>(c.window, c.x);
    check_max<Float16>(c.window, c.x);
    check_max<Bfloat16>(c.window, c.x);
    check_max<std::int8_t>(c.window, c.x);
    check_max<std::uint8_t>(c.window, c.x);
  }
}

TEST(AveragePool, DividesByTheElementsOfEveryWindow) {
  for (const WindowCase& c : window_cases()) check_sums<float>(c.window, c.x);
}

TEST(AveragePool, TakesEveryType) {
  for (const std::size_t i : {std::size_t{1}, std::size_t{5}, std::size_t{19}, std::size_t{22}, std::size_t{23}}) {
    const WindowCase& c = window_cases()[i];
    check_sums<double>(c.window, c.x);
    check_sums<Float16>(c.window, c.x);
    check_sums<Bfloat16>(c.window, c.x);
  }
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// torch.nn.functional.max_pool1d(x, 3, 2, padding=1, return_indices=True)
TEST(MaxPool, KeepsNanAndInfinities) {
  OpTest("MaxPool", 12)
      .ints("kernel_shape", {3})
      .ints("strides", {2})
      .ints("pads", {1, 1})
      .input<float>({1, 1, 9}, {-kInfinity, -kInfinity, 1, kNan, 3, kNan, 7, -kInfinity, kInfinity})
      .expect<float>({1, 1, 5}, {-kInfinity, kNan, kNan, kNan, kInfinity})
      .expect<std::int64_t>({1, 1, 5}, {0, 3, 5, 5, 8})
      .run();
  OpTest("MaxPool", 12)
      .ints("kernel_shape", {3})
      .ints("strides", {2})
      .ints("pads", {1, 1})
      .input<float>({1, 1, 9}, {-kInfinity, -kInfinity, 1, kNan, 3, kNan, 7, -kInfinity, kInfinity})
      .expect<float>({1, 1, 5}, {-kInfinity, kNan, kNan, kNan, kInfinity})
      .run();
}

TEST(MaxPool, CountsColumnsWhereStorageOrderSaysSo) {
  OpTest("MaxPool", 8)
      .ints("kernel_shape", {2, 2})
      .ints("strides", {2, 2})
      .attribute("storage_order", std::int64_t{1})
      .input<float>({1, 2, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1})
      .expect<float>({1, 2, 1, 2}, {6, 8, 8, 6})
      .expect<std::int64_t>({1, 2, 1, 2}, {3, 7, 8, 12})
      .run();
}

TEST(MaxPool, LeavesOutIndicesThatNobodyWants) {
  OpTest("MaxPool", 1)
      .ints("kernel_shape", {2})
      .input<float>({1, 1, 4}, {1, 3, 2, 0})
      .expect<float>({1, 1, 3}, {3, 3, 2})
      .expect_implementations({"simd", "reference"})
      .run();
}

TEST(MaxPool, LeavesLargeWindowsToTheReference) {
  const auto reference_only = [](DataType type, const Shape& x, const Ints& kernel, const Ints& dilations) {
    OpTest("MaxPool", 12)
        .named(text(type, " ", x, " kernel ", kernel))
        .ints("kernel_shape", kernel)
        .ints("dilations", dilations)
        .random_input(type, x, 0, 9)
        .expect_reference()
        .expect_implementations({"reference"})
        .run();
  };
  reference_only(DataType::kFloat32, {1, 1, 140002}, {2}, {140000});
  reference_only(DataType::kFloat16, {1, 1, 300, 1000}, {300, 1}, {1, 1});
  reference_only(DataType::kFloat32, {1, 1, 2, 2, 2, 2}, {2, 2, 2, 2}, {1, 1, 1, 1});
  reference_only(DataType::kFloat64, {1, 1, 2}, {2}, {1});
}

// torch.nn.functional.avg_pool1d(x, 4, 3, padding=2, ceil_mode=True, count_include_pad=...) for x = 1 ... 6
TEST(AveragePool, DividesAsPyTorchUnderCeilMode) {
  const auto check = [](bool include, const std::vector<float>& expected) {
    OpTest("AveragePool", 10)
        .ints("kernel_shape", {4})
        .ints("strides", {3})
        .ints("pads", {2, 2})
        .attribute("ceil_mode", std::int64_t{1})
        .attribute("count_include_pad", std::int64_t{include})
        .input<float>({1, 1, 6}, {1, 2, 3, 4, 5, 6})
        .expect<float>({1, 1, 3}, expected)
        .tolerance(ulp(1))
        .run();
  };
  check(true, {0.75F, 3.5F, 2.75F});
  check(false, {1.5F, 3.5F, 5.5F});
}

// torch.nn.AvgPool2d(1280, ceil_mode=True), as transformers' EfficientNet ends with, and far larger kernels
TEST(AveragePool, ReadsWhatThereIsUnderAKernelLargerThanAll) {
  const auto check = [](std::int64_t kernel, const Ints& pads, bool include, float expected) {
    OpTest("AveragePool", 19)
        .named(text("kernel ", kernel, " pads ", pads.size(), " include ", include))
        .ints("kernel_shape", {kernel, kernel})
        .ints("strides", {kernel, kernel})
        .ints("pads", pads)
        .attribute("ceil_mode", std::int64_t{1})
        .attribute("count_include_pad", std::int64_t{include})
        .input<float>({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6})
        .expect<float>({1, 1, 1, 1}, {expected})
        .tolerance(ulp(1))
        .run();
  };
  for (const std::int64_t kernel : {std::int64_t{9}, std::int64_t{1280}, std::int64_t{2147483647}}) {
    check(kernel, {0, 0, 0, 0}, false, 3.5F);
    check(kernel, {0, 0, 0, 0}, true, 3.5F);
    check(kernel, {1, 0, 1, 2}, false, 3.5F);
    check(kernel, {1, 0, 1, 2}, true, 21.0F / 20.0F);
  }
}

TEST(AveragePool, KeepsInfinitiesAndNan) {
  OpTest("AveragePool", 7)
      .ints("kernel_shape", {2})
      .input<float>({1, 1, 6}, {1, kInfinity, -kInfinity, 2, kNan, 3e38F})
      .expect<float>({1, 1, 5}, {kInfinity, kNan, -kInfinity, kNan, kNan})
      .run();
  OpTest("AveragePool", 7)
      .ints("kernel_shape", {2})
      .input<float>({1, 1, 2}, {3e38F, 3e38F})
      .expect<float>({1, 1, 1}, {3e38F})
      .run();
}

TEST(AveragePool, PadsByItselfWhereAutoPadSaysSo) {
  const auto check = [](const char* auto_pad, const std::vector<float>& expected) {
    OpTest("AveragePool", 1)
        .attribute("auto_pad", std::string(auto_pad))
        .ints("kernel_shape", {3})
        .ints("strides", {2})
        .input<float>({1, 1, 4}, {1, 2, 3, 4})
        .expect<float>({1, 1, static_cast<std::int64_t>(expected.size())}, expected)
        .run();
  };
  check("SAME_UPPER", {2, 3.5F});
  check("SAME_LOWER", {1.5F, 3});
  check("VALID", {2});
  check("NOTSET", {2});
}

TEST(LpPool, TakesAnyP) {
  const auto check = [](int opset, AttributeValue p, const std::vector<float>& expected) {
    OpTest("LpPool", opset)
        .attribute("p", std::move(p))
        .ints("kernel_shape", {2})
        .input<float>({1, 1, 3}, {3, -4, 0})
        .expect<float>({1, 1, 2}, expected)
        .tolerance(ulp(1))
        .run();
  };
  check(1, 2.0F, {5, 4});
  check(1, 1.5F, {5.58425046F, 4});  // (3^1.5 + 4^1.5)^(2/3)
  check(2, std::int64_t{1}, {7, 4});
  check(11, std::int64_t{2}, {5, 4});
  check(22, std::int64_t{3}, {4.49794145F, 4});  // 91^(1/3)
  OpTest("LpPool", 18).ints("kernel_shape", {2}).input<float>({1, 1, 2}, {3, -4}).expect<float>({1, 1, 1}, {5}).run();
}

TEST(GlobalLpPool, IsOneWindow) {
  const auto check = [](const Shape& shape, const Shape& y, std::int64_t p, const std::vector<float>& expected) {
    OpTest("GlobalLpPool", 2)
        .attribute("p", p)
        .input<float>(shape, {3, -4, 0, 12, 5, 1})
        .expect<float>(y, expected)
        .tolerance(ulp(1))
        .run();
  };
  check({1, 2, 3}, {1, 2, 1}, 2, {5, 13.0384048F});
  check({2, 1, 3, 1}, {2, 1, 1, 1}, 1, {7, 18});
  check({3, 2}, {3, 2}, 2, {3, 4, 0, 12, 5, 1});
  OpTest("GlobalLpPool", 1)
      .attribute("p", 2.0F)
      .input<double>({1, 1, 1, 2}, {3, -4})
      .expect<double>({1, 1, 1, 1}, {5})
      .run();
}

TEST(Pooling, KnowsShapesAsFarAsTheyFollow) {
  OpTest("MaxPool", 12)
      .ints("kernel_shape", {3, 3})
      .ints("pads", {1, 1, 1, 0})
      .symbolic_input(DataType::kFloat32, {"batch", 8, "height", 9})
      .expect_dims(DataType::kFloat32, {"batch", 8, "height", 8})
      .expect_dims(DataType::kInt64, {"batch", 8, "height", 8})
      .infer_only();
  OpTest("AveragePool", 12)
      .ints("kernel_shape", {3, 3})
      .ints("strides", {2, 2})
      .symbolic_input(DataType::kFloat16, {"batch", "?", "height", 9})
      .expect_dims(DataType::kFloat16, {"batch", "?", "?", 4})
      .infer_only();
  OpTest("GlobalLpPool", 2)
      .symbolic_input(DataType::kFloat32, {"batch", 8, "height", "?"})
      .expect_dims(DataType::kFloat32, {"batch", 8, 1, 1})
      .infer_only();
}

TEST(Pooling, SaysWhatIsWrong) {
  const auto refused = [](const char* op, int opset, const Shape& shape, const Ints& kernel, const char* words) {
    OpTest(op, opset)
        .ints("kernel_shape", kernel)
        .random_input(DataType::kFloat32, shape, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused("MaxPool", 12, {2, 3}, {2}, "input X has rank 2, expected batch, channels and spatial axes");
  refused("AveragePool", 12, {2, 3, 4}, {2, 2}, "kernel_shape [2,2] has 2 elements, expected 1 for 1 spatial axis");
  refused("LpPool", 12, {2, 3, 4}, {5},
          "spatial axis 0 of 4 elements, with pads 0 and 0, has no place for a window of 5");
  refused("MaxPool", 12, {2, 3, 0}, {1},
          "spatial axis 0 of 0 elements, with pads 0 and 0, has no place for a window of 1");
  OpTest("MaxPool", 12)
      .random_input(DataType::kFloat32, {1, 1, 4}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "kernel_shape is missing")
      .run();
  OpTest("MaxPool", 7)
      .ints("kernel_shape", {2})
      .random_input(DataType::kFloat32, {1, 1, 4}, -1, 1)
      .expect<float>({1, 1, 3}, {0, 0, 0})
      .expect<std::int64_t>({1, 1, 3}, {0, 0, 0})
      .expect_error(ErrorCode::kInvalidModel, "Indices are an output only from opset 8")
      .run();
  OpTest("MaxPool", 12)
      .ints("kernel_shape", {2})
      .input<std::int32_t>({1, 1, 2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input X is int32, expected")
      .run();
  OpTest("AveragePool", 12)
      .ints("kernel_shape", {2})
      .input<std::int8_t>({1, 1, 2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input X is int8, expected")
      .run();
  OpTest("LpPool", 12)
      .ints("kernel_shape", {2})
      .attribute("p", std::int64_t{0})
      .random_input(DataType::kFloat32, {1, 1, 4}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "p is 0, expected 1 or more")
      .run();
  OpTest("AveragePool", 10)
      .ints("kernel_shape", {2})
      .ints("dilations", {2})
      .random_input(DataType::kFloat32, {1, 1, 4}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "dilations")
      .run();
}

}  // namespace
}  // namespace linnet::internal
