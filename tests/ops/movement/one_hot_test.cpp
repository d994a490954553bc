#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest one_hot(std::int64_t axis) { return OpTest("OneHot", 11).attribute("axis", axis); }

TEST(OneHot, PutsTheAxisAnywhere) {
  const auto node = [](std::int64_t axis) {
    return one_hot(axis)
        .input<std::int64_t>({2, 2}, {0, 2, 1, -1})
        .input<std::int64_t>({}, {3})
        .input<float>({2}, {-1, 4});
  };
  for (const std::int64_t axis : {-1, 2}) {
    node(axis).expect<float>({2, 2, 3}, {4, -1, -1, -1, -1, 4, -1, 4, -1, -1, -1, 4}).run();
  }
  for (const std::int64_t axis : {-2, 1}) {
    node(axis).expect<float>({2, 3, 2}, {4, -1, -1, -1, -1, 4, -1, -1, 4, -1, -1, 4}).run();
  }
  for (const std::int64_t axis : {-3, 0}) {
    node(axis).expect<float>({3, 2, 2}, {4, -1, -1, -1, -1, -1, 4, -1, -1, 4, -1, 4}).run();
  }
  OpTest("OneHot", 9)
      .input<std::int64_t>({2}, {1, 0})
      .input<std::int64_t>({1}, {2})
      .input<float>({2}, {0, 1})
      .expect<float>({2, 2}, {0, 1, 1, 0})
      .run();
}

template <typename T>
void check_indices(const Literals<T>& indices, const Literals<std::int32_t>& expected) {
  const auto count = static_cast<std::int64_t>(indices.size());
  one_hot(-1)
      .named(text(data_type_of<T>()))
      .input(tensor_of<T>({count}, indices))
      .template input<std::int64_t>({}, {2})
      .template input<std::int32_t>({2}, {7, 9})
      .template expect<std::int32_t>({count, 2}, expected)
      .run();
}

template <typename T>
void check_signed_indices() {
  check_indices<T>({1, -1, -2, 2, -3, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()},
                   {7, 9, 7, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7});
}

template <typename T>
void check_unsigned_indices() {
  check_indices<T>({1, 0, 2, std::numeric_limits<T>::max()}, {7, 9, 9, 7, 7, 7, 7, 7});
}

template <typename T>
void check_float_indices() {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  check_indices<T>({1.75F, -0.5F, -1, -2, 2, kInf, -kInf, kNan}, {7, 9, 9, 7, 7, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7});
}

TEST(OneHot, TakesIndicesOfEveryType) {
  check_signed_indices<std::int8_t>();
  check_signed_indices<std::int16_t>();
  check_signed_indices<std::int32_t>();
  check_signed_indices<std::int64_t>();
  check_unsigned_indices<std::uint8_t>();
  check_unsigned_indices<std::uint16_t>();
  check_unsigned_indices<std::uint32_t>();
  check_unsigned_indices<std::uint64_t>();
  check_float_indices<float>();
  check_float_indices<double>();
  check_float_indices<Float16>();
  check_float_indices<Bfloat16>();
}

template <typename T>
void check_values(const Literals<T>& values, const Literals<T>& expected) {
  one_hot(-1)
      .template input<std::int32_t>({2}, {1, 0})
      .template input<float>({1}, {2.9F})
      .input(tensor_of<T>({2}, values))
      .expect(tensor_of<T>({2, 2}, expected))
      .run();
}

TEST(OneHot, GivesValuesOfEveryType) {
  check_values<bool>({false, true}, {false, true, true, false});
  check_values<bool>({true, false}, {true, false, false, true});
  check_values<Float16>({0.5F, -2}, {0.5F, -2, -2, 0.5F});
  check_values<Bfloat16>({0.5F, -2}, {0.5F, -2, -2, 0.5F});
  check_values<double>({0.1, 0.2}, {0.1, 0.2, 0.2, 0.1});
  check_values<std::int8_t>({-1, 1}, {-1, 1, 1, -1});
  check_values<std::uint64_t>({0, 18446744073709551615U}, {0, 18446744073709551615U, 18446744073709551615U, 0});
}

TEST(OneHot, TakesDepthsOfEveryType) {
  const auto node = [] { return one_hot(0).input<std::int64_t>({1}, {1}); };
  const auto check = [](OpTest test) { test.input<float>({2}, {0, 1}).expect<float>({3, 1}, {0, 1, 0}).run(); };
  check(node().input<std::int8_t>({}, {3}));
  check(node().input<std::uint8_t>({1}, {3}));
  check(node().input<std::uint64_t>({}, {3}));
  check(node().input<double>({}, {3.5}));
  check(node().input<Float16>({}, {3}));
  check(node().input<Bfloat16>({}, {3}));
}

TEST(OneHot, TakesManyElements) {
  const ConstantPtr indices = random_tensor(DataType::kInt64, {3, 1500}, -30, 30, 1);
  Literals<std::int16_t> expected;
  for (std::int64_t row = 0; row < 3; ++row) {
    for (std::int64_t j = 0; j < 25; ++j) {
      for (std::int64_t i = 0; i < 1500; ++i) {
        const std::int64_t index = indices->as<std::int64_t>()[row * 1500 + i];
        expected.push_back(index == j || index == j - 25 ? 1 : 0);
      }
    }
  }
  one_hot(1)
      .input(indices)
      .input<std::int64_t>({}, {25})
      .input<std::int16_t>({2}, {0, 1})
      .expect<std::int16_t>({3, 25, 1500}, expected)
      .run();
}

TEST(OneHot, TakesEmptyAndScalarInputs) {
  one_hot(-1)
      .input<std::int64_t>({}, {1})
      .input<std::int64_t>({}, {2})
      .input<float>({2}, {0, 1})
      .expect<float>({2}, {0, 1})
      .run();
  one_hot(-1)
      .input<std::int64_t>({0}, {})
      .input<std::int64_t>({}, {2})
      .input<float>({2}, {0, 1})
      .expect<float>({0, 2}, {})
      .run();
  one_hot(-1)
      .input<std::int64_t>({2}, {0, 1})
      .input<std::int64_t>({}, {0})
      .input<float>({2}, {0, 1})
      .expect<float>({2, 0}, {})
      .run();
}

TEST(OneHot, KnowsShapes) {
  one_hot(1)
      .symbolic_input(DataType::kInt64, {"n", 4})
      .symbolic_input(DataType::kInt64, {})
      .elements({"m"})
      .symbolic_input(DataType::kFloat16, {2})
      .expect_dims(DataType::kFloat16, {"n", "m", 4})
      .infer_only();
  one_hot(-1)
      .symbolic_input(DataType::kInt64, {"n"})
      .symbolic_input(DataType::kFloat32, {1})
      .symbolic_input(DataType::kInt8, {2})
      .expect_dims(DataType::kInt8, {"n", "?"})
      .infer_only();
}

TEST(OneHot, SaysWhatIsWrong) {
  const auto refused = [](std::int64_t axis, std::int64_t depth, const Shape& values, const char* words) {
    one_hot(axis)
        .input<std::int64_t>({1}, {0})
        .input<std::int64_t>({}, {depth})
        .random_input(DataType::kFloat32, values, 0, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused(2, 3, {2}, "axis 2 is outside [-2,1] for rank 2");
  refused(0, -1, {2}, "input depth is -1, expected 0 or more");
  refused(0, 3, {3}, "input values is [3], expected [2]: the off value and the on value");
  refused(0, 3, {2, 1}, "input values is [2,1], expected [2]");
  one_hot(0)
      .input<std::int64_t>({1}, {0})
      .input<std::int64_t>({2}, {3, 3})
      .input<float>({2}, {0, 1})
      .expect_error(ErrorCode::kInvalidModel, "input depth is [2], expected a single number")
      .run();
  one_hot(0)
      .input<bool>({1}, {true})
      .input<std::int64_t>({}, {3})
      .input<float>({2}, {0, 1})
      .expect_error(ErrorCode::kInvalidModel, "input indices is bool")
      .run();
  one_hot(0)
      .symbolic_input(DataType::kInt64, {1})
      .symbolic_input(DataType::kInt64, {})
      .symbolic_input(DataType::kString, {2})
      .expect_error(ErrorCode::kUnsupported, "input values is string")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
