#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Best {
  ConstantPtr values, indices;
};

/// By a stable sort of every slice.
template <typename T>
Best best(const ConstantPtr& x, std::size_t axis, std::int64_t k, bool largest) {
  Shape shape = x->shape;
  shape[axis] = k;
  std::byte* value_bytes = nullptr;
  std::byte* index_bytes = nullptr;
  Best result = {make_constant(x->type, shape, &value_bytes), make_constant(DataType::kInt64, shape, &index_bytes)};
  const std::int64_t stride = row_major_strides(x->shape)[axis];
  const std::int64_t size = x->shape[axis];
  for (std::int64_t slice = 0; size > 0 && slice < x->count() / size; ++slice) {
    const T* from = x->as<T>() + slice / stride * size * stride + slice % stride;
    std::vector<std::int64_t> order(static_cast<std::size_t>(size));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return largest ? from[b * stride] < from[a * stride] : from[a * stride] < from[b * stride];
    });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t to = slice / stride * k * stride + i * stride + slice % stride;
      reinterpret_cast<T*>(value_bytes)[to] = from[order[static_cast<std::size_t>(i)] * stride];
      reinterpret_cast<std::int64_t*>(index_bytes)[to] = order[static_cast<std::size_t>(i)];
    }
  }
  return result;
}

template <typename T>
void check(const Shape& shape, std::int64_t axis, std::int64_t k, double low, double high) {
  const ConstantPtr x = random_tensor(data_type_of<T>(), shape, low, high, 1);
  const auto rank = static_cast<std::int64_t>(shape.size());
  for (const bool largest : {true, false}) {
    const Best expected = best<T>(x, static_cast<std::size_t>((axis + rank) % rank), k, largest);
    OpTest("TopK", 11)
        .named(text(data_type_of<T>(), " ", shape, " axis ", axis, " k ", k, largest ? " largest" : " smallest"))
        .attribute("axis", axis)
        .attribute("largest", std::int64_t{largest})
        .attribute("sorted", std::int64_t{k % 2})
        .input(x)
        .template input<std::int64_t>({1}, {k})
        .expect(expected.values)
        .expect(expected.indices)
        .run();
  }
}

TEST(TopK, FindsTheLargestAndTheSmallest) {
  struct Case {
    Shape shape;
    std::int64_t axis, k;
  };
  const Case cases[] = {
      {{5}, 0, 1},        {{5}, 0, 5},          {{5}, 0, 0},        {{3, 4}, 1, 2},     {{3, 4}, 0, 3},
      {{2, 3, 4}, -2, 2}, {{2, 3, 4}, 0, 2},    {{0, 4}, 1, 2},     {{4, 0}, 1, 0},     {{4, 0}, 0, 2},
      {{1, 5000}, 1, 7},  {{1, 5000}, 1, 2500}, {{300, 90}, -1, 5}, {{90, 300}, 0, 80}, {{7, 5000}, 1, 3},
  };
  for (const Case& c : cases) {
    check<float>(c.shape, c.axis, c.k, -1, 1);
    check<std::int64_t>(c.shape, c.axis, c.k, -20, 20);  // with many ties
  }
}

TEST(TopK, TakesEveryType) {
  check<double>({3, 40}, 1, 5, -1, 1);
  check<Float16>({3, 40}, 1, 5, -1, 1);
  check<Bfloat16>({3, 40}, 1, 5, -1, 1);
  check<std::int8_t>({3, 40}, 1, 5, -128, 127);
  check<std::int16_t>({3, 40}, 1, 5, -9, 9);
  check<std::int32_t>({3, 40}, 1, 5, -2e9, 2e9);
  check<std::uint8_t>({3, 40}, 1, 5, 0, 255);
  check<std::uint16_t>({3, 40}, 1, 5, 0, 65535);
  check<std::uint32_t>({3, 40}, 1, 5, 0, 4e9);
  check<std::uint64_t>({3, 40}, 1, 5, 0, 1.8e19);
}

TEST(TopK, OrdersWhatIsNoNumber) {
  const float nan = std::nanf("");
  const float inf = std::numeric_limits<float>::infinity();
  const auto test = [&](std::int64_t largest, const Literals<float>& values, const Literals<std::int64_t>& indices) {
    OpTest("TopK", 24)
        .attribute("largest", largest)
        .input<float>({8}, {0.0F, -inf, nan, -0.0F, inf, -nan, 1e-40F, -1e-40F})
        .input<std::int64_t>({1}, {8})
        .expect<float>({8}, values)
        .expect<std::int64_t>({8}, indices)
        .run();
  };
  test(1, {nan, nan, inf, 1e-40F, 0.0F, -0.0F, -1e-40F, -inf}, {2, 5, 4, 6, 0, 3, 7, 1});
  test(0, {-inf, -1e-40F, 0.0F, -0.0F, 1e-40F, inf, nan, nan}, {1, 7, 0, 3, 6, 4, 2, 5});
}

TEST(TopK, TakesKAsOldModelsGiveIt) {
  OpTest("TopK", 9)
      .attribute("k", std::int64_t{2})
      .input<float>({1, 4}, {1, 4, 2, 3})
      .expect<float>({1, 2}, {4, 3})
      .expect<std::int64_t>({1, 2}, {1, 3})
      .run();
  OpTest("TopK", 10)
      .attribute("axis", std::int64_t{0})
      .input<float>({4, 1}, {1, 4, 2, 3})
      .input<std::int64_t>({1}, {2})
      .expect<float>({2, 1}, {4, 3})
      .expect<std::int64_t>({2, 1}, {1, 3})
      .run();
}

TEST(TopK, LeavesOutAnOutput) {
  OpTest("TopK", 11)
      .input<float>({4}, {1, 4, 2, 3})
      .input<std::int64_t>({1}, {2})
      .no_output()
      .expect<std::int64_t>({2}, {1, 3})
      .run();
  OpTest("TopK", 11).input<float>({4}, {1, 4, 2, 3}).input<std::int64_t>({1}, {2}).expect<float>({2}, {4, 3}).run();
}

TEST(TopK, KnowsSymbols) {
  OpTest("TopK", 11)
      .symbolic_input(DataType::kFloat32, {"batch", "n"})
      .symbolic_input(DataType::kInt64, {1})
      .elements({"k"})
      .expect_dims(DataType::kFloat32, {"batch", "k"})
      .expect_dims(DataType::kInt64, {"batch", "k"})
      .infer_only();
}

TEST(TopK, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Literals<std::int64_t>& k, const char* words) {
    OpTest("TopK", 11)
        .random_input(DataType::kFloat32, x, -1, 1)
        .input<std::int64_t>({static_cast<std::int64_t>(k.size())}, k)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({}, {1}, "input X is a scalar, expected rank 1 or more");
  refused({3}, {4}, "K is 4, but axis 0 has only 3 elements");
  refused({3}, {-1}, "K is -1, expected 0 or more");
  refused({3}, {INT64_MAX}, "but axis 0 has only 3 elements");
  refused({3}, {1, 2}, "input K has 2 elements, expected 1");
  OpTest("TopK", 11)
      .attribute("axis", std::int64_t{1})
      .input<float>({1}, {1})
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "axis 1 is outside [-1,0] for rank 1")
      .run();
  OpTest("TopK", 11)
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "there are 1 inputs, expected 2")
      .run();
  OpTest("TopK", 11)
      .input<bool>({1}, {true})
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input X is bool, expected")
      .run();
}

}  // namespace
}  // namespace linnet::internal
