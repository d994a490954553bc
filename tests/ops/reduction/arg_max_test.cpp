#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

OpTest arg(const char* op, std::int64_t axis, bool keep_dims = true, bool last = false) {
  OpTest test(op, 13);
  test.attribute("axis", axis);
  test.attribute("keepdims", std::int64_t{keep_dims});
  test.attribute("select_last_index", std::int64_t{last});
  return test;
}

/// One by one, as it is said.
template <typename T>
ConstantPtr expected(const Constant& x, std::size_t axis, const Shape& shape, bool smallest, bool last) {
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(DataType::kInt64, shape, &data);
  const std::int64_t size = x.shape[axis];
  const std::int64_t inner = row_major_strides(x.shape)[axis];
  for (std::int64_t i = 0; i < result->count(); ++i) {
    const T* from = x.as<T>() + i / inner * inner * size + i % inner;
    std::int64_t best = 0;
    for (std::int64_t j = 1; j < size; ++j) {
      const auto a = from[j * inner], b = from[best * inner];
      const bool a_nan = std::isnan(static_cast<double>(a)), b_nan = std::isnan(static_cast<double>(b));
      const bool equal = (a_nan && b_nan) || a == b;
      const bool better = !b_nan && (a_nan || (smallest ? a < b : a > b));
      if (better || (last && equal)) best = j;
    }
    reinterpret_cast<std::int64_t*>(data)[i] = best;
  }
  return result;
}

/// Few different numbers, so that many are equal.
template <typename T>
void check(const Shape& shape, double low, double high) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, low, high, 5);
  const auto rank = static_cast<std::int64_t>(shape.size());
  for (std::int64_t axis = -rank; axis < rank; ++axis) {
    const auto place = static_cast<std::size_t>((axis + rank) % rank);
    for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7}) {
      const bool smallest = (flags & 1) != 0, last = (flags & 2) != 0, keep_dims = (flags & 4) != 0;
      Shape result = shape;
      if (keep_dims) result[place] = 1;
      if (!keep_dims) result.erase(result.begin() + static_cast<std::ptrdiff_t>(place));
      arg(smallest ? "ArgMin" : "ArgMax", axis, keep_dims, last)
          .named(text(data_type_of<T>(), " ", shape, " axis ", axis, " flags ", flags))
          .input(x)
          .expect(expected<T>(*x, place, result, smallest, last))
          .run();
    }
  }
}

TEST(ArgMax, FindsItAlongAnyAxis) {
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{4, 1, 2}, Shape{3, 70, 5}}) {
    check<float>(shape, -1, 1);
  }
  check<float>({2, 2500}, -1, 1);
  check<float>({40, 1200}, -1, 1);
}

TEST(ArgMax, TakesEveryType) {
  check<double>({3, 40}, -1, 1);
  check<std::int8_t>({3, 400}, -128, 127);
  check<std::int16_t>({3, 40}, -5, 5);
  check<std::int32_t>({3, 40}, -5, 5);
  check<std::int64_t>({3, 1500}, -9e18, 9e18);
  check<std::uint8_t>({3, 400}, 0, 255);
  check<std::uint16_t>({3, 40}, 0, 9);
  check<std::uint32_t>({3, 40}, 0, 9);
  check<std::uint64_t>({3, 40}, 0, 1.8e19);
}

template <typename T>
void check_special_floats() {
  const ConstantPtr x =
      tensor_of<T>({3, 5}, {1, kNan, 3, kNan, kInf, -0.0F, 0, -1, -0.0F, 0, kInf, 1, kInf, -kInf, -kInf});
  for (const std::int64_t inner : {0, 1}) {
    // As rows, and as columns of the same rows.
    const Shape shape = {3, 5};
    Literals<T> turned;
    const Literals<T> rows = {1, kNan, 3, kNan, kInf, -0.0F, 0, -1, -0.0F, 0, kInf, 1, kInf, -kInf, -kInf};
    for (std::size_t i = 0; i < 15; ++i) turned.push_back(rows[i % 3 * 5 + i / 3]);
    const ConstantPtr data = inner == 0 ? x : tensor_of<T>({5, 3}, turned);
    const std::int64_t axis = inner == 0 ? 1 : 0;
    const auto found = [&](const char* op, bool last, const Literals<std::int64_t>& indices) {
      arg(op, axis, false, last).input(data).template expect<std::int64_t>({3}, indices).run();
    };
    found("ArgMax", false, {1, 0, 0});
    found("ArgMax", true, {3, 4, 2});
    found("ArgMin", false, {1, 2, 3});
    found("ArgMin", true, {3, 2, 4});
  }
}

TEST(ArgMax, NanComesFirstAndZerosAreEqual) {
  check_special_floats<float>();
  check_special_floats<double>();
  check_special_floats<Float16>();
  check_special_floats<Bfloat16>();
  arg("ArgMax", 0).input<float>({2}, {-kInf, -kInf}).expect<std::int64_t>({1}, {0}).run();
  arg("ArgMin", 0, true, true).input<float>({2}, {kInf, kInf}).expect<std::int64_t>({1}, {1}).run();
  arg("ArgMax", 0, true, true).input<float>({3}, {kNan, kNan, 1}).expect<std::int64_t>({1}, {1}).run();
}

TEST(ArgMax, HasDefaults) {
  for (const int opset : {7, 11, 12, 13}) {
    OpTest("ArgMax", opset)
        .input<std::int32_t>({2, 3}, {1, 5, 2, 4, 5, 0})
        .expect<std::int64_t>({1, 3}, {1, 0, 0})
        .run();
    OpTest("ArgMin", opset)
        .input<std::int32_t>({2, 3}, {1, 5, 2, 4, 5, 0})
        .expect<std::int64_t>({1, 3}, {0, 0, 1})
        .run();
  }
}

TEST(ArgMax, KnowsShapes) {
  arg("ArgMax", -1, false)
      .symbolic_input(DataType::kFloat32, {"n", 3, "m"})
      .expect_dims(DataType::kInt64, {"n", 3})
      .infer_only();
  arg("ArgMin", 0).symbolic_input(DataType::kInt8, {"?", "m"}).expect_dims(DataType::kInt64, {1, "m"}).infer_only();
  arg("ArgMax", 0).input<float>({3, 0}, {}).expect<std::int64_t>({1, 0}, {}).run();
  arg("ArgMax", 1, false).input<float>({0, 0}, {}).expect<std::int64_t>({0}, {}).run();
  arg("ArgMax", 1)
      .random_input(DataType::kFloat32, {2, 9}, -1, 1)
      .expect_reference()
      .expect_implementations({"simd", "reference"})
      .run();
  arg("ArgMax", 0)
      .random_input(DataType::kFloat32, {2, 9}, -1, 1)
      .expect_reference()
      .expect_implementations({"simd", "reference"})
      .run();
  arg("ArgMax", 0)
      .random_input(DataType::kFloat16, {2, 9}, -1, 1)
      .expect_reference()
      .expect_implementations({"reference"})
      .run();
  arg("ArgMax", 0)  // too long for a task that nothing stops
      .random_input(DataType::kFloat32, {(1 << 20) + 1, 2}, -1, 1)
      .expect_reference()
      .expect_implementations({"reference"})
      .run();
}

TEST(ArgMax, SaysWhatIsWrong) {
  const auto refused = [](const char* op, const Shape& shape, std::int64_t axis, const char* words) {
    arg(op, axis).random_input(DataType::kFloat32, shape, -1, 1).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused("ArgMax", {}, 0, "input data is a scalar, expected rank 1 or more");
  refused("ArgMax", {2, 3}, 2, "axis 2 is outside [-2,1] for rank 2");
  refused("ArgMax", {2, 0}, 1, "axis 1 of input data has size 0, of which no element is the largest");
  refused("ArgMin", {0}, 0, "axis 0 of input data has size 0, of which no element is the smallest");
  OpTest("ArgMax", 13).input<bool>({1}, {true}).expect_error(ErrorCode::kInvalidModel, "input data is bool").run();
  OpTest("ArgMax", 11)
      .attribute("select_last_index", std::int64_t{1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "select_last_index")
      .run();
}

}  // namespace
}  // namespace linnet::internal
