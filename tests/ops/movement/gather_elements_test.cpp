#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

ConstantPtr gathered(const ConstantPtr& data, const ConstantPtr& indices, std::size_t axis) {
  std::byte* elements = nullptr;
  ConstantPtr result = make_constant(data->type, indices->shape, &elements);
  const std::vector<std::int64_t> strides = row_major_strides(data->shape);
  const std::size_t bytes = size_of(data->type);
  for (std::int64_t i = 0; i < indices->count(); ++i) {
    std::int64_t rest = i, from = 0;
    for (std::size_t d = data->shape.size(); d-- > 0;) {
      std::int64_t place = rest % indices->shape[d];
      rest /= indices->shape[d];
      if (d == axis) place = (indices->as<std::int64_t>()[i] + data->shape[d]) % data->shape[d];
      from += place * strides[d];
    }
    std::copy_n(data->data + static_cast<std::size_t>(from) * bytes, bytes,
                elements + static_cast<std::size_t>(i) * bytes);
  }
  return result;
}

TEST(GatherElements, PicksAlongAnyAxis) {
  struct Case {
    Shape data, indices;
    std::int64_t axis;
  };
  const Case cases[] = {
      {{4}, {6}, 0},        {{3, 4}, {5, 4}, 0},       {{3, 4}, {2, 3}, 0},       {{3, 4}, {3, 7}, 1},
      {{3, 4}, {2, 1}, -1}, {{2, 3, 4}, {2, 5, 3}, 1}, {{2, 3, 4}, {1, 2, 9}, 2}, {{2, 3, 4}, {7, 3, 4}, -3},
      {{0, 4}, {0, 4}, 1},  {{3, 4}, {0, 4}, 0},       {{20, 600}, {19, 900}, 1}, {{20, 600}, {70, 599}, 0},
  };
  for (const Case& c : cases) {
    const auto rank = static_cast<std::int64_t>(c.data.size());
    const auto axis = static_cast<std::size_t>((c.axis + rank) % rank);
    const ConstantPtr data = random_tensor(DataType::kFloat32, c.data, -1, 1, 1);
    const auto size = static_cast<double>(c.data[axis]);
    const ConstantPtr indices = random_tensor(DataType::kInt64, c.indices, -size, size - 0.01, 2);
    OpTest("GatherElements", 11)
        .named(text(c.data, " ", c.indices, " axis ", c.axis))
        .attribute("axis", c.axis)
        .input(data)
        .input(indices)
        .expect(gathered(data, indices, axis))
        .run();
  }
  OpTest("GatherElements", 13)
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<std::int32_t>({1, 2}, {-1, 0})
      .expect<float>({1, 2}, {3, 2})
      .run();
}

TEST(GatherElements, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr data = random_tensor(type, {3, 4}, 0, 100, 1);
    const ConstantPtr indices = tensor_of<std::int64_t>({2, 2}, {2, -1, 0, 1});
    OpTest("GatherElements", 13).named(text(type)).input(data).input(indices).expect(gathered(data, indices, 0)).run();
  }
}

TEST(GatherElements, KnowsSymbols) {
  OpTest("GatherElements", 13)
      .attribute("axis", std::int64_t{1})
      .symbolic_input(DataType::kFloat16, {"n", 8})
      .symbolic_input(DataType::kInt64, {"n", "k"})
      .expect_dims(DataType::kFloat16, {"n", "k"})
      .infer_only();
}

TEST(GatherElements, ReportsIndicesOutOfRangeInTheRun) {
  for (const std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, INT64_MIN, INT64_MAX}) {
    OpTest("GatherElements", 13)
        .input<float>({2, 1}, {1, 2})
        .input<std::int64_t>({3, 1}, {0, index, 0})
        .expect_error(ErrorCode::kRuntimeFault, text("index ", index, " at position 1 is outside [-2,1]"))
        .run();
  }
}

TEST(GatherElements, SaysWhatIsWrong) {
  const auto refused = [](const Shape& data, const Shape& indices, std::int64_t axis, const char* words) {
    OpTest("GatherElements", 13)
        .attribute("axis", axis)
        .random_input(DataType::kFloat32, data, -1, 1)
        .random_input(DataType::kInt64, indices, 0, 0)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({}, {}, 0, "input data is a scalar, expected rank 1 or more");
  refused({2, 3}, {2}, 0, "input indices has rank 1, expected 2, that of data");
  refused({2, 3}, {2, 4}, 0, "dimension 1 of indices is 4, that of data only 3");
  refused({2, 3}, {2, 3}, 2, "axis 2 is outside [-2,1] for rank 2");
  OpTest("GatherElements", 13)
      .input<float>({1}, {1})
      .input<float>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input indices is float32, expected int32 or int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
