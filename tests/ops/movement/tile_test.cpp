#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using Ints = std::vector<std::int64_t>;

/// What NumPy's tile gives, element by element.
ConstantPtr tiled(const ConstantPtr& x, const Ints& repeats) {
  Shape shape = x->shape;
  for (std::size_t i = 0; i < shape.size(); ++i) shape[i] *= repeats[i];
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(x->type, shape, &data);
  const std::size_t bytes = size_of(x->type);
  const std::vector<std::int64_t> strides = row_major_strides(x->shape);
  for (std::int64_t element = 0; element < result->count(); ++element) {
    std::int64_t rest = element, from = 0;
    for (std::size_t i = shape.size(); i-- > 0;) {
      from += rest % shape[i] % x->shape[i] * strides[i];
      rest /= shape[i];
    }
    std::copy_n(x->data + static_cast<std::size_t>(from) * bytes, bytes,
                data + static_cast<std::size_t>(element) * bytes);
  }
  return result;
}

TEST(Tile, RepeatsEveryAxis) {
  struct Case {
    Shape shape;
    Ints repeats;
  };
  const Case cases[] = {
      {{3}, {2}},
      {{2, 3}, {2, 2}},
      {{2, 3}, {3, 1}},
      {{2, 3}, {1, 3}},
      {{2, 1, 3}, {1, 4, 1}},
      {{1, 1}, {3, 2}},
      {{2, 3, 2}, {2, 1, 3}},
      {{2, 3}, {0, 2}},
      {{2, 3}, {1, 0}},
      {{0, 3}, {2, 2}},
      {{}, {}},
      {{2, 2, 2, 2}, {2, 2, 2, 2}},
      {{5, 1000}, {3, 40}},
  };
  for (const Case& c : cases) {
    for (const int opset : {6, 13}) {
      const ConstantPtr x = random_tensor(DataType::kFloat32, c.shape, -1, 1, 1);
      OpTest("Tile", opset)
          .named(text(c.shape, " by ", c.repeats))
          .input(x)
          .input<std::int64_t>({static_cast<std::int64_t>(c.repeats.size())}, c.repeats)
          .expect(tiled(x, c.repeats))
          .run();
    }
  }
  const ConstantPtr x = random_tensor(DataType::kFloat32, {2, 3}, -1, 1, 1);
  OpTest("Tile", 13).input(x).input<std::int64_t>({2}, {1, 1}).expect(x).expect_identity(true).run();
}

TEST(Tile, TakesEveryType) {
  for (int number = 1; number <= static_cast<int>(DataType::kBfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!kTensorTypes.has(type)) continue;
    const ConstantPtr x = random_tensor(type, {2, 3}, 0, 100, 1);
    OpTest("Tile", 13).named(text(type)).input(x).input<std::int64_t>({2}, {2, 3}).expect(tiled(x, {2, 3})).run();
  }
}

TEST(Tile, KnowsSymbolsAndElements) {
  OpTest("Tile", 13)
      .symbolic_input(DataType::kFloat32, {"n", 3, "m"})
      .symbolic_input(DataType::kInt64, {3})
      .elements({1, 4, 2})
      .expect_dims(DataType::kFloat32, {"n", 12, "?"})
      .infer_only();
  OpTest("Tile", 13)
      .symbolic_input(DataType::kFloat32, {1, 3})
      .symbolic_input(DataType::kInt64, {2})
      .elements({"n", "?"})
      .expect_dims(DataType::kFloat32, {"n", "?"})
      .infer_only();
  OpTest("Tile", 13)
      .symbolic_input(DataType::kInt64, {2})
      .elements({"n", 7})
      .constant_input<std::int64_t>({1}, {2})
      .expect_dims(DataType::kInt64, {4})
      .expect_elements({"n", 7, "n", 7})
      .infer_only();
}

TEST(Tile, SaysWhatIsWrong) {
  const auto refused = [](const Ints& repeats, ErrorCode code, const char* words) {
    OpTest("Tile", 13)
        .input<float>({2, 3}, {1, 2, 3, 4, 5, 6})
        .input<std::int64_t>({static_cast<std::int64_t>(repeats.size())}, repeats)
        .expect_error(code, words)
        .run();
  };
  refused({2}, ErrorCode::kInvalidModel, "input repeats has 1 elements, expected 2, one for each axis of the input");
  refused({2, -1}, ErrorCode::kInvalidModel, "input repeats is [2,-1], with a negative number");
  refused({INT64_MAX, 2}, ErrorCode::kInvalidModel, "");
  OpTest("Tile", 13)
      .input<float>({1}, {1})
      .input<float>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "input repeats is float32, expected int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal
