#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
void check_floats() {
  for (const int opset : {7, 9, 16}) {
    OpTest("PRelu", opset)
        .input<T>({2, 4}, {-2, -0.0F, 0, 3, -kInf, kInf, kNan, -1})
        .template input<T>({4}, {0.25F, 7, 7, 7})
        .template expect<T>({2, 4}, {-0.5F, -0.0F, 0, 3, -kInf, kInf, kNan, -7})
        .run();
  }
}

TEST(PRelu, TakesFloats) {
  check_floats<float>();
  check_floats<double>();
  check_floats<Float16>();
  check_floats<Bfloat16>();
}

TEST(PRelu, TakesIntegers) {
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  OpTest("PRelu", 9)
      .input<std::int32_t>({4}, {-2, 5, kLeast, 0})
      .input<std::int32_t>({4}, {3, 3, -1, 3})
      .expect<std::int32_t>({4}, {-6, 5, kLeast, 0})
      .run();
  OpTest("PRelu", 9)
      .input<std::int64_t>({2}, {-3000000000, 4})
      .input<std::int64_t>({}, {3})
      .expect<std::int64_t>({2}, {-9000000000, 4})
      .run();
  OpTest("PRelu", 16)
      .input<std::uint32_t>({1}, {4294967295})
      .input<std::uint32_t>({1}, {2})
      .expect<std::uint32_t>({1}, {4294967295})
      .run();
  OpTest("PRelu", 16)
      .input<std::uint64_t>({1}, {7})
      .input<std::uint64_t>({1}, {2})
      .expect<std::uint64_t>({1}, {7})
      .run();
}

TEST(PRelu, BroadcastsSlopes) {
  const ConstantPtr x = random_tensor(DataType::kFloat32, {2, 3, 500}, -1, 1, 1);
  for (const Shape& shape : {Shape{3, 1}, Shape{1, 3, 1}, Shape{}, Shape{1}, Shape{500}, Shape{2, 3, 500}}) {
    const ConstantPtr slope = random_tensor(DataType::kFloat32, shape, -2, 2, 2);
    Literals<float> expected;
    for (std::int64_t i = 0; i < x->count(); ++i) {
      std::int64_t at = 0;
      if (slope->count() == 3) at = i / 500 % 3;
      if (slope->count() == 500) at = i % 500;
      if (slope->count() == 3000) at = i;
      const float value = x->as<float>()[i];
      expected.push_back(value < 0 ? value * slope->as<float>()[at] : value);
    }
    OpTest("PRelu", 16).named(text(shape)).input(x).input(slope).expect<float>({2, 3, 500}, expected).run();
  }
  OpTest("PRelu", 16).input<float>({0, 3}, {}).input<float>({3}, {1, 2, 3}).expect<float>({0, 3}, {}).run();
}

TEST(PRelu, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Shape& slope, const char* words) {
    OpTest("PRelu", 16)
        .random_input(DataType::kFloat32, x, -1, 1)
        .random_input(DataType::kFloat32, slope, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({1, 3}, {2, 3}, "slope [2,3] does not broadcast to X [1,3], which keeps its shape");
  refused({3}, {1, 3}, "slope [1,3] does not broadcast to X [3]");
  refused({3}, {2}, "do not broadcast");
  OpTest("PRelu", 16)
      .input<float>({1}, {1})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input slope is float64, but X is float32")
      .run();
  OpTest("PRelu", 16)
      .input<std::int8_t>({1}, {1})
      .input<std::int8_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X is int8")
      .run();
}

}  // namespace
}  // namespace linnet::internal
