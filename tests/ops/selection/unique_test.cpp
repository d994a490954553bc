#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Expected {
  std::vector<std::int64_t> y, indices, inverse, counts;
};

/// By a map from slices, along axis 0 of [rows, columns].
Expected different_rows(const std::vector<std::int64_t>& x, std::size_t columns, bool sorted) {
  std::map<std::vector<std::int64_t>, std::vector<std::size_t>> places;
  std::vector<std::vector<std::int64_t>> order;
  std::vector<std::vector<std::int64_t>> rows;
  for (std::size_t row = 0; row * columns < x.size(); ++row) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row * columns);
    rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(columns));
    if (places[rows.back()].empty()) order.push_back(rows.back());
    places[rows.back()].push_back(row);
  }
  if (sorted) std::sort(order.begin(), order.end());
  Expected expected;
  expected.inverse.resize(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::vector<std::size_t>& at = places[order[i]];
    expected.y.insert(expected.y.end(), order[i].begin(), order[i].end());
    expected.indices.push_back(static_cast<std::int64_t>(at.front()));
    expected.counts.push_back(static_cast<std::int64_t>(at.size()));
    for (const std::size_t row : at) expected.inverse[row] = static_cast<std::int64_t>(i);
  }
  return expected;
}

Shape length(const std::vector<std::int64_t>& list) { return {static_cast<std::int64_t>(list.size())}; }

void check(const Shape& shape, std::optional<std::int64_t> axis, double high) {
  const ConstantPtr x = random_tensor(DataType::kInt64, shape, -high, high, 11);
  const std::vector<std::int64_t> values(x->as<std::int64_t>(), x->as<std::int64_t>() + x->count());
  const std::size_t columns = axis ? static_cast<std::size_t>(shape[1]) : 1;
  for (const bool sorted : {true, false}) {
    const Expected expected = different_rows(values, columns, sorted);
    const Shape y = axis ? Shape{static_cast<std::int64_t>(expected.counts.size()), shape[1]} : length(expected.y);
    OpTest test("Unique", 11);
    if (axis) test.attribute("axis", *axis);
    test.named(text(shape, sorted ? " sorted" : " by appearance"))
        .attribute("sorted", std::int64_t{sorted})
        .input(x)
        .expect<std::int64_t>(y, expected.y)
        .expect<std::int64_t>(length(expected.indices), expected.indices)
        .expect<std::int64_t>(length(expected.inverse), expected.inverse)
        .expect<std::int64_t>(length(expected.counts), expected.counts)
        .run();
  }
}

TEST(Unique, FindsDifferentElements) {
  for (const Shape& shape : {Shape{1}, {7}, {3, 4}, {2, 3, 5}, {0}, {3, 0}}) check(shape, {}, 4);
  check({3000}, {}, 100);
}

TEST(Unique, FindsDifferentRows) {
  check({6, 2}, 0, 1);
  check({50, 3}, 0, 1);
  check({1, 4}, -2, 5);
}

TEST(Unique, FindsDifferentColumns) {
  OpTest("Unique", 11)
      .attribute("axis", std::int64_t{1})
      .input<float>({2, 4}, {2, 1, 2, 1, 3, 0, 3, 5})
      .expect<float>({2, 3}, {1, 1, 2, 0, 5, 3})
      .expect<std::int64_t>({3}, {1, 3, 0})
      .expect<std::int64_t>({4}, {2, 0, 2, 1})
      .expect<std::int64_t>({3}, {1, 1, 2})
      .run();
}

TEST(Unique, KnowsWhatIsEqual) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OpTest("Unique", 11)
      .input<float>({7}, {nan, 0.0F, -0.0F, INFINITY, nan, -1, -INFINITY})
      .expect<float>({5}, {-INFINITY, -1, 0.0F, INFINITY, nan})
      .expect<std::int64_t>({5}, {6, 5, 1, 3, 0})
      .expect<std::int64_t>({7}, {4, 2, 2, 3, 4, 1, 0})
      .expect<std::int64_t>({5}, {1, 1, 2, 1, 2})
      .run();
}

TEST(Unique, TakesEveryType) {
  OpTest("Unique", 11).input<bool>({3}, {true, false, true}).expect<bool>({2}, {false, true}).run();
  OpTest("Unique", 11).input<Float16>({3}, {2, 1, 2}).expect<Float16>({2}, {1, 2}).run();
  OpTest("Unique", 11).input<double>({3}, {2, -1, 2}).expect<double>({2}, {-1, 2}).run();
  OpTest("Unique", 11).input<std::int8_t>({3}, {2, -1, 2}).expect<std::int8_t>({2}, {-1, 2}).run();
  OpTest("Unique", 11).input<std::uint64_t>({3}, {UINT64_MAX, 1, 1}).expect<std::uint64_t>({2}, {1, UINT64_MAX}).run();
}

TEST(Unique, MayLeaveOutputsOut) {
  OpTest("Unique", 11)
      .input<std::int64_t>({4}, {3, 1, 3, 1})
      .no_output()
      .no_output()
      .expect<std::int64_t>({4}, {1, 0, 1, 0})
      .run();
}

TEST(Unique, Infers) {
  OpTest("Unique", 11)
      .attribute("axis", std::int64_t{-1})
      .symbolic_input(DataType::kFloat32, {2, "n"})
      .expect_dims(DataType::kFloat32, {2, "?"})
      .expect_dims(DataType::kInt64, {"?"})
      .expect_dims(DataType::kInt64, {"n"})
      .expect_dims(DataType::kInt64, {"?"})
      .infer_only();
  OpTest("Unique", 11)
      .attribute("axis", std::int64_t{1})
      .input<float>({2}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "axis 1")
      .run();
}

}  // namespace
}  // namespace linnet::internal
