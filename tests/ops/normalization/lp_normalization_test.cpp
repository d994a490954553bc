#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

OpTest lp(std::int64_t p, std::int64_t axis) {
  return OpTest("LpNormalization", 22).attribute("p", p).attribute("axis", axis);
}

template <typename T>
ConstantPtr expected(const Constant& x, std::size_t axis, bool squares) {
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x.type, x.shape, &data);
  const std::int64_t stride = row_major_strides(x.shape)[axis];
  for (std::int64_t element = 0; element < x.count(); ++element) {
    const std::int64_t first = element - element / stride % x.shape[axis] * stride;
    long double norm = 0;
    for (std::int64_t i = 0; i < x.shape[axis]; ++i) {
      const auto number = static_cast<long double>(static_cast<double>(x.as<T>()[first + i * stride]));
      norm += squares ? number * number : std::fabs(number);
    }
    if (squares) norm = std::sqrt(norm);
    const auto number = static_cast<long double>(static_cast<double>(x.as<T>()[element]));
    reinterpret_cast<T*>(data)[element] = static_cast<T>(static_cast<double>(norm == 0 ? 0 : number / norm));
  }
  return result;
}

template <typename T>
void check(const Shape& shape) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, -3, 3, 1);
  const auto rank = static_cast<std::int64_t>(shape.size());
  for (std::int64_t axis = -rank; axis < rank; ++axis) {
    for (const std::int64_t p : {1, 2}) {
      lp(p, axis)
          .named(text(data_type_of<T>(), " ", shape, " axis ", axis, " p ", p))
          .input(x)
          .expect(expected<T>(*x, static_cast<std::size_t>((axis + rank) % rank), p == 2))
          .tolerance(ulp(1))
          .run();
    }
  }
}

TEST(LpNormalization, GoesAlongAnyAxis) {
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{4, 1, 2}, Shape{0, 3}, Shape{3, 0},
                             Shape{2, 1500}, Shape{3, 5, 700}}) {
    check<float>(shape);
  }
  check<double>({3, 40});
  check<Float16>({3, 40});
  check<Bfloat16>({3, 40});
}

TEST(LpNormalization, HasDefaults) {
  for (const int opset : {7, 22}) {
    OpTest("LpNormalization", opset)
        .input<float>({2, 2}, {3, 4, -5, 12})
        .expect<float>({2, 2}, {0.6F, 0.8F, static_cast<float>(-5.0 / 13), static_cast<float>(12.0 / 13)})
        .run();
  }
}

TEST(LpNormalization, GivesZerosForZerosAndOverflowsNowhere) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t p : {1, 2}) {
    lp(p, 1)
        .input<float>({4, 2}, {0, -0.0F, 1, kInf, kNan, 1, -1, 0})
        .expect<float>({4, 2}, {0, 0, 0, kNan, kNan, kNan, -1, 0})
        .tolerance(ulp(0))
        .run();
  }
  lp(2, 0)
      .input<float>({2}, {3e38F, 1e20F})
      .expect<float>({2}, {1, static_cast<float>(1e20 / 3e38)})
      .tolerance(ulp(1))
      .run();
  lp(2, 0).input<double>({2}, {3e300, 4e300}).expect<double>({2}, {0.6, 0.8}).tolerance(ulp(1)).run();
  lp(2, 0).input<double>({2}, {3e-300, 4e-300}).expect<double>({2}, {0.6, 0.8}).tolerance(ulp(1)).run();
}

TEST(LpNormalization, SaysWhatIsWrong) {
  lp(3, 0).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "p is 3, expected 1 or 2").run();
  lp(2, 1).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "axis 1 is outside [-1,0] for rank 1").run();
  lp(2, 0).input<float>({}, {1}).expect_error(ErrorCode::kInvalidModel, "input is a scalar, expected rank 1").run();
  lp(2, 0).input<std::int32_t>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input is int32").run();
  lp(1, 0).symbolic_input(DataType::kFloat16, {"n", "?"}).expect_dims(DataType::kFloat16, {"n", "?"}).infer_only();
}

}  // namespace
}  // namespace linnet::internal
