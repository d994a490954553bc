// What Gemm and MatMul take in from their reader, and that the result is the same with and without.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/product/matrix_product.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/product/product_expectation.hpp"

namespace linnet::internal {
namespace {

constexpr Backend kBackends[] = {Backend::kSimd, Backend::kOnednn, Backend::kReference};

/// Both values of the graph, on every backend.
void expect_equal(MiniGraph& graph, ValueId actual, ValueId expected, const Tolerance& tolerance) {
  ASSERT_EQ(text(graph.value(expected).type.dims), text(graph.value(actual).type.dims));
  ASSERT_EQ(name_of(graph.value(expected).type.type), name_of(graph.value(actual).type.type));
  for (const Backend backend : kBackends) {
    const ConstantPtr a = graph.evaluate(actual, backend);
    const ConstantPtr e = graph.evaluate(expected, backend);
    EXPECT_EQ(difference(a->type, static_cast<std::size_t>(e->count()), a->data, e->data, tolerance), "")
        << "backend " << static_cast<int>(backend);
  }
}

struct AddendCase {
  const char* name;
  Shape a, b, c;
  const char* fused;  ///< the operator it becomes, or null
};

TEST(MatrixProductFusion, TakesInAnAddendThatBroadcastsToTheProduct) {
  const AddendCase cases[] = {
      {"row", {3, 4}, {4, 5}, {5}, "Gemm"},
      {"row of rank 2", {3, 4}, {4, 5}, {1, 5}, "Gemm"},
      {"column", {3, 4}, {4, 5}, {3, 1}, "Gemm"},
      {"matrix", {3, 4}, {4, 5}, {3, 5}, "Gemm"},
      {"scalar", {3, 4}, {4, 5}, {}, "Gemm"},
      {"more dimensions than the product", {3, 4}, {4, 5}, {1, 3, 5}, nullptr},
      {"makes the product wider", {3, 4}, {4, 1}, {6}, nullptr},
      {"makes the product higher", {1, 4}, {4, 5}, {6, 1}, nullptr},
      {"row to a batch", {2, 3, 4}, {4, 5}, {5}, "MatMul"},
      {"row of rank 3 to a batch", {2, 3, 4}, {4, 5}, {1, 1, 5}, "MatMul"},
      {"scalar to a batch", {2, 3, 4}, {4, 5}, {1}, "MatMul"},
      {"matrix to a batch", {2, 3, 4}, {4, 5}, {3, 5}, nullptr},
      {"column to a batch", {2, 3, 4}, {4, 5}, {3, 1}, nullptr},
      {"row to a vector", {4}, {4, 5}, {5}, "MatMul"},
      {"matrix to a vector", {4}, {4, 5}, {1, 5}, nullptr},
      {"batches of B", {2, 3, 4}, {2, 4, 5}, {5}, nullptr},
  };
  for (const AddendCase& c : cases) {
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      SCOPED_TRACE(text(c.name, ", product is input ", side));
      MiniGraph graph;
      const DataType type = DataType::kFloat32;
      const ValueId product =
          graph.node("MatMul", 13, {},
                     {graph.constant(small_integers(type, c.a, 1)), graph.constant(small_integers(type, c.b, 2))});
      const ValueId addend = graph.constant(small_integers(type, c.c, 3));
      const ValueId sum = graph.node(
          "Add", 13, {}, side == 0 ? std::vector<ValueId>{product, addend} : std::vector<ValueId>{addend, product});
      const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_addend, product, sum, side);
      ASSERT_EQ(c.fused != nullptr, fused.has_value());
      if (!fused) continue;
      EXPECT_EQ(c.fused, fused->op->name);
      expect_equal(graph, graph.node(*fused), sum, ulp(0));
    }
  }
}

TEST(MatrixProductFusion, TakesInAnAddendForEveryBatchSize) {
  MiniGraph graph;
  const ValueId b = graph.constant(small_integers(DataType::kFloat32, {4, 5}, 2));
  const ValueId product = graph.node("MatMul", 13, {}, {graph.variable(DataType::kFloat32, {Dim::symbol(0), 4}), b});
  const auto fuses = [&](const Shape& shape) {
    const ValueId sum =
        graph.node("Add", 13, {}, {product, graph.constant(small_integers(DataType::kFloat32, shape, 3))});
    return graph.fuse(&OpFacts::absorb_addend, product, sum).has_value();
  };
  EXPECT_TRUE(fuses({5}));
  EXPECT_TRUE(fuses({1, 5}));
  EXPECT_FALSE(fuses({3, 5})) << "a batch of 1 would become 3";
}

TEST(MatrixProductFusion, RefusesOtherReadersAndTypes) {
  const auto fuses = [](DataType type, const char* reader, bool constant_addend) {
    MiniGraph graph;
    const ValueId product =
        graph.node("MatMul", 13, {},
                   {graph.constant(small_integers(type, {3, 4}, 1)), graph.constant(small_integers(type, {4, 5}, 2))});
    const ValueId addend = constant_addend ? graph.constant(small_integers(type, {5}, 3)) : graph.variable(type, {5});
    return graph.fuse(&OpFacts::absorb_addend, product, graph.node(reader, 13, {}, {product, addend})).has_value();
  };
  EXPECT_TRUE(fuses(DataType::kFloat32, "Add", true));
  EXPECT_TRUE(fuses(DataType::kFloat64, "Add", true));
  EXPECT_TRUE(fuses(DataType::kInt64, "Add", true));
  EXPECT_FALSE(fuses(DataType::kFloat16, "Add", true)) << "a rounding step would be skipped";
  EXPECT_FALSE(fuses(DataType::kBfloat16, "Add", true));
  EXPECT_FALSE(fuses(DataType::kFloat32, "Mul", true));
  EXPECT_FALSE(fuses(DataType::kFloat32, "Sub", true));
  EXPECT_FALSE(fuses(DataType::kFloat32, "Add", false));
}

TEST(MatrixProductFusion, AddsToAGemmWithoutC) {
  const auto fused = [](MiniGraph& graph, DataType type, float alpha, bool has_c, ValueId* sum) {
    std::vector<ValueId> inputs = {graph.constant(small_integers(type, {4, 3}, 1)),
                                   graph.constant(small_integers(type, {4, 5}, 2))};
    if (has_c) inputs.push_back(graph.constant(small_integers(type, {5}, 3)));
    const ValueId product =
        graph.node("Gemm", 13, {{"alpha", alpha}, {"beta", 7.0F}, {"transA", std::int64_t{1}}}, inputs);
    *sum = graph.node("Add", 13, {}, {product, graph.constant(small_integers(type, {5}, 4))});
    return graph.fuse(&OpFacts::absorb_addend, product, *sum);
  };
  MiniGraph graph;
  ValueId sum = kNoValue;
  const std::optional<Replacement> replacement = fused(graph, DataType::kFloat32, 0.5F, false, &sum);
  ASSERT_TRUE(replacement.has_value());
  expect_equal(graph, graph.node(*replacement), sum, ulp(0));
  EXPECT_FALSE(fused(graph, DataType::kFloat32, 0.5F, true, &sum).has_value()) << "C is taken";
  EXPECT_TRUE(fused(graph, DataType::kInt32, 1.0F, false, &sum).has_value());
  EXPECT_FALSE(fused(graph, DataType::kInt32, 0.5F, false, &sum).has_value()) << "the cut would come after the sum";
}

struct Normalized {
  ValueId product;
  ValueId result;
};

/// BatchNormalization of a Gemm with 3 x 4 inputs and 5 channels.
Normalized normalized_gemm(MiniGraph& graph, DataType type, bool transpose_b, const Shape* c, double least_variance) {
  std::vector<ValueId> inputs = {
      graph.constant(random_tensor(type, {3, 4}, -1, 1, 1)),
      graph.constant(random_tensor(type, transpose_b ? Shape{5, 4} : Shape{4, 5}, -1, 1, 2))};
  if (c != nullptr) inputs.push_back(graph.constant(random_tensor(type, *c, -1, 1, 3)));
  const ValueId product =
      graph.node("Gemm", 13, {{"alpha", 0.5F}, {"beta", -2.0F}, {"transB", std::int64_t{transpose_b}}}, inputs);
  std::vector<ValueId> parameters = {product};
  for (unsigned i = 0; i < 3; ++i) parameters.push_back(graph.constant(random_tensor(type, {5}, -1, 1, 4 + i)));
  parameters.push_back(graph.constant(random_tensor(type, {5}, least_variance, 2, 7)));
  return {product, graph.node("BatchNormalization", 15, {}, parameters)};
}

TEST(MatrixProductFusion, FoldsBatchNormalizationIntoWeights) {
  const Shape row = {5};
  const Shape row_of_rank_2 = {1, 5};
  const Shape scalar = {};
  for (const bool transpose_b : {false, true}) {
    for (const Shape* c : {static_cast<const Shape*>(nullptr), &row, &row_of_rank_2, &scalar}) {
      for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
        MiniGraph graph;
        const Normalized pair = normalized_gemm(graph, type, transpose_b, c, 0.5);
        const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_affine, pair.product, pair.result);
        ASSERT_TRUE(fused.has_value());
        EXPECT_EQ("Gemm", fused->op->name);
        // Values are below 16, made of a dozen roundings.
        expect_equal(graph, graph.node(*fused), pair.result,
                     close(0, type == DataType::kFloat32 ? 16 * 12 * 0x1p-24 : 16 * 12 * 0x1p-53));
      }
    }
  }
}

TEST(MatrixProductFusion, RefusesBatchNormalizationThatWouldNotRoundWell) {
  const Shape column = {3, 1};
  MiniGraph graph;
  const Normalized with_column = normalized_gemm(graph, DataType::kFloat32, false, &column, 0.5);
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, with_column.product, with_column.result).has_value())
      << "C is a column";
  const Normalized negative = normalized_gemm(graph, DataType::kFloat32, false, nullptr, -2.0);
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, negative.product, negative.result).has_value())
      << "the factors are NaN";
  const Normalized halves = normalized_gemm(graph, DataType::kFloat16, false, nullptr, 0.5);
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, halves.product, halves.result).has_value())
      << "float16 would skip a rounding step";

  const auto folds = [](float weight, float scale) {
    MiniGraph small;
    const ValueId a = small.variable(DataType::kFloat32, {Dim::symbol(0), 1});
    const ValueId product = small.node("MatMul", 13, {}, {a, small.constant(tensor_of<float>({1, 1}, {weight}))});
    std::vector<ValueId> parameters = {product, small.constant(tensor_of<float>({1}, {scale}))};
    for (const float value : {0.0F, 0.0F, 1.0F}) parameters.push_back(small.constant(tensor_of<float>({1}, {value})));
    const ValueId result = small.node("BatchNormalization", 15, {{"epsilon", 0.0F}}, parameters);
    return small.fuse(&OpFacts::absorb_affine, product, result).has_value();
  };
  EXPECT_TRUE(folds(2.0F, 3.0F));
  EXPECT_TRUE(folds(2.0F, 0.0F));
  EXPECT_TRUE(folds(1e-40F, 1.0F)) << "a denormal weight that stays as it is";
  EXPECT_FALSE(folds(1e30F, 1e30F)) << "the weight would become infinite";
  EXPECT_FALSE(folds(1e-30F, 1.1e-9F)) << "the weight would lose digits";
}

TEST(MatrixProductFusion, RefusesBatchNormalizationOfSharedWeights) {
  MiniGraph graph;
  const Normalized pair = normalized_gemm(graph, DataType::kFloat32, false, nullptr, 0.5);
  EXPECT_TRUE(graph.fuse(&OpFacts::absorb_affine, pair.product, pair.result, 0, 1).has_value());
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, pair.product, pair.result, 0, 2).has_value())
      << "each of a thousand readers would have a copy";
}

TEST(MatrixProductFusion, RefusesBatchNormalizationOfBatches) {
  MiniGraph graph;
  const ValueId product = graph.node("MatMul", 13, {},
                                     {graph.constant(small_integers(DataType::kFloat32, {2, 3, 4}, 1)),
                                      graph.constant(small_integers(DataType::kFloat32, {4, 3}, 2))});
  std::vector<ValueId> parameters = {product};
  for (unsigned i = 0; i < 4; ++i)
    parameters.push_back(graph.constant(random_tensor(DataType::kFloat32, {3}, 1, 2, i)));
  const ValueId result = graph.node("BatchNormalization", 15, {}, parameters);
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, product, result).has_value()) << "its channels are not the columns";
}

struct ActivationCase {
  const char* op;
  std::vector<NamedAttribute> attributes;
};

TEST(MatrixProductFusion, TakesInActivationsWithTheSameBits) {
  const ActivationCase cases[] = {
      {"Relu", {}}, {"LeakyRelu", {{"alpha", 0.1F}}}, {"Sigmoid", {}}, {"Tanh", {}}, {"Elu", {}}, {"HardSigmoid", {}},
      {"Exp", {}},
  };
  for (const ActivationCase& c : cases) {
    for (const Shape& a_shape : {Shape{7, 40}, Shape{2, 3, 40}}) {
      SCOPED_TRACE(text(c.op, " of a product of ", a_shape));
      MiniGraph graph;
      const ValueId a = graph.constant(random_tensor(DataType::kFloat32, a_shape, -1, 1, 1));
      const ValueId b = graph.constant(random_tensor(DataType::kFloat32, {40, 70}, -1, 1, 2));
      const ValueId product = graph.node("MatMul", 13, {}, {a, b});
      const ValueId result = graph.node(c.op, 13, c.attributes, {product});
      const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_activation, product, result);
      ASSERT_TRUE(fused.has_value());
      const ValueId joined = graph.node(*fused);
      for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
        EXPECT_EQ(difference(DataType::kFloat32, static_cast<std::size_t>(element_count(a_shape) / 40 * 70),
                             graph.evaluate(joined, backend)->data, graph.evaluate(result, backend)->data, exact()),
                  "");
      }
      // oneDNN computes its activations within about 2^-20.
      const ConstantPtr wanted = graph.evaluate(result, Backend::kReference);
      EXPECT_EQ(difference(DataType::kFloat32, static_cast<std::size_t>(wanted->count()),
                           graph.evaluate(joined, Backend::kOnednn)->data, wanted->data, close(1e-5, 1e-5)),
                "");
    }
  }
}

TEST(MatrixProductFusion, TakesInOneActivationAndNothingBehindIt) {
  MiniGraph graph;
  const ValueId a = graph.variable(DataType::kFloat32, {Dim::symbol(0), 4});
  const ValueId b = graph.constant(small_integers(DataType::kFloat32, {4, 5}, 2));
  const ValueId product = graph.node("MatMul", 13, {}, {a, b});
  const ValueId active =
      graph.node(*graph.fuse(&OpFacts::absorb_activation, product, graph.node("Relu", 13, {}, {product})));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, active, graph.node("Tanh", 13, {}, {active})).has_value());
  const ValueId row = graph.constant(small_integers(DataType::kFloat32, {5}, 3));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_addend, active, graph.node("Add", 13, {}, {active, row})).has_value());
  const ValueId ones = graph.constant(random_tensor(DataType::kFloat32, {5}, 1, 2, 4));
  const ValueId result = graph.node("BatchNormalization", 15, {}, {active, ones, ones, ones, ones});
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, active, result).has_value());
}

TEST(MatrixProductFusion, TakesInNoActivationOfOtherTypesOrReaders) {
  const auto fuses = [](DataType type, const char* reader) {
    MiniGraph graph;
    const ValueId product =
        graph.node("MatMul", 13, {}, {graph.variable(type, {3, 4}), graph.constant(small_integers(type, {4, 5}, 2))});
    return graph.fuse(&OpFacts::absorb_activation, product, graph.node(reader, 14, {}, {product})).has_value();
  };
  EXPECT_TRUE(fuses(DataType::kFloat32, "Relu"));
  EXPECT_FALSE(fuses(DataType::kFloat64, "Relu"));
  EXPECT_FALSE(fuses(DataType::kFloat16, "Relu"));
  EXPECT_FALSE(fuses(DataType::kFloat32, "Identity"));
}

/// A product of Transposes and its transpose, and the same in one node.
struct Reordered {
  ValueId apart;
  Replacement joined;
};

Reordered reordered_product(MiniGraph& graph, DataType type) {
  const ValueId a = graph.constant(small_integers(type, {2, 9, 3, 20}, 1));
  const ValueId b = graph.constant(small_integers(type, {2, 11, 3, 20}, 2));
  const auto transposed = [&](ValueId value, std::vector<std::int64_t> perm) {
    return graph.node("Transpose", 13, {{"perm", std::move(perm)}}, {value});
  };
  const ValueId product = graph.node("MatMul", 13, {}, {transposed(a, {0, 2, 1, 3}), transposed(b, {0, 2, 3, 1})});
  auto attributes = std::make_shared<MatrixProductAttributes>();
  attributes->a_order = {0, 2, 1, 3};
  attributes->b_order = {0, 2, 3, 1};
  attributes->y_order = {0, 2, 1, 3};
  return {transposed(product, {0, 2, 1, 3}), {graph.producer(product).op, attributes, {a, b}}};
}

TEST(MatrixProductFusion, MultipliesEveryTypeInOtherOrders) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16,
                              DataType::kInt32, DataType::kUint64}) {
    MiniGraph graph;
    const Reordered product = reordered_product(graph, type);
    expect_equal(graph, graph.node(product.joined), product.apart, ulp(0));
  }
}

TEST(MatrixProductFusion, TakesInATransposeWhoseColumnsStayContiguous) {
  const auto fuses = [](DataType type, std::vector<std::int64_t> perm, const Dims& b) {
    MiniGraph graph;
    const ValueId product =
        graph.node("MatMul", 13, {}, {graph.variable(type, {Dim::symbol(0), 4, 5, 6}), graph.variable(type, b)});
    const ValueId y = graph.node("Transpose", 13, {{"perm", std::move(perm)}}, {product});
    const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_transpose, product, y);
    if (fused) {
      EXPECT_EQ(text(graph.value(graph.node(*fused)).type.dims), text(graph.value(y).type.dims));
    }
    return fused.has_value();
  };
  EXPECT_TRUE(fuses(DataType::kFloat32, {0, 2, 1, 3}, {4, 6, 7}));
  EXPECT_TRUE(fuses(DataType::kFloat32, {2, 1, 0, 3}, {4, 6, 7}));
  EXPECT_FALSE(fuses(DataType::kFloat32, {0, 1, 3, 2}, {4, 6, 7})) << "rows would be contiguous, not columns";
  EXPECT_FALSE(fuses(DataType::kFloat32, {0, 2, 1, 3}, {6, 7})) << "all rows are one product";
  EXPECT_FALSE(fuses(DataType::kFloat32, {1, 0, 2}, {6})) << "the columns are gone";
  EXPECT_FALSE(fuses(DataType::kFloat64, {0, 2, 1, 3}, {4, 6, 7}));
}

/// A table too large to be folded: B is packed from where it lies.
TEST(MatrixProductFusion, TakesInATransposedConstant) {
  for (const Shape& a_shape : {Shape{3, 20}, Shape{2, 9, 20}, Shape{20}}) {
    MiniGraph graph;
    const ValueId a = graph.constant(small_integers(DataType::kFloat32, a_shape, 1));
    const ValueId table = graph.constant(small_integers(DataType::kFloat32, {70, 20}, 2));
    const ValueId transposed = graph.node("Transpose", 13, {}, {table});
    const ValueId product = graph.node("MatMul", 13, {}, {a, transposed});
    const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_transpose, transposed, product, 1);
    ASSERT_TRUE(fused.has_value());
    const ValueId joined = graph.node(*fused);
    EXPECT_EQ(graph.producer(joined).inputs[1], table);
    expect_equal(graph, joined, product, ulp(0));
  }
}

TEST(MatrixProductFusion, ReorderedProductsTakeInOnlyWhatKnowsNoAxes) {
  MiniGraph graph;
  const Reordered reordered = reordered_product(graph, DataType::kFloat32);
  const ValueId product = graph.node(reordered.joined);
  const ValueId row = graph.constant(small_integers(DataType::kFloat32, {11}, 3));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_addend, product, graph.node("Add", 13, {}, {product, row})).has_value());
  const ValueId relu = graph.node("Relu", 14, {}, {product});
  const std::optional<Replacement> activated = graph.fuse(&OpFacts::absorb_activation, product, relu);
  ASSERT_TRUE(activated.has_value());
  expect_equal(graph, graph.node(*activated), relu, ulp(0));
}

}  // namespace
}  // namespace linnet::internal
