#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Batch by batch and tuple by tuple.
ConstantPtr gathered(const ConstantPtr& data, const ConstantPtr& indices, std::size_t batch_dims) {
  const auto length = static_cast<std::size_t>(indices->shape.back());
  Shape shape(indices->shape.begin(), indices->shape.end() - 1);
  shape.insert(shape.end(), data->shape.begin() + static_cast<std::ptrdiff_t>(batch_dims + length), data->shape.end());
  std::byte* elements = nullptr;
  ConstantPtr result = make_constant(data->type, shape, &elements);
  std::int64_t batches = 1, slice = 1;
  for (std::size_t i = 0; i < batch_dims; ++i) batches *= data->shape[i];
  for (std::size_t i = batch_dims + length; i < data->shape.size(); ++i) slice *= data->shape[i];
  const std::int64_t tuples = batches == 0 ? 0 : indices->count() / static_cast<std::int64_t>(length);
  const std::size_t bytes = static_cast<std::size_t>(slice) * size_of(data->type);
  for (std::int64_t tuple = 0; tuple < tuples && slice > 0; ++tuple) {
    std::int64_t from = tuple / (tuples / batches);
    for (std::size_t i = 0; i < length; ++i) {
      const std::int64_t size = data->shape[batch_dims + i];
      const std::int64_t index =
          indices->as<std::int64_t>()[tuple * static_cast<std::int64_t>(length) + static_cast<std::int64_t>(i)];
      from = from * size + (index + size) % size;
    }
    std::copy_n(data->data + static_cast<std::size_t>(from) * bytes, bytes,
                elements + static_cast<std::size_t>(tuple) * bytes);
  }
  return result;
}

TEST(GatherND, PicksSlices) {
  struct Case {
    Shape data, indices;
    std::int64_t batch_dims;
    double size;  ///< the least of the axes that are indexed
  };
  const Case cases[] = {
      {{4}, {1}, 0, 4},
      {{4}, {3, 1}, 0, 4},
      {{3, 4}, {2, 2}, 0, 3},
      {{3, 4}, {5, 1}, 0, 3},
      {{3, 4}, {2, 5, 1}, 0, 3},
      {{2, 3, 4}, {2, 1}, 1, 3},
      {{2, 3, 4}, {2, 5, 2}, 1, 3},
      {{2, 3, 4}, {2, 3, 1}, 2, 4},
      {{2, 3, 4}, {3}, 0, 2},
      {{3, 4}, {0, 1}, 0, 3},
      {{3, 0}, {2, 1}, 0, 3},
      {{0, 3}, {0, 2, 1}, 1, 3},
      {{9, 40000}, {5, 1}, 0, 9},
      {{30, 50, 7}, {900, 2}, 0, 30},
      {{60, 60}, {20000, 2}, 0, 60},
  };
  for (const Case& c : cases) {
    const ConstantPtr data = random_tensor(DataType::kFloat32, c.data, -1, 1, 1);
    const ConstantPtr indices = random_tensor(DataType::kInt64, c.indices, -c.size, c.size - 0.01, 2);
    OpTest("GatherND", 12)
        .named(text(c.data, " ", c.indices, " batch_dims ", c.batch_dims))
        .attribute("batch_dims", c.batch_dims)
        .input(data)
        .input(indices)
        .expect(gathered(data, indices, static_cast<std::size_t>(c.batch_dims)))
        .run();
  }
  OpTest("GatherND", 11)
      .input<float>({2, 2}, {1, 2, 3, 4})
      .input<std::int64_t>({2, 2}, {0, 1, -1, 0})
      .expect<float>({2}, {2, 3})
      .run();
}

TEST(GatherND, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr data = random_tensor(type, {3, 4}, 0, 100, 1);
    for (const ConstantPtr& indices :
         {tensor_of<std::int64_t>({2, 2}, {2, -1, 0, 1}), tensor_of<std::int64_t>({1}, {1})})
      OpTest("GatherND", 13).named(text(type)).input(data).input(indices).expect(gathered(data, indices, 0)).run();
  }
}

TEST(GatherND, KnowsSymbols) {
  OpTest("GatherND", 13)
      .symbolic_input(DataType::kFloat16, {"n", 8, "m"})
      .symbolic_input(DataType::kInt64, {"k", 2})
      .expect_dims(DataType::kFloat16, {"k", "m"})
      .infer_only();
  OpTest("GatherND", 13)
      .symbolic_input(DataType::kFloat16, {"n", 8, "m"})
      .symbolic_input(DataType::kInt64, {"k", "?"})
      .expect_unranked(DataType::kFloat16)
      .infer_only();
}

TEST(GatherND, ReportsIndicesOutOfRangeInTheRun) {
  for (const std::int64_t index : {std::int64_t{3}, std::int64_t{-4}, INT64_MIN, INT64_MAX}) {
    OpTest("GatherND", 13)
        .input<float>({2, 3}, {1, 2, 3, 4, 5, 6})
        .input<std::int64_t>({2, 2}, {0, 0, 1, index})
        .expect_error(ErrorCode::kRuntimeFault, text("index ", index, " at position 3 is outside [-3,2]"))
        .run();
  }
}

TEST(GatherND, SaysWhatIsWrong) {
  const auto refused = [](const Shape& data, const Shape& indices, std::int64_t batch_dims, const char* words) {
    OpTest("GatherND", 13)
        .attribute("batch_dims", batch_dims)
        .random_input(DataType::kFloat32, data, -1, 1)
        .random_input(DataType::kInt64, indices, 0, 0)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({}, {1}, 0, "input data is a scalar, expected rank 1 or more");
  refused({2}, {}, 0, "input indices is a scalar, expected rank 1 or more");
  refused({2, 3}, {2, 3}, 0, "the last dimension of indices is 3, expected 1 to 2");
  refused({2, 3}, {2, 0}, 0, "the last dimension of indices is 0, expected 1 to 2");
  refused({2, 3}, {2, 2}, 1, "the last dimension of indices is 2, expected 1 to 1");
  refused({2, 3}, {2, 1}, 2, "batch_dims is 2, expected 0 to 1");
  refused({2, 3}, {2, 1}, -1, "batch_dims is -1, expected 0 to 1");
  refused({2, 3}, {4, 1}, 1, "dimension 0 of indices is 4, expected 2, that of data");
  OpTest("GatherND", 13)
      .input<float>({1}, {1})
      .input<std::int32_t>({1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input indices is int32, expected int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
