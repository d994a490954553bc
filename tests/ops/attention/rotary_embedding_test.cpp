#include <gtest/gtest.h>

#include <cmath>

#include "ops/shared/element_lines.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Case {
  const char* name;
  std::int64_t batch, heads, tokens, width;
  std::int64_t turned = 0;
  bool flat = false;  ///< X has 3 dimensions
  bool interleaved = false;
  bool by_position = false;
  bool shared_table = false;  ///< one batch of cos and sin, or of position_ids, for all
};

const Case kCases[] = {
    {"by batch and token", 2, 3, 4, 10},
    {"interleaved", 2, 3, 4, 34, 0, false, true},
    {"by position", 2, 3, 4, 10, 0, false, false, true},
    {"by position, interleaved", 1, 2, 3, 8, 0, false, true, true},
    {"part of the width", 2, 3, 4, 12, 6},
    {"part of the width, interleaved", 2, 3, 4, 12, 4, false, true},
    {"3 dimensions", 2, 3, 4, 10, 0, true},
    {"3 dimensions, interleaved part", 2, 3, 4, 10, 6, true, true},
    {"3 dimensions by position", 2, 3, 4, 10, 4, true, false, true},
    {"one table for all", 3, 2, 4, 6, 0, false, false, false, true},
    {"3 dimensions, one table for all", 3, 2, 4, 6, 0, true, false, false, true},
    {"positions for all", 3, 2, 4, 6, 0, true, false, true, true},
    {"wide", 1, 2, 2, 700},
    {"wide and interleaved", 1, 2, 2, 700, 600, false, true},
    {"tasks", 2, 9, 40, 64},
    {"nothing", 2, 0, 4, 8},
    {"no width", 2, 3, 4, 0},
};

constexpr std::int64_t kPositions = 5;

double element(const ConstantPtr& tensor, std::int64_t index) {
  double value = 0;
  load_line(tensor->type, tensor->data, static_cast<std::size_t>(index), 1, &value);
  return value;
}

/// As the definition has it, in double.
template <typename T>
Literals<T> expected(const Case& c, const ConstantPtr& x, const ConstantPtr& cos, const ConstantPtr& sin,
                     const std::vector<std::int64_t>& positions) {
  Literals<T> y(static_cast<std::size_t>(x->count()));
  const std::int64_t pairs = (c.turned == 0 ? c.width : c.turned) / 2;
  for (std::int64_t row = 0; row < c.batch * c.heads * c.tokens; ++row) {
    const std::int64_t batch = row / (c.heads * c.tokens);
    const std::int64_t token = c.flat ? row / c.heads % c.tokens : row % c.tokens;
    std::int64_t table = (c.shared_table ? 0 : batch * c.tokens) + token;
    if (c.by_position) table = (positions[static_cast<std::size_t>(table)] + kPositions) % kPositions;
    const auto at = [&](std::int64_t column) { return static_cast<std::size_t>(row * c.width + column); };
    for (std::int64_t i = 0; i < c.width; ++i) y[at(i)] = static_cast<float>(element(x, row * c.width + i));
    for (std::int64_t i = 0; i < pairs; ++i) {
      const std::int64_t first = c.interleaved ? 2 * i : i;
      const std::int64_t second = c.interleaved ? 2 * i + 1 : i + pairs;
      const double x1 = element(x, row * c.width + first), x2 = element(x, row * c.width + second);
      const double angle_cos = element(cos, table * pairs + i), angle_sin = element(sin, table * pairs + i);
      y[at(first)] = static_cast<float>(angle_cos * x1 - angle_sin * x2);
      y[at(second)] = static_cast<float>(angle_sin * x1 + angle_cos * x2);
    }
  }
  return y;
}

template <typename T>
void check(const Case& c, const Tolerance& tolerance) {
  const DataType type = data_type_of<T>();
  const std::int64_t pairs = (c.turned == 0 ? c.width : c.turned) / 2;
  const Shape shape = c.flat ? Shape{c.batch, c.tokens, c.heads * c.width} : Shape{c.batch, c.heads, c.tokens, c.width};
  const std::int64_t batch = c.shared_table ? 1 : c.batch;
  const Shape table = c.by_position ? Shape{kPositions, pairs} : Shape{batch, c.tokens, pairs};
  const ConstantPtr x = random_tensor(type, shape, -2, 2, 1);
  const ConstantPtr cos = random_tensor(type, table, -1, 1, 2);
  const ConstantPtr sin = random_tensor(type, table, -1, 1, 3);
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; c.by_position && i < batch * c.tokens; ++i) positions.push_back(i * 3 % 10 - kPositions);
  OpTest test("RotaryEmbedding", 23);
  test.named(c.name).input(x).input(cos).input(sin);
  if (c.by_position) test.input<std::int64_t>({batch, c.tokens}, positions);
  if (c.flat) test.attribute("num_heads", c.heads);
  if (c.turned != 0) test.attribute("rotary_embedding_dim", c.turned);
  if (c.interleaved) test.attribute("interleaved", std::int64_t{1});
  test.expect<T>(shape, expected<T>(c, x, cos, sin, positions)).expect_implementations({"simd", "reference"});
  test.tolerance(tolerance).run();
}

TEST(RotaryEmbedding, TurnsPairs) {
  for (const Case& c : kCases) check<float>(c, close(0, 4 * 0x1p-23));
}

TEST(RotaryEmbedding, RoundsShortTypesOnce) {
  for (const Case& c : kCases) {
    check<Float16>(c, close(0x1p-11, 0x1p-22));
    check<Bfloat16>(c, close(0x1p-8, 0x1p-22));
  }
}

TEST(RotaryEmbedding, ByHand) {
  OpTest("RotaryEmbedding", 24)
      .input<float>({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})
      .input<float>({1, 2, 2}, {1, 0, 0.5F, 2})
      .input<float>({1, 2, 2}, {0, 1, 2, -1})
      .expect<float>({1, 1, 2, 4}, {1, -4, 3, 2, -11.5F, 20, 13.5F, 10})
      .run();
}

/// Sizes that no tensor with elements could have.
TEST(RotaryEmbedding, TakesEmptyTensors) {
  const std::int64_t large = std::int64_t{1} << 40;
  OpTest("RotaryEmbedding", 23)
      .attribute("num_heads", large)
      .input<float>({large, large, 0}, {})
      .input<float>({large, large, 0}, {})
      .input<float>({large, large, 0}, {})
      .expect<float>({large, large, 0}, {})
      .run();
}

TEST(RotaryEmbedding, APositionOutOfRangeIsAFault) {
  for (const std::int64_t position : {2, -3}) {
    OpTest("RotaryEmbedding", 23)
        .input<float>({1, 1, 1, 2}, {1, 2})
        .input<float>({2, 1}, {1, 0})
        .input<float>({2, 1}, {0, 1})
        .input<std::int64_t>({1, 1}, {position})
        .expect_error(ErrorCode::kRuntimeFault, std::to_string(position))
        .run();
  }
}

OpTest symbolic(const NamedDims& x, const NamedDims& table) {
  OpTest test("RotaryEmbedding", 23);
  test.symbolic_input(DataType::kFloat32, x).symbolic_input(DataType::kFloat32, table);
  test.symbolic_input(DataType::kFloat32, table);
  return test;
}

TEST(RotaryEmbedding, KeepsSymbols) {
  symbolic({"batch", 8, "tokens", 64}, {"batch", "tokens", 32})
      .expect_dims(DataType::kFloat32, {"batch", 8, "tokens", 64})
      .infer_only();
  symbolic({"batch", "?", "hidden"}, {"positions", "half"})
      .symbolic_input(DataType::kInt64, {1, "tokens"})
      .attribute("num_heads", std::int64_t{4})
      .expect_dims(DataType::kFloat32, {"batch", "?", "hidden"})
      .infer_only();
}

TEST(RotaryEmbedding, NamesWhatIsWrong) {
  const auto wrong = [](OpTest test, const char* words) {
    test.expect_error(ErrorCode::kInvalidModel, words).infer_only();
  };
  wrong(symbolic({2, 8}, {2, 4, 4}), "X is [2,8], expected rank 3 or 4");
  wrong(symbolic({2, 4, 8}, {2, 4, 4}), "num_heads is 0, expected the heads of X, which is [2,4,8]");
  wrong(symbolic({2, 4, 8}, {2, 4, 4}).attribute("num_heads", std::int64_t{3}),
        "X is [2,4,8], whose last dimension is no multiple of num_heads 3");
  wrong(symbolic({2, 3, 4, 7}, {2, 4, 3}), "heads are 7 wide, expected an even width");
  for (const std::int64_t turned : {-2, 3, 10}) {
    wrong(symbolic({2, 3, 4, 8}, {2, 4, 3}).attribute("rotary_embedding_dim", turned),
          "expected an even number up to the width of a head, 8");
  }
  wrong(symbolic({2, 3, 4, 8}, {2, 4, 3}), "cos_cache is [2,4,3], expected 4 columns");
  wrong(symbolic({2, 3, 4, 8}, {4, 4}), "cos_cache is [4,4], expected rank 3 without position_ids");
  wrong(symbolic({2, 3, 4, 8}, {2, 4, 4}).symbolic_input(DataType::kInt64, {2, 4}),
        "cos_cache is [2,4,4], expected rank 2 with position_ids");
  wrong(symbolic({2, 3, 4, 8}, {3, 4, 4}), "cos_cache is [3,4,4], expected [2,4,4] for X [2,3,4,8]");
  wrong(symbolic({2, 3, 4, 8}, {9, 4}).symbolic_input(DataType::kInt64, {2, 5}),
        "position_ids is [2,5], expected [2,4] for X [2,3,4,8]");
  wrong(symbolic({2, 3, 4, 8}, {9, 4}).symbolic_input(DataType::kInt32, {2, 4}), "position_ids");
  OpTest("RotaryEmbedding", 23)
      .symbolic_input(DataType::kFloat64, {2, 3, 4, 8})
      .symbolic_input(DataType::kFloat64, {2, 4, 4})
      .symbolic_input(DataType::kFloat64, {2, 4, 4})
      .expect_error(ErrorCode::kInvalidModel, "input X is float64, expected one of")
      .infer_only();
}

}  // namespace
}  // namespace linnet::internal
