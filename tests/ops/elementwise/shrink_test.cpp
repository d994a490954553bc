#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

OpTest shrink(float lambd, float bias) { return OpTest("Shrink", 9).attribute("lambd", lambd).attribute("bias", bias); }

template <typename T>
void check_floats() {
  const Literals<T> x = {-2, -1.5F, -1, 0, 1, 1.5F, 2, kInf, -kInf, kNan};
  shrink(1.5F, 1.5F).input<T>({10}, x).template expect<T>({10}, {-0.5F, 0, 0, 0, 0, 0, 0.5F, kInf, -kInf, 0}).run();
  shrink(1.5F, 0).input<T>({10}, x).template expect<T>({10}, {-2, 0, 0, 0, 0, 0, 2, kInf, -kInf, 0}).run();
  shrink(-1, 1).input<T>({10}, x).template expect<T>({10}, {-1, -0.5F, 0, 1, 0, 0.5F, 1, kInf, -kInf, 0}).run();
  OpTest("Shrink", 13).input<T>({3}, {0.5F, 1, -0.75F}).template expect<T>({3}, {0, 1, -0.75F}).run();
}

TEST(Shrink, TakesFloats) {
  check_floats<float>();
  check_floats<double>();
  check_floats<Float16>();
  check_floats<Bfloat16>();
  const ConstantPtr x = random_tensor(DataType::kFloat32, {5, 8009}, -2, 2, 1);
  Literals<float> expected;
  for (std::int64_t i = 0; i < x->count(); ++i) {
    const double value = static_cast<double>(x->as<float>()[i]);
    expected.push_back(static_cast<float>(value < -0.75 ? value + 0.25 : value > 0.75 ? value - 0.25 : 0));
  }
  shrink(0.75F, 0.25F).input(x).expect<float>({5, 8009}, expected).run();
}

template <typename T>
void check_signed() {
  constexpr T kLeast = std::numeric_limits<T>::min();
  constexpr T kMost = std::numeric_limits<T>::max();
  shrink(1.5F, 2.75F)
      .input<T>({6}, {-2, -1, 0, 2, kLeast, kMost})
      .template expect<T>({6}, {0, 0, 0, 0, kLeast + 3, kMost - 3})
      .run();
  shrink(1.5F, 0.5F).input<T>({4}, {-4, 4, -1, 1}).template expect<T>({4}, {-3, 3, 0, 0}).run();
  shrink(0, -1).input<T>({2}, {kLeast, kMost}).template expect<T>({2}, {kLeast, kMost}).run();
  shrink(0, 1).input<T>({2}, {kLeast, kMost}).template expect<T>({2}, {kLeast + 1, kMost - 1}).run();
}

template <typename T>
void check_unsigned() {
  constexpr T kMost = std::numeric_limits<T>::max();
  shrink(1, 3).input<T>({4}, {0, 1, 2, kMost}).template expect<T>({4}, {0, 0, 0, kMost - 3}).run();
}

TEST(Shrink, TakesIntegers) {
  check_signed<std::int8_t>();
  check_signed<std::int16_t>();
  check_signed<std::int32_t>();
  check_signed<std::int64_t>();
  check_unsigned<std::uint8_t>();
  check_unsigned<std::uint16_t>();
  check_unsigned<std::uint32_t>();
  check_unsigned<std::uint64_t>();
}

TEST(Shrink, TakesAnyShape) {
  OpTest("Shrink", 9).input<float>({}, {1}).expect<float>({}, {1}).run();
  OpTest("Shrink", 9).input<float>({0, 2}, {}).expect<float>({0, 2}, {}).run();
  OpTest("Shrink", 9).symbolic_input(DataType::kInt8, {"n", 2}).expect_dims(DataType::kInt8, {"n", 2}).infer_only();
  OpTest("Shrink", 9).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input is bool").run();
}

}  // namespace
}  // namespace linnet::internal
