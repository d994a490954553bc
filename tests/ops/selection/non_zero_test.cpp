#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// By counting through the indices.
template <typename T>
ConstantPtr indices_of(const ConstantPtr& x) {
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < x->count(); ++i) {
    if (x->as<T>()[i] != T{}) found.push_back(i);
  }
  const auto rank = static_cast<std::int64_t>(x->shape.size());
  const auto count = static_cast<std::int64_t>(found.size());
  std::vector<std::int64_t> values(static_cast<std::size_t>(rank * count));
  for (std::int64_t column = 0; column < count; ++column) {
    std::int64_t left = found[static_cast<std::size_t>(column)];
    for (std::int64_t axis = rank; axis-- > 0;) {
      const std::int64_t size = x->shape[static_cast<std::size_t>(axis)];
      values[static_cast<std::size_t>(axis * count + column)] = left % size;
      left /= size;
    }
  }
  return tensor_of<std::int64_t>({rank, count}, values);
}

template <typename T>
void check(const Shape& shape, double low, double high) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, low, high, 5);
  OpTest("NonZero", 13).named(text(data_type_of<T>(), " ", shape)).input(x).expect(indices_of<T>(x)).run();
}

TEST(NonZero, ListsIndices) {
  for (const Shape& shape : {Shape{7}, {3, 4}, {2, 3, 5}, {2, 1, 3, 4}, {0}, {3, 0}, {1, 1}, {17, 1}, {1, 17}}) {
    check<std::int32_t>(shape, 0, 3);
    check<bool>(shape, 0, 1);
  }
  check<std::uint8_t>({70, 1000}, 0, 4);  // several tasks
  check<std::int64_t>({40000}, -1, 2);
  for (const Shape& shape : {Shape{3, 700}, {2, 5, 7, 31}, {2, 513}, {1030, 1}, {5, 1, 512}}) {  // beside lines
    check<std::int16_t>(shape, 0, 2);
    check<std::uint8_t>(shape, 0, 1);
  }
}

TEST(NonZero, TakesEveryType) {
  check<std::int8_t>({3, 5}, -2, 2);
  check<std::int16_t>({3, 5}, -2, 2);
  check<std::uint16_t>({3, 5}, 0, 3);
  check<std::uint32_t>({3, 5}, 0, 3);
  check<std::uint64_t>({3, 5}, 0, 3);
  OpTest("NonZero", 9).input<Float16>({4}, {0, -0.0F, 1, 6e-8F}).expect<std::int64_t>({1, 2}, {2, 3}).run();
  OpTest("NonZero", 13).input<Bfloat16>({3}, {1e-38F, 0, -2}).expect<std::int64_t>({1, 2}, {0, 2}).run();
  OpTest("NonZero", 13).input<double>({3}, {0, 5e-324, -0.0}).expect<std::int64_t>({1, 1}, {1}).run();
}

TEST(NonZero, KnowsWhatIsZero) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float tiny = std::numeric_limits<float>::denorm_min();
  OpTest("NonZero", 13)
      .input<float>({6}, {0, -0.0F, nan, tiny, -INFINITY, 1})
      .expect<std::int64_t>({1, 4}, {2, 3, 4, 5})
      .run();
}

TEST(NonZero, OfLongRowsOfFloats) {
  constexpr std::int64_t kSize = 1500;
  Literals<float> x;
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < kSize; ++i) {
    x.push_back(i % 3 == 0 ? 0.0F : i % 3 == 1 ? -0.0F : -1e-3F);
    if (i % 3 == 2) expected.push_back(i);
  }
  const auto count = static_cast<std::int64_t>(expected.size());
  OpTest("NonZero", 13).input<float>({kSize}, x).expect<std::int64_t>({1, count}, expected).run();
}

TEST(NonZero, OfAScalarHasNoIndices) {
  OpTest("NonZero", 13).input<float>({}, {3}).expect<std::int64_t>({0, 1}, {}).run();
  OpTest("NonZero", 13).input<float>({}, {0}).expect<std::int64_t>({0, 0}, {}).run();
}

TEST(NonZero, InfersTheRank) {
  OpTest("NonZero", 13)
      .symbolic_input(DataType::kFloat32, {"n", 3})
      .expect_dims(DataType::kInt64, {2, "?"})
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
