#include "ops/attention/attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/mini_graph.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Order = std::vector<std::int64_t>;

struct Case {
  const char* name;
  std::int64_t batches, heads, key_heads, queries, keys, depth, width;
  float scale = 1.0F;
  bool divides = false;
  Shape mask = {};  ///< empty: none
  Order q_order = {}, k_order = {}, v_order = {}, y_order = {};
  bool in_three_dimensions = false;
  const char* implementation = "simd";
  Shape bias = {};  ///< empty: none
  float cap = 0.0F;
  Shape sinks = {};  ///< empty: none
};

const Order kHeadsInside = {0, 2, 1, 3};
const Order kBatchesInside = {1, 0, 2};

/// With operands and result all stored in this order, of 3 or 4 dimensions.
Case transposed(const Order& order, Case c) {
  c.q_order = c.k_order = c.v_order = c.y_order = order;
  c.in_three_dimensions = order.size() == 3;
  return c;
}

Case with_bias(Shape bias, Case c) {
  c.bias = std::move(bias);
  return c;
}

Case with_sinks(Shape sinks, Case c) {
  c.sinks = std::move(sinks);
  return c;
}

Case capped(float cap, Case c) {
  c.cap = cap;
  return c;
}

const Case kCases[] = {
    capped(3.0F, {"capped", 2, 3, 3, 13, 37, 9, 23, 0.3F}),
    capped(0.5F, {"capped, by a power of two, a mask of keys", 2, 3, 3, 14, 80, 8, 8, 0.25F, false, {2, 1, 1, 80}}),
    capped(2.0F, {"capped, a mask", 2, 3, 3, 14, 80, 8, 8, 50.0F, true, {14, 80}}),
    capped(-2.0F, {"capped, few queries", 1, 4, 2, 1, 33, 8, 8, 0.3F, false, {33}}),
    capped(30.0F, with_bias({3, 14, 80}, {"capped, a bias and a mask", 2, 3, 3, 14, 80, 8, 8, 1.0F, false, {80}})),
    with_sinks({1, 3, 1, 1}, {"sinks", 2, 3, 3, 13, 37, 9, 23, 0.3F}),
    with_sinks({3, 14, 1}, {"sinks and a mask of keys", 2, 3, 3, 14, 80, 8, 8, 0.25F, false, {2, 1, 1, 80}}),
    with_sinks({2, 6, 14, 1}, {"sinks of groups of heads", 2, 6, 2, 14, 16, 8, 8, 0.3F, false, {6, 14, 16}}),
    with_sinks({8, 1, 1}, {"sinks, one query of groups", 2, 8, 2, 1, 300, 20, 17, 0.3F, false, {8, 1, 300}}),
    with_sinks({5, 1}, {"sinks, few queries", 2, 3, 3, 5, 150, 33, 70, 0.25F, false, {2, 1, 5, 150}}),
    with_sinks({1}, with_bias({3, 14, 80}, {"a sink, a bias and a mask", 2, 3, 3, 14, 80, 8, 8, 1.0F, false, {80}})),
    with_sinks({1, 1, 1}, {"a sink, blocks of rows", 1, 1, 1, 110, 700, 8, 8, 0.25F, false, {110, 700}}),
    with_sinks({14, 1}, transposed(kHeadsInside, {"sinks, transposed", 2, 3, 3, 14, 21, 8, 9, 0.3F, false, {14, 21}})),
    with_sinks({1}, {"a sink, no keys", 1, 2, 2, 3, 0, 3, 5, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"}),
    {"one of each", 1, 1, 1, 1, 1, 1, 1},
    {"whole vectors", 2, 3, 3, 24, 32, 16, 64},
    {"odd sizes", 2, 3, 3, 13, 37, 9, 23, 0.3F},
    {"a power of two", 1, 2, 2, 20, 35, 16, 16, 0.125F, false, {20, 35}},
    {"divided by a power of two", 1, 2, 2, 20, 35, 16, 16, 8.0F, true, {1, 1, 1, 35}},
    {"divided", 1, 2, 2, 20, 35, 16, 16, 5.656854F, true, {2, 1, 1}},
    {"a negative scale", 1, 2, 2, 20, 35, 16, 16, -0.5F},
    {"a mask for each head", 2, 3, 3, 14, 21, 8, 8, 0.3F, false, {3, 14, 21}},
    {"a mask for each batch", 2, 3, 3, 14, 21, 8, 8, 0.25F, false, {2, 1, 1, 21}},
    {"a mask for each row", 2, 3, 3, 14, 21, 8, 8, 0.25F, false, {14, 1}},
    {"a mask of one number", 2, 3, 3, 14, 21, 8, 8, 0.3F, false, {1}},
    with_bias({3, 14, 21}, {"a bias", 2, 3, 3, 14, 21, 8, 8, 0.25F}),
    with_bias({3, 14, 80}, {"a bias and a mask", 2, 3, 3, 14, 80, 8, 8, 0.3F, false, {2, 1, 14, 80}}),
    with_bias({14, 1}, {"a bias for each row, a mask of keys", 2, 3, 3, 14, 80, 8, 8, 0.25F, false, {80}}),
    with_bias({4, 1, 33}, {"a bias and a mask, few queries", 1, 4, 2, 1, 33, 8, 8, 0.3F, false, {33}}),
    {"groups of heads", 2, 6, 2, 14, 21, 8, 8, 0.3F, false, {6, 14, 21}},
    {"groups of heads, one query each", 2, 8, 2, 1, 300, 20, 17, 0.3F, false, {8, 1, 300}},
    {"groups of many heads, one query each", 1, 16, 2, 1, 40, 20, 17, 0.3F, false, {16, 1, 40}},
    {"one query", 1, 3, 3, 1, 150, 33, 64, 0.125F, false, {1, 150}},
    {"few queries", 2, 3, 3, 5, 150, 33, 70, 0.25F, false, {2, 1, 5, 150}},
    {"few queries of groups", 1, 2, 1, 3, 50, 16, 16, 0.25F, false, {2, 3, 50}},
    {"blocks of rows", 1, 1, 1, 110, 700, 8, 80, 0.25F, false, {110, 700}},
    {"blocks across heads", 1, 3, 1, 70, 600, 8, 16, 0.3F, false, {3, 70, 600}},
    {"chunks of keys", 1, 1, 1, 13, 1100, 340, 400, 0.25F, false, {13, 1100}},
    {"chunks of keys, few queries", 1, 1, 1, 1, 1100, 4000, 70, 0.01F},
    {"tasks", 1, 1, 1, 200, 40, 64, 64, 0.125F},
    transposed(kHeadsInside, {"transposed", 2, 3, 3, 14, 21, 8, 9, 0.3F, false, {14, 21}}),
    {"K as it is multiplied", 1, 2, 2, 14, 21, 8, 9, 0.3F, false, {}, {}, {0, 1, 3, 2}},
    {"K as it is multiplied, few queries", 1, 2, 2, 2, 21, 8, 9, 0.3F, false, {}, {}, {0, 1, 3, 2}},
    {"V by columns", 1, 2, 2, 14, 21, 8, 9, 0.3F, false, {}, {}, {}, {0, 1, 3, 2}},
    transposed(kHeadsInside, {"rows of V where they lie", 2, 3, 3, 14, 21, 8, 16, 0.3F, false, {14, 21}}),
    transposed(kBatchesInside, {"chunks of rows of V", 3, 1, 1, 13, 1100, 340, 16, 0.25F, false, {13, 1100}}),
    transposed(kHeadsInside, {"few queries, transposed", 2, 3, 3, 1, 21, 8, 9, 0.3F}),
    transposed(kHeadsInside, {"one query of groups, transposed", 2, 4, 2, 1, 21, 8, 9, 0.3F}),
    {"3 dimensions", 3, 1, 1, 14, 21, 8, 9, 0.3F, false, {3, 14, 21}, {}, {0, 2, 1}, {}, {}, true},
    transposed(kBatchesInside, {"3 dimensions, batches inside", 3, 1, 1, 14, 21, 8, 9, 0.25F, false, {14, 21}}),
    {"Q by columns", 1, 2, 2, 14, 21, 8, 9, 0.3F, false, {}, {0, 1, 3, 2}, {}, {}, {}, false, "reference"},
    {"the result by columns", 1, 2, 2, 14, 21, 8, 9, 0.3F, false, {}, {}, {}, {}, {0, 1, 3, 2}, false, "reference"},
    {"no depth", 1, 2, 2, 3, 4, 0, 5, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"},
    {"no queries", 1, 2, 2, 0, 4, 3, 5, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"},
    {"no keys", 1, 2, 2, 3, 0, 3, 5, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"},
    {"no width", 1, 2, 2, 3, 4, 3, 0, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"},
    {"no heads", 1, 0, 0, 3, 4, 3, 5, 1.0F, false, {}, {}, {}, {}, {}, false, "reference"},
};

/// A tensor of [batch, head, row, column], as it is multiplied, stored in another order.
struct Stored {
  Shape canonical;  ///< of 3 or 4 dimensions
  Order order;

  Shape shape() const {
    Shape stored = canonical;
    for (std::size_t i = 0; i < order.size(); ++i) stored[static_cast<std::size_t>(order[i])] = canonical[i];
    return stored;
  }
  /// Of batch, head, row and column; a tensor of 3 dimensions has no heads.
  std::array<std::int64_t, 4> strides() const {
    const std::vector<std::int64_t> all = row_major_strides(shape());
    std::array<std::int64_t, 4> found = {};
    for (std::size_t i = 0; i < canonical.size(); ++i) {
      const std::size_t dimension = canonical.size() == 3 && i > 0 ? i + 1 : i;
      found[dimension] = all[order.empty() ? i : static_cast<std::size_t>(order[i])];
    }
    return found;
  }
};

Stored stored(const Case& c, Shape shape, const Order& order) {
  if (c.in_three_dimensions) shape.erase(shape.begin() + 1);
  return {std::move(shape), order};
}

/// The output's dimension i is dimension order[i] of what is computed: the other way round than an operand's.
Stored stored_output(const Case& c) {
  Order inverse(c.y_order.size());
  for (std::size_t i = 0; i < inverse.size(); ++i)
    inverse[static_cast<std::size_t>(c.y_order[i])] = static_cast<std::int64_t>(i);
  return stored(c, {c.batches, c.heads, c.queries, c.width}, inverse);
}

/// What is added to the scores, broadcast; zeros of nothing.
class Added {
 public:
  Added(const Case& c, const ConstantPtr& addend) : addend_(addend) {
    if (addend == nullptr) return;
    Shape shape = addend->shape;
    if (c.in_three_dimensions) shape.insert(shape.begin() + (shape.size() == 3 ? 1 : 0), 1);
    shape.insert(shape.begin(), 4 - std::min<std::size_t>(4, shape.size()), 1);
    const std::vector<std::int64_t> strides = row_major_strides(shape);
    for (std::size_t i = 0; i < 4; ++i) strides_[i] = shape[i] == 1 ? 0 : strides[i];
  }
  double at(std::int64_t batch, std::int64_t head, std::int64_t row, std::int64_t key) const {
    if (addend_ == nullptr) return 0;
    const std::int64_t index = batch * strides_[0] + head * strides_[1] + row * strides_[2] + key * strides_[3];
    return static_cast<double>(addend_->as<float>()[index]);
  }

 private:
  ConstantPtr addend_;
  std::array<std::int64_t, 4> strides_ = {};
};

void check(const Case& c) {
  const Stored q = stored(c, {c.batches, c.heads, c.queries, c.depth}, c.q_order);
  const Stored k = stored(c, {c.batches, c.key_heads, c.keys, c.depth}, c.k_order);
  const Stored v = stored(c, {c.batches, c.key_heads, c.keys, c.width}, c.v_order);
  const Stored y = stored_output(c);
  const ConstantPtr q_values = random_tensor(DataType::kFloat32, q.shape(), -1, 1, 1);
  const ConstantPtr k_values = random_tensor(DataType::kFloat32, k.shape(), -2, 2, 2);
  const ConstantPtr v_values = random_tensor(DataType::kFloat32, v.shape(), -1, 1, 3);
  const ConstantPtr mask = c.mask.empty() ? nullptr : random_tensor(DataType::kFloat32, c.mask, -3, 3, 4);
  const ConstantPtr bias = c.bias.empty() ? nullptr : random_tensor(DataType::kFloat32, c.bias, -3, 3, 5);
  const ConstantPtr sinks = c.sinks.empty() ? nullptr : random_tensor(DataType::kFloat32, c.sinks, -3, 6, 6);
  std::vector<float> expected(static_cast<std::size_t>(element_count(y.shape())));
  const auto q_at = q.strides(), k_at = k.strides(), v_at = v.strides(), y_at = y.strides();
  const auto place = [](const std::array<std::int64_t, 4>& strides, std::int64_t batch, std::int64_t head,
                        std::int64_t row, std::int64_t column) {
    return static_cast<std::size_t>(batch * strides[0] + head * strides[1] + row * strides[2] + column * strides[3]);
  };
  const Added of_mask(c, mask), of_bias(c, bias), of_sinks(c, sinks);
  for (std::int64_t batch = 0; batch < c.batches; ++batch) {
    for (std::int64_t head = 0; head < c.heads; ++head) {
      for (std::int64_t row = 0; row < c.queries; ++row) {
        const std::int64_t key_head = head / (c.heads / c.key_heads);
        std::vector<double> weights;
        double sum = sinks == nullptr ? 0 : std::exp(of_sinks.at(batch, head, row, 0));
        for (std::int64_t key = 0; key < c.keys; ++key) {
          double score = 0;
          for (std::int64_t i = 0; i < c.depth; ++i) {
            score += static_cast<double>(q_values->as<float>()[place(q_at, batch, head, row, i)]) *
                     static_cast<double>(k_values->as<float>()[place(k_at, batch, key_head, key, i)]);
          }
          const auto factor = static_cast<double>(c.scale);
          score = c.divides ? score / factor : score * factor;
          if (c.cap != 0) score = static_cast<double>(c.cap) * std::tanh(score);
          score += of_mask.at(batch, head, row, key) + of_bias.at(batch, head, row, key);
          weights.push_back(std::exp(score));
          sum += weights.back();
        }
        for (std::int64_t column = 0; column < c.width; ++column) {
          double result = 0;
          for (std::int64_t key = 0; key < c.keys; ++key) {
            const auto value = v_values->as<float>()[place(v_at, batch, key_head, key, column)];
            result += weights[static_cast<std::size_t>(key)] / sum * static_cast<double>(value);
          }
          expected[place(y_at, batch, head, row, column)] = static_cast<float>(result);
        }
      }
    }
  }
  OpTest test("ScaledDotProductAttention", 1, kOwnDomain);
  test.named(c.name).attribute("scale", c.scale).attribute("divides", std::int64_t{c.divides}).attribute("cap", c.cap);
  if (!c.q_order.empty()) test.ints("q_order", c.q_order);
  if (!c.k_order.empty()) test.ints("k_order", c.k_order);
  if (!c.v_order.empty()) test.ints("v_order", c.v_order);
  if (!c.y_order.empty()) test.ints("y_order", c.y_order);
  test.input(q_values).input(k_values).input(v_values);
  if (mask == nullptr && (bias != nullptr || sinks != nullptr)) test.no_input();
  if (mask != nullptr) test.input(mask);
  if (bias != nullptr || sinks != nullptr) test.no_input().no_input();
  if (bias != nullptr) test.input(bias);
  if (bias == nullptr && sinks != nullptr) test.no_input();
  if (sinks != nullptr) test.input(sinks);
  test.expect<float>(y.shape(), expected).tolerance(close(0, 2e-6));
  if (c.implementation == std::string("simd")) {
    test.expect_implementations({"simd", "reference"});
  } else {
    test.expect_implementations({"reference"});
  }
  test.run();
}

TEST(Attention, AgreesWithTheFormula) {
  for (const Case& c : kCases) check(c);
}

/// Queries (1), (0) and keys (1), (1): probabilities are those of the masks alone.
TEST(Attention, RowsThatCountAsZeros) {
  const auto test = [](std::int64_t nan_is_zero) {
    OpTest test("ScaledDotProductAttention", 1, kOwnDomain);
    test.attribute("nan_is_zero", nan_is_zero).input<float>({1, 2, 3, 1}, {1, 0, 1, 0, 1, 0});
    return test.input<float>({1, 1, 2, 1}, {1, 1}).input<float>({1, 1, 2, 1}, {2, 4});
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Literals<float> mask = {0, 0, -kInfinity, -kInfinity, -kInfinity, 0};
  test(0).input<float>({3, 2}, mask).expect<float>({1, 2, 3, 1}, {3, nan, 4, 3, nan, 4}).run();
  test(1).input<float>({3, 2}, mask).expect<float>({1, 2, 3, 1}, {3, 0, 4, 3, 0, 4}).run();
  test(0)
      .input<float>({3, 2}, mask)
      .input<bool>({2, 3, 1}, {true, true, false, false, true, true})
      .expect<float>({1, 2, 3, 1}, {0, 0, 4, 3, 0, 0})
      .run();
  test(0).no_input().input<bool>({1}, {true}).expect<float>({1, 2, 3, 1}, {0, 0, 0, 0, 0, 0}).run();
}

/// A row whose keys are all hidden, or far below, is the sink's alone; one far below the keys changes nothing.
TEST(Attention, SinksTakeWhatKeysLeave) {
  for (const std::int64_t rows : {1, 40}) {
    Literals<float> y, mask, sinks;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t kind = row % 4;
      const float hidden = kind == 0 ? -kInfinity : kind == 1 ? -200.0F : 0.0F;
      mask.insert(mask.end(), {hidden, hidden});
      sinks.push_back(kind == 2 ? -300.0F : kind == 3 ? -kInfinity : 1.0F);
      y.push_back(kind < 2 ? 0.0F : 3.0F);
    }
    OpTest("ScaledDotProductAttention", 1, kOwnDomain)
        .input<float>({1, rows, 1}, Literals<float>(static_cast<std::size_t>(rows), 0.0F))
        .input<float>({1, 2, 1}, {1, 1})
        .input<float>({1, 2, 1}, {2, 4})
        .input<float>({rows, 2}, mask)
        .no_input()
        .no_input()
        .no_input()
        .input<float>({rows, 1}, sinks)
        .expect<float>({1, rows, 1}, y)
        .tolerance(close(0, 1e-30))
        .run();
  }
  OpTest("ScaledDotProductAttention", 1, kOwnDomain)
      .random_input(DataType::kFloat32, {1, 2, 3, 4}, 0, 1)
      .random_input(DataType::kFloat32, {1, 2, 5, 4}, 0, 1)
      .random_input(DataType::kFloat32, {1, 2, 5, 4}, 0, 1)
      .no_input()
      .no_input()
      .no_input()
      .no_input()
      .random_input(DataType::kFloat32, {2, 3, 2}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "sinks is [1,2,3,2], expected 1 element in a row")
      .run();
}

/// Queries (1), (0), (1) and keys (1), (1): a filled score of -infinity leaves the other key.
TEST(Attention, FillsScores) {
  const auto test = [](std::int64_t where, const Shape& shape, const Literals<bool>& filled,
                       const Literals<float>& mask = {}) {
    OpTest test("ScaledDotProductAttention", 1, kOwnDomain);
    test.attribute("scale", 3.0F).attribute("fill", -kInfinity).attribute("fills_where", where);
    test.input<float>({1, 3, 1}, {1, 0, 1}).input<float>({1, 2, 1}, {1, 1}).input<float>({1, 2, 1}, {2, 4});
    if (mask.empty()) {
      test.no_input();
    } else {
      test.input<float>({2}, mask);
    }
    return test.no_input().input<bool>(shape, filled);
  };
  test(1, {3, 2}, {true, false, false, true, false, false}).expect<float>({1, 3, 1}, {4, 2, 3}).run();
  test(0, {3, 2}, {true, false, false, true, true, true}).expect<float>({1, 3, 1}, {2, 4, 3}).run();
  test(1, {1, 3, 1}, {false, false, true}).expect<float>({1, 3, 1}, {3, 3, std::nanf("")}).run();
  test(1, {3, 2}, {false, false, false, false, true, false}, {0, -kInfinity})
      .expect<float>({1, 3, 1}, {2, 2, std::nanf("")})
      .run();
}

/// A filled score is that number whatever the scale is, and the mask is added to it.
TEST(Attention, FillsScoresBeforeTheMaskIsAdded) {
  const double weight = std::exp(2.0 - 0.5) / (std::exp(2.0 - 0.5) + std::exp(0.5 * 4 + 0.25));
  for (const std::int64_t rows : {1, 20}) {
    const auto count = static_cast<std::size_t>(rows);
    OpTest("ScaledDotProductAttention", 1, kOwnDomain)
        .attribute("scale", 0.5F)
        .attribute("fill", 2.0F)
        .input<float>({1, rows, 1}, Literals<float>(count, 4))
        .input<float>({1, 2, 1}, {7, 1})
        .input<float>({1, 2, 1}, {1, 0})
        .input<float>({1, 2}, {-0.5F, 0.25F})
        .no_input()
        .input<bool>({2}, {true, false})
        .expect<float>({1, rows, 1}, Literals<float>(count, static_cast<float>(weight)))
        .tolerance(close(0, 1e-6))
        .run();
  }
}

/// Of sizes of 1 there are as many as another operand or mask has: here queries, then keys, then heads and batches.
TEST(Attention, BroadcastsItsScores) {
  const auto test = [](const Shape& q, const Shape& k, const Shape& v) {
    OpTest test("ScaledDotProductAttention", 1, kOwnDomain);
    const auto ones = [](const Shape& shape) {
      return Literals<float>(static_cast<std::size_t>(element_count(shape)), 1);
    };
    Literals<float> values(static_cast<std::size_t>(element_count(v)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
    return test.input<float>(q, ones(q)).input<float>(k, ones(k)).input<float>(v, values);
  };
  test({1, 1, 1, 2}, {1, 1, 2, 2}, {1, 1, 2, 1})
      .input<float>({3, 2}, {0, -kInfinity, 0, 0, -kInfinity, 0})
      .expect<float>({1, 1, 3, 1}, {1, 1.5F, 2})
      .run();
  test({1, 1, 1, 2}, {1, 1, 1, 2}, {1, 1, 2, 1})
      .input<float>({1, 2}, {0, -kInfinity})
      .expect<float>({1, 1, 1, 1}, {1})
      .run();
  test({1, 1, 1, 2}, {2, 1, 2, 2}, {1, 1, 2, 1})
      .input<float>({2, 1, 2}, {0, -kInfinity, 0, 0})
      .expect<float>({2, 2, 1, 1}, {1, 1.5F, 1, 1.5F})
      .run();
  test({1, 1, 1, 2}, {1, 1, 2, 2}, {2, 1, 2, 1})
      .no_input()
      .input<bool>({2, 1}, {true, false})
      .expect<float>({2, 1, 2, 1}, {0, 1.5F, 0, 3.5F})
      .run();
}

/// What few rows and many do with numbers that are none.
TEST(Attention, NanAndInfinitiesGoThrough) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t queries : {1, 20}) {
    Literals<float> q, y;
    for (std::int64_t row = 0; row < queries; ++row) {
      q.insert(q.end(), {row % 2 == 0 ? nan : 1.0F, 0});
      y.insert(y.end(), {row % 2 == 0 ? nan : 0.5F, row % 2 == 0 ? nan : kInfinity});
    }
    OpTest("ScaledDotProductAttention", 1, kOwnDomain)
        .input<float>({1, queries, 2}, q)
        .input<float>({1, 2, 2}, {1, 0, 1, 5})
        .input<float>({1, 2, 2}, {0, kInfinity, 1, 3})
        .expect<float>({1, queries, 2}, y)
        .run();
  }
}

/// Of 4 heads of queries and 2 of keys, by our kernels. Each query sees the keys up to its own; `hidden` is added to
/// the others.
ConstantPtr causal_attention(const ConstantPtr& q, const ConstantPtr& k, const ConstantPtr& v, float hidden,
                             float cap) {
  const std::int64_t queries = q->shape[2];
  const std::int64_t keys = k->shape[2];
  std::vector<float> mask;
  for (std::int64_t i = 0; i < queries * keys; ++i) mask.push_back(i % keys <= i / keys ? 0.5F : hidden);
  MiniGraph graph;
  const OpDef* const op = all_operators().find(kOwnDomain, "ScaledDotProductAttention");
  const std::vector<ConstantPtr> inputs = {q, k, v, tensor_of<float>({queries, keys}, mask)};
  const AttributesPtr attributes = parse_node(*op, 1, {{"scale", 0.3F}, {"cap", cap}}, inputs.size(), 1);
  return graph.evaluate(graph.node(Replacement{op, attributes, {inputs.begin(), inputs.end()}}), Backend::kSimd);
}

/// Where -1e37 is added, a key counts for nothing, too, but is not left out.
TEST(Attention, LeavesOutHiddenKeysWithoutChangingABit) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  struct Change {
    const char* name;
    float key, value;  ///< of the last key
  };
  const Change changes[] = {{"as they are", 1, 1},
                            {"a value is infinite", 1, kInfinity},
                            {"a value is NaN", 1, nan},
                            {"a key is infinite", kInfinity, 1},
                            {"a score overflows", 3e38F, 1}};
  const ConstantPtr q = random_tensor(DataType::kFloat32, {2, 4, 70, 20}, 4, 9, 1);
  for (const Change& change : changes) {
    for (const std::int64_t width : {16, 32, 64, 80}) {
      std::vector<float> keys(2 * 2 * 100 * 20, 1.0F);
      std::vector<float> values(static_cast<std::size_t>(2 * 2 * 100 * width), 1.0F);
      for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<float>(i * 37 % 101) / 50.0F - 1.0F;
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 41 % 97) / 50.0F - 1.0F;
      keys.back() = change.key;
      values.back() = change.value;
      const ConstantPtr k = tensor_of<float>({2, 2, 100, 20}, keys);
      const ConstantPtr v = tensor_of<float>({2, 2, 100, width}, values);
      const float cap = width % 32 == 0 ? 2.5F : 0.0F;
      const ConstantPtr expected = causal_attention(q, k, v, -1e37F, cap);
      for (const float hidden : {-kInfinity, std::numeric_limits<float>::lowest(), -1e38F}) {
        const ConstantPtr actual = causal_attention(q, k, v, hidden, cap);
        for (std::int64_t i = 0; i < expected->count(); ++i) {
          const float a = actual->as<float>()[i], e = expected->as<float>()[i];
          ASSERT_TRUE(a == e || (std::isnan(a) && std::isnan(e)))
              << change.name << ", " << hidden << ": " << a << " instead of " << e << ", element " << i;
        }
      }
    }
  }
}

OpTest symbolic(const NamedDims& q, const NamedDims& k, const NamedDims& v) {
  OpTest test("ScaledDotProductAttention", 1, kOwnDomain);
  test.symbolic_input(DataType::kFloat32, q).symbolic_input(DataType::kFloat32, k);
  return test.symbolic_input(DataType::kFloat32, v);
}

TEST(Attention, KeepsSymbols) {
  symbolic({"batch", 8, "queries", 64}, {"batch", 2, "keys", 64}, {"batch", 2, "keys", "width"})
      .symbolic_input(DataType::kFloat32, {"batch", 1, 1, "?"})
      .ints("y_order", {0, 2, 1, 3})
      .expect_dims(DataType::kFloat32, {"batch", "queries", 8, "width"})
      .infer_only();
}

TEST(Attention, NamesWhatIsWrong) {
  const auto wrong = [](OpTest test, const char* words) {
    test.expect_error(ErrorCode::kInvalidModel, words).infer_only();
  };
  wrong(symbolic({2, 3}, {2, 3}, {2, 3}), "Q is [2,3], expected rank 3 or 4");
  wrong(symbolic({1, 2, 3}, {1, 2, 4, 3}, {1, 2, 3}), "K is [1,2,4,3], expected rank 3 as Q has");
  const char* const sizes = ", expected [batch,heads,queries,depth], [batch,key heads,keys,depth] and";
  wrong(symbolic({1, 2, 3, 4}, {1, 2, 5, 6}, {1, 2, 5, 4}), sizes);
  wrong(symbolic({1, 2, 3, 4}, {1, 2, 5, 4}, {1, 2, 6, 4}), sizes);
  wrong(symbolic({1, 3, 3, 4}, {1, 2, 5, 4}, {1, 2, 5, 4}), sizes);
  wrong(symbolic({2, 2, 3, 4}, {3, 2, 5, 4}, {2, 2, 5, 4}), "K is [3,1,1,1], expected what broadcasts with [2,2,3,5]");
  wrong(symbolic({1, 2, 3, 4}, {2, 2, 5, 4}, {3, 2, 5, 4}), "V is [3,1,1,1], expected what broadcasts with [2,2,3,5]");
  wrong(symbolic({1, 2, 3, 4}, {1, 2, 1, 4}, {1, 2, 1, 4}).symbolic_input(DataType::kFloat32, {5}), sizes);
  const auto valid = [] { return symbolic({1, 2, 3, 4}, {1, 2, 5, 4}, {1, 2, 5, 4}); };
  wrong(valid().symbolic_input(DataType::kFloat32, {3, 4}),
        "mask is [1,1,3,4], expected what broadcasts with [1,2,3,5]");
  wrong(valid().symbolic_input(DataType::kFloat32, {}).symbolic_input(DataType::kBool, {3, 5}),
        "zero_rows is [1,1,3,5], expected 1 element in a row");
  wrong(valid().symbolic_input(DataType::kFloat32, {1, 1, 1, 3, 5}),
        "mask is [1,1,1,3,5], expected no more dimensions");
  wrong(valid().ints("q_order", {0, 1, 1, 3}), "an order of axes does not name each of 4 axes once");
  wrong(valid().ints("y_order", {0, 1, 2, -1}), "an order of axes");
  wrong(valid().symbolic_input(DataType::kFloat16, {3, 5}), "mask is float16");
}

}  // namespace
}  // namespace linnet::internal
