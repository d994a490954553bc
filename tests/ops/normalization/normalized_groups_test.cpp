// GroupNormalization and MeanVarianceNormalization.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// X [2,2,2] with two groups of one channel: 1, 3 | 5, 9 | -2, 2 | 4, 8.
template <typename T>
void check_groups(int opset) {
  OpTest("GroupNormalization", opset)
      .attribute("num_groups", std::int64_t{2})
      .attribute("epsilon", 0.0F)
      .input<T>({2, 2, 2}, {1, 3, 5, 9, -2, 2, 4, 8})
      .template input<T>({2}, {1, 3})
      .template input<T>({2}, {0, 10})
      .template expect<T>({2, 2, 2}, {-1, 1, 7, 13, -1, 1, 7, 13})
      .run();
}

TEST(GroupNormalization, NormalisesEveryGroupByItself) {
  for (const int opset : {18, 20, 21, 27}) {
    check_groups<float>(opset);
    check_groups<double>(opset);
    check_groups<Float16>(opset);
    check_groups<Bfloat16>(opset);
  }
}

TEST(GroupNormalization, ScalesByGroupBeforeOpset21ThenByChannel) {
  const auto node = [](int opset) {
    return OpTest("GroupNormalization", opset)
        .attribute("num_groups", std::int64_t{1})
        .attribute("epsilon", 0.0F)
        .input<float>({1, 2, 1}, {-1, 1});
  };
  node(18).input<float>({1}, {2}).input<float>({1}, {5}).expect<float>({1, 2, 1}, {3, 7}).run();
  node(21).input<float>({2}, {2, 4}).input<float>({2}, {5, 6}).expect<float>({1, 2, 1}, {3, 10}).run();
}

/// Rows 10,000 +- 1: the squares of the numbers differ from that of their mean in their last digits only.
TEST(GroupNormalization, KeepsItsDigitsFarFromZero) {
  Literals<float> x, y;
  for (int i = 0; i < 64; ++i) {
    x.push_back(i % 2 == 0 ? 10001.0F : 9999.0F);
    y.push_back(i % 2 == 0 ? 1.0F : -1.0F);
  }
  OpTest("GroupNormalization", 21)
      .attribute("num_groups", std::int64_t{2})
      .attribute("epsilon", 0.0F)
      .input<float>({1, 4, 16}, x)
      .input<float>({4}, {1, 1, 1, 1})
      .input<float>({4}, {0, 0, 0, 0})
      .expect<float>({1, 4, 16}, y)
      .run();
  OpTest("MeanVarianceNormalization", 13)
      .input<float>({2, 2, 4, 4}, x)
      .expect<float>({2, 2, 4, 4}, y)
      .tolerance(ulp(1))
      .run();
}

/// Groups within a task and shared by several, of long runs and short.
TEST(GroupNormalization, AgreesWithTheReferenceOnLargerShapes) {
  for (const Shape& x : {Shape{3, 6, 50}, Shape{2, 4, 5, 7}, Shape{1, 4, 40000}, Shape{2, 400, 400}, Shape{3, 4}}) {
    const Shape scales = {x[1]};
    OpTest("GroupNormalization", 21)
        .named(text("shape ", x))
        .attribute("num_groups", std::int64_t{2})
        .random_input(DataType::kFloat32, x, -3, 5)
        .random_input(DataType::kFloat32, scales, -1, 1)
        .random_input(DataType::kFloat32, scales, -1, 1)
        .expect_reference()
        .tolerance_of("simd", close(1e-6, 2e-7))
        .run();
  }
}

TEST(GroupNormalization, NamesWhatIsWrong) {
  const auto node = [](const NamedDims& x, std::int64_t groups, const NamedDims& scale) {
    return OpTest("GroupNormalization", 21)
        .attribute("num_groups", groups)
        .symbolic_input(DataType::kFloat32, x)
        .symbolic_input(DataType::kFloat32, scale)
        .symbolic_input(DataType::kFloat32, {4});
  };
  node({"n", 4, "?"}, 2, {4}).expect_dims(DataType::kFloat32, {"n", 4, "?"}).infer_only();
  node({1, 4, 2}, 0, {4}).expect_error(ErrorCode::kInvalidModel, "num_groups is 0").infer_only();
  node({1, 4, 2}, 3, {4}).expect_error(ErrorCode::kInvalidModel, "num_groups = 3 does not divide").infer_only();
  node({1, 4, 2}, 2, {2}).expect_error(ErrorCode::kInvalidModel, "input scale is [2], expected [4]").infer_only();
  node({4}, 2, {4}).expect_error(ErrorCode::kInvalidModel, "expected rank 2 or more").infer_only();
}

template <typename T>
void check_mean_variance(int opset) {
  // Channels {1, 3, 5, 7} and {2, 2, 2, 2}.
  const auto root = static_cast<typename LiteralOf<T>::type>(1 / (std::sqrt(5.0) + static_cast<double>(1e-9F)));
  OpTest("MeanVarianceNormalization", opset)
      .input<T>({2, 2, 1, 2}, {1, 3, 2, 2, 5, 7, 2, 2})
      .template expect<T>({2, 2, 1, 2}, {-3 * root, -root, 0, 0, root, 3 * root, 0, 0})
      .tolerance(ulp(2))
      .run();
}

TEST(MeanVarianceNormalization, OverTheDefaultAxes) {
  for (const int opset : {9, 13}) {
    check_mean_variance<float>(opset);
    check_mean_variance<double>(opset);
    check_mean_variance<Float16>(opset);
    check_mean_variance<Bfloat16>(opset);
  }
}

TEST(MeanVarianceNormalization, OverAnyAxes) {
  for (const auto& axes : {std::vector<std::int64_t>{0}, {1}, {2}, {0, 2}, {-1, 0}, {1, 2}, {0, 1, 2}, {}}) {
    for (const Shape& x : {Shape{3, 4, 50}, Shape{2, 3, 70000}, Shape{5, 1, 1}}) {
      OpTest("MeanVarianceNormalization", 13)
          .named(text("shape ", x))
          .ints("axes", axes)
          .random_input(DataType::kFloat32, x, -3, 5)
          .expect_reference()
          .tolerance_of("simd", close(1e-6, 2e-7))
          .run();
    }
  }
}

TEST(MeanVarianceNormalization, EmptyAndWrong) {
  OpTest("MeanVarianceNormalization", 13).input<float>({0, 2, 1, 1}, {}).expect<float>({0, 2, 1, 1}, {}).run();
  OpTest("MeanVarianceNormalization", 13).input<float>({2, 2, 0, 1}, {}).expect<float>({2, 2, 0, 1}, {}).run();
  OpTest("MeanVarianceNormalization", 13)
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "axis 2")
      .run();
}

}  // namespace
}  // namespace linnet::internal
