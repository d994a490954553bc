#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest mod(std::int64_t fmod) {
  OpTest test("Mod", 13);
  test.attribute("fmod", fmod);
  return test;
}

template <typename T>
void check_signed() {
  constexpr T kLeast = std::numeric_limits<T>::min();
  constexpr T kMost = std::numeric_limits<T>::max();
  const Literals<T> a = {7, -7, 7, -7, 6, -6, 0, kLeast, kLeast, kMost};
  const Literals<T> b = {3, 3, -3, -3, 3, -3, 5, -1, 2, kLeast};
  const auto count = static_cast<std::int64_t>(a.size());
  mod(0)
      .input<T>({count}, a)
      .template input<T>({count}, b)
      .template expect<T>({count}, {1, 2, -2, -1, 0, 0, 0, 0, 0, -1})
      .run();
  mod(1)
      .input<T>({count}, a)
      .template input<T>({count}, b)
      .template expect<T>({count}, {1, -1, 1, -1, 0, 0, 0, 0, 0, kMost})
      .run();
}

template <typename T>
void check_unsigned() {
  constexpr T kMost = std::numeric_limits<T>::max();
  for (const std::int64_t fmod : {0, 1}) {
    mod(fmod).input<T>({3}, {7, 6, kMost}).template input<T>({3}, {4, 3, 16}).template expect<T>({3}, {3, 0, 15}).run();
  }
}

TEST(Mod, TakesIntegers) {
  check_signed<std::int8_t>();
  check_signed<std::int16_t>();
  check_signed<std::int32_t>();
  check_signed<std::int64_t>();
  check_unsigned<std::uint8_t>();
  check_unsigned<std::uint16_t>();
  check_unsigned<std::uint32_t>();
  check_unsigned<std::uint64_t>();
  OpTest("Mod", 10)
      .input<std::int64_t>({2}, {INT64_MAX, INT64_MIN})
      .input<std::int64_t>({2}, {INT64_MAX - 1, INT64_MAX})
      .expect<std::int64_t>({2}, {1, INT64_MAX - 1})
      .run();
}

template <typename T>
void check_floats() {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::nanf("");
  mod(1)
      .input<T>({9}, {5.5F, -5.5F, 5.5F, -5.5F, 3, -0.0F, inf, 1, nan})
      .template input<T>({9}, {2, 2, -2, -2, inf, 2, 2, 0, 2})
      .template expect<T>({9}, {1.5F, -1.5F, 1.5F, -1.5F, 3, -0.0F, nan, nan, nan})
      .run();
  mod(0)
      .input<T>({9}, {5.5F, -5.5F, 5.5F, -5.5F, -3, -0.0F, inf, 4, nan})
      .template input<T>({9}, {2, 2, -2, -2, inf, 2, 2, -2, 2})
      .template expect<T>({9}, {1.5F, 0.5F, -0.5F, -1.5F, inf, 0, nan, -0.0F, nan})
      .run();
}

TEST(Mod, TakesFloats) {
  check_floats<float>();
  check_floats<double>();
  check_floats<Float16>();
  check_floats<Bfloat16>();
  const ConstantPtr a = random_tensor(DataType::kFloat32, {20, 900}, -1e30, 1e30, 1);
  const ConstantPtr b = random_tensor(DataType::kFloat32, {900}, 0.5, 3, 2);
  Literals<float> expected;
  for (std::int64_t i = 0; i < a->count(); ++i) {
    expected.push_back(std::fmod(a->as<float>()[i], b->as<float>()[i % 900]));
  }
  mod(1).input(a).input(b).expect<float>({20, 900}, expected).run();
}

TEST(Mod, Broadcasts) {
  mod(0)
      .input<std::int32_t>({2, 1}, {7, 8})
      .input<std::int32_t>({3}, {2, 3, -5})
      .expect<std::int32_t>({2, 3}, {1, 1, -3, 0, 2, -2})
      .run();
  mod(0).input<std::int32_t>({0}, {}).input<std::int32_t>({1}, {0}).expect<std::int32_t>({0}, {}).run();
}

TEST(Mod, KnowsElementsOfShapes) {
  mod(0)
      .symbolic_input(DataType::kInt64, {4})
      .elements({7, -7, "n", 7})
      .symbolic_input(DataType::kInt64, {4})
      .elements({4, 4, 4, 0})
      .expect_dims(DataType::kInt64, {4})
      .expect_elements({3, 1, "?", "?"})
      .infer_only();
}

TEST(Mod, SaysWhatIsWrong) {
  mod(0)
      .input<std::int32_t>({3}, {1, 2, 3})
      .input<std::int32_t>({3}, {1, 0, 0})
      .expect_error(ErrorCode::kRuntimeFault, "integer division by zero at element 1 of the output")
      .run();
  mod(2)
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "fmod is 2, expected 0 or 1")
      .run();
  mod(1)
      .input<float>({1}, {1})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input B is float64")
      .run();
  mod(0)
      .input<bool>({1}, {true})
      .input<bool>({1}, {true})
      .expect_error(ErrorCode::kInvalidModel, "input A is bool")
      .run();
}

}  // namespace
}  // namespace linnet::internal
