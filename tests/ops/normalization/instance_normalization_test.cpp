#include <gtest/gtest.h>

#include <cmath>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest instance(float epsilon) { return OpTest("InstanceNormalization", 22).attribute("epsilon", epsilon); }

template <typename T>
void check() {
  for (const int opset : {7, 22}) {
    OpTest("InstanceNormalization", opset)
        .attribute("epsilon", 0.0F)
        .input<T>({2, 2, 2}, {1, 3, 5, 9, -2, 2, 4, 8})
        .template input<T>({2}, {1, 3})
        .template input<T>({2}, {0, 10})
        .template expect<T>({2, 2, 2}, {-1, 1, 7, 13, -1, 1, 7, 13})
        .run();
  }
}

TEST(InstanceNormalization, NormalisesEveryChannelByItself) {
  check<float>();
  check<double>();
  check<Float16>();
  check<Bfloat16>();
}

/// Of one channel, in double.
TEST(InstanceNormalization, MatchesItsFormula) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {3, 5, 13, 17}, -3, 8, 1);
  const ConstantPtr scale = random_tensor(DataType::kFloat32, {5}, -2, 2, 2);
  const ConstantPtr bias = random_tensor(DataType::kFloat32, {5}, -2, 2, 3);
  constexpr std::int64_t kSize = 13 * 17;
  Literals<float> y;
  for (std::int64_t plane = 0; plane < 15; ++plane) {
    const float* from = x->as<float>() + plane * kSize;
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < kSize; ++i) mean += static_cast<double>(from[i]) / kSize;
    for (std::int64_t i = 0; i < kSize; ++i) variance += std::pow(static_cast<double>(from[i]) - mean, 2) / kSize;
    const double factor = static_cast<double>(scale->as<float>()[plane % 5]) / std::sqrt(variance + 0.01);
    for (std::int64_t i = 0; i < kSize; ++i) {
      y.push_back(static_cast<float>((static_cast<double>(from[i]) - mean) * factor +
                                     static_cast<double>(bias->as<float>()[plane % 5])));
    }
  }
  instance(0.01F).input(x).input(scale).input(bias).expect<float>(x->shape, y).tolerance(close(1e-6, 1e-6)).run();
}

TEST(InstanceNormalization, HasADefaultEpsilon) {
  OpTest("InstanceNormalization", 6)
      .input<double>({1, 1, 2}, {0.003, -0.003})
      .input<double>({1}, {1})
      .input<double>({1}, {0})
      .expect<double>({1, 1, 2}, {0.003 / std::sqrt(9e-6 + 1e-5), -0.003 / std::sqrt(9e-6 + 1e-5)})
      .tolerance(close(1e-7, 0))
      .run();
}

TEST(InstanceNormalization, TakesAnyShape) {
  const auto node = [](const Shape& shape) {
    return instance(1)
        .random_input(DataType::kFloat32, shape, -1, 1)
        .input<float>({2}, {1, 1})
        .input<float>({2}, {4, 5});
  };
  node({1, 2}).expect<float>({1, 2}, {4, 5}).run();
  node({0, 2, 3}).expect<float>({0, 2, 3}, {}).run();
  node({1, 2, 0}).expect<float>({1, 2, 0}, {}).run();
  instance(1)
      .symbolic_input(DataType::kFloat16, {"n", "c", "?"})
      .symbolic_input(DataType::kFloat16, {"c"})
      .symbolic_input(DataType::kFloat16, {"c"})
      .expect_dims(DataType::kFloat16, {"n", "c", "?"})
      .infer_only();
  node({1, 2, 40}).expect_reference().expect_implementations({"simd", "reference"}).tolerance(ulp(4)).run();
}

TEST(InstanceNormalization, SaysWhatIsWrong) {
  const auto refused = [](const Shape& shape, const Shape& scale, const Shape& bias, const char* words) {
    instance(1)
        .random_input(DataType::kFloat32, shape, -1, 1)
        .random_input(DataType::kFloat32, scale, -1, 1)
        .random_input(DataType::kFloat32, bias, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({2}, {2}, {2}, "input is [2], expected rank 2 or more");
  refused({1, 2, 3}, {3}, {2}, "input scale is [3], expected [2] for input [1,2,3]");
  refused({1, 2, 3}, {2}, {2, 1}, "input B is [2,1], expected [2] for input [1,2,3]");
  instance(1)
      .input<float>({1, 1}, {1})
      .input<double>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input scale is float64, but input is float32")
      .run();
}

}  // namespace
}  // namespace linnet::internal
