#include <gtest/gtest.h>

#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// The sum or product, in double, or modulo 2^64, and rounded once.
template <typename T>
ConstantPtr joined(bool product, const ConstantPtr& x, std::size_t axis, bool exclusive, bool reverse) {
  using Total = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x->type, x->shape, &data);
  auto* y = reinterpret_cast<T*>(data);
  const auto stride = row_major_strides(x->shape)[axis];
  const std::int64_t size = x->shape[axis];
  for (std::int64_t element = 0; element < x->count(); ++element) {
    const std::int64_t place = element / stride % size;
    Total total = product ? 1 : 0;
    const std::int64_t step = reverse ? -1 : 1;
    for (std::int64_t i = reverse ? size - 1 : 0; i != place + (exclusive ? 0 : step); i += step) {
      const auto next = static_cast<Total>(x->as<T>()[element + (i - place) * stride]);
      total = product ? total * next : total + next;
    }
    y[element] = static_cast<T>(total);
  }
  return result;
}

template <typename T>
void check(const Shape& shape, double low, double high) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, low, high, 3);
  const auto rank = static_cast<std::int64_t>(shape.size());
  for (std::int64_t axis = -rank; axis < rank; ++axis) {
    for (const int flags : {0, 1, 2, 3}) {
      const bool exclusive = (flags & 1) != 0, reverse = (flags & 2) != 0;
      for (const bool product : {false, true}) {
        OpTest(product ? "CumProd" : "CumSum", product ? 26 : 14)
            .named(text(data_type_of<T>(), " ", shape, " axis ", axis, " flags ", flags))
            .attribute("exclusive", std::int64_t{exclusive})
            .attribute("reverse", std::int64_t{reverse})
            .input(x)
            .template input<std::int32_t>({}, {static_cast<std::int32_t>(axis)})
            .expect(joined<T>(product, x, static_cast<std::size_t>((axis + rank) % rank), exclusive, reverse))
            .run();
      }
    }
  }
}

TEST(CumSum, SumsAlongAnyAxis) {
  for (const Shape& shape :
       {Shape{1}, Shape{7}, Shape{3, 4}, Shape{2, 3, 4}, Shape{4, 1, 2}, Shape{0, 3}, Shape{3, 0}}) {
    check<float>(shape, -1, 1);
  }
  check<float>({2, 2500}, -1, 1);
  check<float>({3, 2500, 1}, 0, 1);
}

TEST(CumSum, TakesEveryType) {
  check<double>({3, 4}, -1, 1);
  check<Float16>({3, 40}, -1, 1);
  check<Bfloat16>({3, 40}, -1, 1);
  check<std::int32_t>({3, 4}, -2e9, 2e9);
  check<std::int64_t>({3, 4}, -9e18, 9e18);
  check<std::uint32_t>({3, 4}, 0, 4e9);
  check<std::uint64_t>({3, 4}, 0, 1.8e19);
}

TEST(CumSum, KeepsDigitsOfLongSums) {
  const std::vector<float> tenths(5000, 0.1F);
  std::vector<float> expected;
  for (int i = 1; i <= 5000; ++i) expected.push_back(static_cast<float>(i * static_cast<double>(0.1F)));
  OpTest("CumSum", 11)
      .input<float>({5000}, tenths)
      .input<std::int64_t>({1}, {0})
      .expect<float>({5000}, expected)
      .tolerance(ulp(1))
      .run();
}

TEST(CumProd, AsInOnnxsExamples) {
  const auto product = [](std::int64_t exclusive, std::int64_t reverse) {
    return OpTest("CumProd", 26)
        .attribute("exclusive", exclusive)
        .attribute("reverse", reverse)
        .input<float>({3}, {1, 2, 3})
        .input<std::int64_t>({}, {0});
  };
  product(0, 0).expect<float>({3}, {1, 2, 6}).run();
  product(1, 0).expect<float>({3}, {1, 1, 2}).run();
  product(0, 1).expect<float>({3}, {6, 6, 3}).run();
  product(1, 1).expect<float>({3}, {6, 3, 1}).run();
  // Beyond float's range and back: the product on the way is a double.
  OpTest("CumProd", 26)
      .input<float>({3}, {0x1p100F, 0x1p100F, 0x1p-100F})
      .input<std::int64_t>({}, {0})
      .expect<float>({3}, {0x1p100F, std::numeric_limits<float>::infinity(), 0x1p100F})
      .run();
  OpTest("CumProd", 25)
      .input<float>({1}, {1})
      .input<std::int64_t>({}, {0})
      .expect_error(ErrorCode::kUnsupported, "the operator exists from opset 26")
      .run();
}

TEST(CumSum, SaysWhatIsWrong) {
  const auto refused = [](const Shape& shape, std::int64_t axis, const char* words) {
    OpTest("CumSum", 14)
        .random_input(DataType::kFloat32, shape, -1, 1)
        .constant_input<std::int64_t>({}, {axis})
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({}, 0, "input x is a scalar, expected rank 1 or more");
  refused({2, 3}, 2, "axis 2 is outside [-2,1] for rank 2");
  refused({2, 3}, INT64_MIN, "is outside [-2,1] for rank 2");
  OpTest("CumSum", 14)
      .input<float>({2}, {1, 2})
      .input<std::int64_t>({2}, {0, 0})
      .expect_error(ErrorCode::kInvalidModel, "input axis has 2 elements, expected 1")
      .run();
  OpTest("CumSum", 14)
      .input<std::int8_t>({2}, {1, 2})
      .input<std::int64_t>({}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input x is int8, expected")
      .run();
}

}  // namespace
}  // namespace linnet::internal
