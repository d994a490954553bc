#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

OpTest hardmax(int opset, std::int64_t axis) { return OpTest("Hardmax", opset).attribute("axis", axis); }

template <typename T>
void check() {
  hardmax(13, 1)
      .input<T>({4, 4}, {3, 0, 1, 2, 2, 5, 1, 5, kNan, kInf, kNan, 0, -kInf, -kInf, -kInf, -kInf})
      .template expect<T>({4, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0})
      .run();
}

TEST(Hardmax, MarksTheFirstLargest) {
  check<float>();
  check<double>();
  check<Float16>();
  check<Bfloat16>();
}

TEST(Hardmax, GoesAlongAnyAxis) {
  const Literals<float> x = {1, 2, 8, 4, 5, 6, 7, 3};
  hardmax(13, 0).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 0, 1, 1, 1, 1, 0, 0}).run();
  hardmax(13, -2).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 0, 1, 1, 0, 1, 1, 0}).run();
  hardmax(13, 2).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 1, 1, 0, 0, 1, 1, 0}).run();
  OpTest("Hardmax", 13).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 1, 1, 0, 0, 1, 1, 0}).run();
}

/// Dimensions from the axis on are one.
TEST(Hardmax, IsFlattenedBeforeOpset13) {
  const Literals<float> x = {1, 2, 8, 4, 5, 6, 7, 3};
  for (const int opset : {7, 11, 12}) {
    OpTest("Hardmax", opset).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 0, 1, 0, 0, 0, 1, 0}).run();
    hardmax(opset, 0).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 0, 1, 0, 0, 0, 0, 0}).run();
    hardmax(opset, -1).input<float>({2, 2, 2}, x).expect<float>({2, 2, 2}, {0, 1, 1, 0, 0, 1, 1, 0}).run();
  }
}

TEST(Hardmax, TakesManyElements) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {70, 600}, -1, 1, 1);
  Literals<float> expected(70 * 600, 0);
  for (std::size_t row = 0; row < 70; ++row) {
    const float* first = x->as<float>() + row * 600;
    expected[row * 600 + static_cast<std::size_t>(std::max_element(first, first + 600) - first)] = 1;
  }
  hardmax(13, 1).input(x).expect<float>({70, 600}, expected).run();
}

TEST(Hardmax, TakesAnyShape) {
  hardmax(13, -1).input<float>({0, 3}, {}).expect<float>({0, 3}, {}).run();
  hardmax(13, -1).input<float>({3, 0}, {}).expect<float>({3, 0}, {}).run();
  hardmax(13, 0)
      .symbolic_input(DataType::kFloat16, {"n", "?"})
      .expect_dims(DataType::kFloat16, {"n", "?"})
      .infer_only();
  hardmax(13, 2)
      .input<float>({1, 2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "axis 2 is outside [-2,1] for rank 2")
      .run();
  hardmax(13, 0).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input is int32").run();
}

}  // namespace
}  // namespace linnet::internal
