#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

Shape permuted(const Shape& shape, const std::vector<std::int64_t>& perm) {
  Shape result;
  for (const std::int64_t axis : perm) result.push_back(shape[static_cast<std::size_t>(axis)]);
  return result;
}

/// The definition, element by element.
ConstantPtr transposed(const Constant& input, const std::vector<std::int64_t>& perm) {
  const Shape shape = permuted(input.shape, perm);
  std::byte* data = nullptr;
  ConstantPtr output = make_constant(input.type, shape, &data);
  const std::vector<std::int64_t> strides = row_major_strides(input.shape);
  const std::size_t bytes = size_of(input.type);
  for (std::int64_t i = 0; i < output->count(); ++i) {
    std::int64_t rest = i;
    std::int64_t source = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      source += rest % shape[axis] * strides[static_cast<std::size_t>(perm[axis])];
      rest /= shape[axis];
    }
    std::memcpy(data + static_cast<std::size_t>(i) * bytes, input.data + static_cast<std::size_t>(source) * bytes,
                bytes);
  }
  return output;
}

void check(DataType type, const Shape& shape, const std::vector<std::int64_t>& perm) {
  const ConstantPtr input = random_tensor(type, shape, -100, 100, 1);
  OpTest("Transpose", 13)
      .named(text("perm ", perm))
      .ints("perm", perm)
      .input(input)
      .expect(transposed(*input, perm))
      .run();
}

TEST(Transpose, TurnsAMatrix) {
  for (const int opset : {7, 13, 25}) {
    OpTest("Transpose", opset).input<float>({2, 3}, kSix).expect<float>({3, 2}, {1, 4, 2, 5, 3, 6}).run();
    OpTest("Transpose", opset)
        .ints("perm", {1, 0})
        .input<float>({2, 3}, kSix)
        .expect<float>({3, 2}, {1, 4, 2, 5, 3, 6})
        .run();
    OpTest("Transpose", opset).ints("perm", {0, 1}).input<float>({2, 3}, kSix).expect<float>({2, 3}, kSix).run();
  }
}

TEST(Transpose, ReversesTheAxesByDefault) {
  OpTest("Transpose", 13).input<float>({1, 2, 3}, kSix).expect<float>({3, 2, 1}, {1, 4, 2, 5, 3, 6}).run();
  OpTest("Transpose", 13).input<float>({6}, kSix).expect<float>({6}, kSix).run();
  OpTest("Transpose", 13).input<float>({}, {4}).expect<float>({}, {4}).run();
  OpTest("Transpose", 13).input<float>({0, 3}, {}).expect<float>({3, 0}, {}).run();
  const std::int64_t huge = std::int64_t{1} << 40;
  OpTest("Transpose", 13)
      .named("huge but empty")
      .input<float>({huge, huge, 0}, {})
      .expect<float>({0, huge, huge}, {})
      .run();
}

TEST(Transpose, DoesEveryOrderOfFourAxes) {
  std::vector<std::int64_t> perm = {0, 1, 2, 3};
  do {
    check(DataType::kFloat32, {2, 3, 4, 5}, perm);
    check(DataType::kUint8, {3, 1, 2, 4}, perm);
    check(DataType::kInt64, {1, 5, 1, 3}, perm);
  } while (std::next_permutation(perm.begin(), perm.end()));
}

TEST(Transpose, TakesEveryType) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16,
                              DataType::kInt8, DataType::kInt16, DataType::kInt32, DataType::kInt64, DataType::kUint8,
                              DataType::kUint16, DataType::kUint32, DataType::kUint64, DataType::kBool}) {
    check(type, {19, 33}, {1, 0});
    check(type, {3, 5, 2}, {1, 0, 2});
  }
}

TEST(Transpose, GoesThroughLargeTensorsInBlocks) {
  check(DataType::kFloat32, {300, 517}, {1, 0});
  check(DataType::kUint8, {513, 600}, {1, 0});
  check(DataType::kFloat64, {129, 257}, {1, 0});
  check(DataType::kFloat32, {7, 200, 130}, {0, 2, 1});
  check(DataType::kFloat32, {300, 5, 17}, {1, 2, 0});
  check(DataType::kFloat32, {40, 3, 50, 60}, {0, 2, 3, 1});
  check(DataType::kFloat32, {8, 100, 4, 32}, {0, 2, 1, 3});
  check(DataType::kFloat32, {2, 3, 40000}, {1, 0, 2});
  check(DataType::kFloat32, {200, 100, 3}, {1, 0, 2});
  check(DataType::kFloat32, {200, 100, 4}, {1, 0, 2});
}

TEST(Transpose, DoesRandomShapesAndOrders) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Shape shape(random() % 7);
    for (std::int64_t& size : shape) size = static_cast<std::int64_t>(random() % 5 + (random() % 12 == 0 ? 0 : 1));
    std::vector<std::int64_t> perm(shape.size());
    std::iota(perm.begin(), perm.end(), 0);
    std::shuffle(perm.begin(), perm.end(), random);
    check(round % 2 == 0 ? DataType::kFloat32 : DataType::kInt16, shape, perm);
  }
}

TEST(Transpose, HoldsTheRankLimit) {
  Shape shape(64, 1);
  shape[0] = 2;
  shape[63] = 3;
  std::vector<std::int64_t> perm(64);
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[0], perm[63]);
  check(DataType::kFloat32, shape, perm);
}

TEST(Transpose, IsAnIdentityIfNothingMoves) {
  const auto transpose = [](const NamedDims& dims, const NamedDims& result, const std::vector<std::int64_t>& perm,
                            bool identity) {
    OpTest("Transpose", 13)
        .named(text(perm))
        .ints("perm", perm)
        .symbolic_input(DataType::kFloat32, dims)
        .expect_dims(DataType::kFloat32, result)
        .expect_identity(identity)
        .infer_only();
  };
  transpose({"batch", "?"}, {"batch", "?"}, {0, 1}, true);
  transpose({"batch", 4}, {4, "batch"}, {1, 0}, false);
  transpose({4, 4}, {4, 4}, {1, 0}, false);
  transpose({"batch", "batch"}, {"batch", "batch"}, {1, 0}, false);
  transpose({1, 1, 4}, {1, 1, 4}, {1, 0, 2}, true);
  transpose({1, 4}, {4, 1}, {1, 0}, false);
}

TEST(Transpose, KeepsSymbols) {
  OpTest("Transpose", 13)
      .ints("perm", {2, 0, 1})
      .symbolic_input(DataType::kFloat32, {"batch", "?", 3})
      .expect_dims(DataType::kFloat32, {3, "batch", "?"})
      .infer_only();
  OpTest("Transpose", 13)
      .symbolic_input(DataType::kInt64, {2})
      .elements({"batch", 3})
      .expect_dims(DataType::kInt64, {2})
      .expect_elements({"batch", 3})
      .infer_only();
  OpTest("Transpose", 13)
      .symbolic_input(DataType::kInt64, {1, 2})
      .elements({"batch", 3})
      .expect_dims(DataType::kInt64, {2, 1})
      .expect_no_elements()
      .infer_only();
}

TEST(Transpose, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::int64_t> perm;
    const char* words;
  };
  const Case cases[] = {
      {{0}, "perm [0] has 1 axes, expected 2"},
      {{0, 1, 2}, "perm [0,1,2] has 3 axes, expected 2"},
      {{0, 0}, "perm [0,0] names axis 0 twice"},
      {{0, 2}, "perm [0,2] names axis 2, which is outside [0,2)"},
      {{-1, 0}, "perm [-1,0] names axis -1, which is outside [0,2)"},
      {{INT64_MIN, INT64_MAX}, "names axis -9223372036854775808, which is outside [0,2)"},
  };
  OpTest("Transpose", 13)
      .ints("perm", std::vector<std::int64_t>(1000000, 0))
      .input<float>({2, 3}, kSix)
      .expect_error(ErrorCode::kInvalidModel, "0,0,...] has 1000000 axes, expected 2")
      .run();
  for (const Case& c : cases)
    OpTest("Transpose", 13)
        .ints("perm", c.perm)
        .input<float>({2, 3}, kSix)
        .expect_error(ErrorCode::kInvalidModel, c.words)
        .run();
}

}  // namespace
}  // namespace linnet::internal
