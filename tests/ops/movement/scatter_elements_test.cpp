#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/data_type.hpp"
#include "tests/ops/movement/scatter_expectation.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// One after another, rounded at each.
template <typename T>
ConstantPtr scattered(const ConstantPtr& data, const ConstantPtr& indices, const ConstantPtr& updates, std::size_t axis,
                      const std::string& reduction) {
  std::byte* bytes = nullptr;
  ConstantPtr result = make_constant(data->type, data->shape, &bytes);
  std::copy_n(data->data, static_cast<std::size_t>(data->count()) * sizeof(T), bytes);
  auto* output = reinterpret_cast<T*>(bytes);
  const std::vector<std::int64_t> strides = row_major_strides(data->shape);
  for (std::int64_t i = 0; i < indices->count(); ++i) {
    std::int64_t rest = i, to = 0;
    for (std::size_t d = data->shape.size(); d-- > 0;) {
      std::int64_t place = rest % indices->shape[d];
      rest /= indices->shape[d];
      if (d == axis) place = (indices->as<std::int64_t>()[i] + data->shape[d]) % data->shape[d];
      to += place * strides[d];
    }
    output[to] = updated(output[to], updates->as<T>()[i], reduction);
  }
  return result;
}

struct Case {
  Shape data, indices;
  std::int64_t axis;
};

template <typename T>
void check(const Case& c, const std::string& reduction, double most) {
  const auto rank = static_cast<std::int64_t>(c.data.size());
  const auto axis = static_cast<std::size_t>((c.axis + rank) % rank);
  const ConstantPtr data = random_tensor(data_type_of<T>(), c.data, 0, most, 1);
  const ConstantPtr updates = random_tensor(data_type_of<T>(), c.indices, 0, most, 2);
  const auto size = static_cast<double>(c.data[axis]);
  const ConstantPtr indices = random_tensor(DataType::kInt64, c.indices, -size, size - 0.01, 3);
  OpTest("ScatterElements", 18)
      .named(text(data_type_of<T>(), " ", c.data, " ", c.indices, " axis ", c.axis, " ", reduction))
      .attribute("axis", c.axis)
      .attribute("reduction", reduction)
      .input(data)
      .input(indices)
      .input(updates)
      .expect(scattered<T>(data, indices, updates, axis, reduction))
      .run();
}

TEST(ScatterElements, UpdatesAlongAnyAxis) {
  const Case cases[] = {
      {{4}, {6}, 0},
      {{3, 4}, {5, 4}, 0},
      {{3, 4}, {2, 3}, 0},
      {{3, 4}, {3, 7}, 1},
      {{3, 4}, {2, 1}, -1},
      {{2, 3, 4}, {2, 5, 3}, 1},
      {{2, 3, 4}, {1, 2, 9}, 2},
      {{2, 3, 4}, {7, 3, 4}, -3},
      {{0, 4}, {0, 4}, 1},
      {{3, 4}, {0, 4}, 0},
      {{20, 600}, {19, 900}, 1},
      {{20, 600}, {70, 599}, 0},
      {{90, 700}, {90, 700}, 1},
  };
  for (const Case& c : cases) {
    for (const char* const reduction : {"none", "add", "mul", "max", "min"}) check<float>(c, reduction, 2);
  }
}

TEST(ScatterElements, TakesEveryType) {
  const Case c = {{3, 4}, {5, 4}, 0};
  for_each_reduction(
      [&](auto number, const char* reduction, double most) { check<decltype(number)>(c, reduction, most); });
  check<bool>(c, "none", 1);
}

TEST(ScatterElements, KeepsTheLastOfSeveralUpdates) {
  for (const int opset : {11, 13, 16, 18}) {
    OpTest("ScatterElements", opset)
        .input<float>({3}, {1, 2, 3})
        .input<std::int32_t>({4}, {1, -2, 1, 0})
        .input<float>({4}, {10, 20, 30, 40})
        .expect<float>({3}, {40, 30, 3})
        .run();
  }
}

TEST(ScatterElements, HadAnotherName) {
  OpTest("Scatter", 9)
      .attribute("axis", std::int64_t{1})
      .input<float>({1, 3}, {1, 2, 3})
      .input<std::int64_t>({1, 2}, {2, 0})
      .input<float>({1, 2}, {10, 20})
      .expect<float>({1, 3}, {20, 2, 10})
      .run();
}

TEST(ScatterElements, PassesNaNOn) {
  const float nan = std::nanf("");
  for (const char* const reduction : {"max", "min"}) {
    OpTest("ScatterElements", 18)
        .attribute("reduction", std::string(reduction))
        .input<float>({3}, {nan, 2, 3})
        .input<std::int64_t>({3}, {0, 1, 2})
        .input<float>({3}, {1, nan, 3})
        .expect<float>({3}, {nan, nan, 3})
        .run();
  }
}

TEST(ScatterElements, ReportsIndicesOutOfRangeInTheRun) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    OpTest("ScatterElements", 13)
        .input<float>({2}, {1, 2})
        .input<std::int64_t>({2}, {0, index})
        .input<float>({2}, {1, 2})
        .expect_error(ErrorCode::kRuntimeFault, text("index ", index, " at position 1 is outside [-2,1]"))
        .run();
  }
}

TEST(ScatterElements, SaysWhatIsWrong) {
  const auto test = [](int opset, const Shape& indices, const Shape& updates) {
    OpTest scatter("ScatterElements", opset);
    scatter.random_input(DataType::kFloat32, {2, 3}, -1, 1)
        .random_input(DataType::kInt64, indices, 0, 0)
        .random_input(DataType::kFloat32, updates, -1, 1);
    return scatter;
  };
  const auto refused = [](OpTest scatter, const char* words) {
    scatter.expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused(test(13, {2}, {2}), "input indices has rank 1, expected 2, that of data");
  refused(test(13, {2, 3}, {2, 2}), "input updates is [2,2], expected [2,3], the shape of indices");
  refused(test(13, {2, 4}, {2, 4}), "dimension 1 of indices is 4, that of data only 3");
  refused(test(13, {2, 3}, {2, 3}).attribute("axis", std::int64_t{-3}), "axis -3 is outside [-2,1] for rank 2");
  refused(test(13, {2, 3}, {2, 3}).attribute("reduction", std::string("add")), "\"reduction\" does not exist");
  refused(test(16, {2, 3}, {2, 3}).attribute("reduction", std::string("max")),
          "reduction is \"max\", expected none, add or mul");
  refused(test(18, {2, 3}, {2, 3}).attribute("reduction", std::string("mean")),
          "reduction is \"mean\", expected none, add, mul, max or min");
  OpTest("ScatterElements", 13)
      .input<float>({1}, {1})
      .input<std::int64_t>({1}, {0})
      .input<double>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input updates is float64, but data is float32")
      .run();
  OpTest("ScatterElements", 16)
      .attribute("reduction", std::string("add"))
      .input<bool>({1}, {true})
      .input<std::int64_t>({1}, {0})
      .input<bool>({1}, {true})
      .expect_error(ErrorCode::kUnsupported, "bools cannot be reduced")
      .run();
}

}  // namespace
}  // namespace linnet::internal
