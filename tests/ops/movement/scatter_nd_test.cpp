#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/movement/scatter_expectation.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Tuple by tuple, rounded at each.
template <typename T>
ConstantPtr scattered(const ConstantPtr& data, const ConstantPtr& indices, const ConstantPtr& updates,
                      const std::string& reduction) {
  std::byte* bytes = nullptr;
  ConstantPtr result = make_constant(data->type, data->shape, &bytes);
  std::copy_n(data->data, static_cast<std::size_t>(data->count()) * sizeof(T), bytes);
  auto* output = reinterpret_cast<T*>(bytes);
  const std::int64_t length = indices->shape.back();
  std::int64_t slice = 1;
  for (std::size_t i = static_cast<std::size_t>(length); i < data->shape.size(); ++i) slice *= data->shape[i];
  for (std::int64_t i = 0; i < updates->count(); ++i) {
    std::int64_t to = 0;
    for (std::int64_t d = 0; d < length; ++d) {
      const std::int64_t size = data->shape[static_cast<std::size_t>(d)];
      to = to * size + (indices->as<std::int64_t>()[i / slice * length + d] + size) % size;
    }
    to = to * slice + i % slice;
    output[to] = updated(output[to], updates->as<T>()[i], reduction);
  }
  return result;
}

struct Case {
  Shape data, indices, updates;
  double size;  ///< the least of the axes that are indexed
};

template <typename T>
void check(const Case& c, const std::string& reduction, double most) {
  const ConstantPtr data = random_tensor(data_type_of<T>(), c.data, 0, most, 1);
  const ConstantPtr updates = random_tensor(data_type_of<T>(), c.updates, 0, most, 2);
  const ConstantPtr indices = random_tensor(DataType::kInt64, c.indices, -c.size, c.size - 0.01, 3);
  OpTest("ScatterND", 18)
      .named(text(data_type_of<T>(), " ", c.data, " ", c.indices, " ", reduction))
      .attribute("reduction", reduction)
      .input(data)
      .input(indices)
      .input(updates)
      .expect(scattered<T>(data, indices, updates, reduction))
      .run();
}

TEST(ScatterND, UpdatesSlices) {
  const Case cases[] = {
      {{4}, {1}, {}, 4},
      {{4}, {6, 1}, {6}, 4},
      {{3, 4}, {5, 2}, {5}, 3},
      {{3, 4}, {5, 1}, {5, 4}, 3},
      {{3, 4, 2}, {2, 5, 1}, {2, 5, 4, 2}, 3},
      {{3, 4}, {0, 1}, {0, 4}, 3},
      {{3, 0}, {2, 1}, {2, 0}, 3},
      {{5, 9000}, {7, 1}, {7, 9000}, 5},
      {{60, 60}, {20000, 2}, {20000}, 60},
  };
  for (const Case& c : cases) {
    for (const char* const reduction : {"none", "add", "mul", "max", "min"}) check<float>(c, reduction, 2);
  }
}

TEST(ScatterND, TakesEveryType) {
  const Case c = {{3, 4}, {5, 1}, {5, 4}, 3};
  for_each_reduction(
      [&](auto number, const char* reduction, double most) { check<decltype(number)>(c, reduction, most); });
  check<bool>(c, "none", 1);
  check<Float16>({{3, 3000}, {5, 1}, {5, 3000}, 3}, "add", 2);
}

TEST(ScatterND, KeepsTheLastOfSeveralUpdates) {
  for (const int opset : {11, 13, 16, 18}) {
    OpTest("ScatterND", opset)
        .input<float>({3}, {1, 2, 3})
        .input<std::int64_t>({4, 1}, {1, -2, 1, 0})
        .input<float>({4}, {10, 20, 30, 40})
        .expect<float>({3}, {40, 30, 3})
        .run();
  }
}

TEST(ScatterND, ReportsIndicesOutOfRangeInTheRun) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    OpTest("ScatterND", 13)
        .input<float>({2}, {1, 2})
        .input<std::int64_t>({2, 1}, {0, index})
        .input<float>({2}, {1, 2})
        .expect_error(ErrorCode::kRuntimeFault, text("index ", index, " at position 1 is outside [-2,1]"))
        .run();
  }
}

TEST(ScatterND, SaysWhatIsWrong) {
  const auto refused = [](const Shape& data, const Shape& indices, const Shape& updates, const char* words) {
    OpTest("ScatterND", 13)
        .random_input(DataType::kFloat32, data, -1, 1)
        .random_input(DataType::kInt64, indices, 0, 0)
        .random_input(DataType::kFloat32, updates, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({}, {1}, {}, "input data is a scalar, expected rank 1 or more");
  refused({2, 3}, {2, 3}, {2}, "the last dimension of indices is 3, expected 1 to 2");
  refused({2, 3}, {2, 1}, {2}, "input updates is [2], expected [2,3]");
  refused({2, 3}, {2, 1}, {2, 2}, "input updates is [2,2], expected [2,3]");
  OpTest("ScatterND", 16)
      .attribute("reduction", std::string("min"))
      .input<float>({1}, {1})
      .input<std::int64_t>({1, 1}, {0})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "reduction is \"min\", expected none, add or mul")
      .run();
}

}  // namespace
}  // namespace linnet::internal
