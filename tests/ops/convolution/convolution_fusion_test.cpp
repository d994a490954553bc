// What Conv and ConvTranspose take in from their reader, and that the result is the same with and without.
#include <gtest/gtest.h>

#include "tests/ops/mini_graph.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Layout {
  const char* op;
  Shape x, w;
  std::int64_t group, channels;
};

const Layout kLayouts[] = {
    {"Conv", {2, 4, 5, 6}, {6, 4, 3, 3}, 1, 6},          {"Conv", {1, 4, 9}, {6, 2, 3}, 2, 6},
    {"Conv", {1, 6, 5, 5}, {6, 1, 3, 3}, 6, 6},          {"Conv", {1, 20, 9, 9}, {12, 20, 1, 1}, 1, 12},
    {"ConvTranspose", {2, 4, 5, 6}, {4, 6, 3, 3}, 1, 6}, {"ConvTranspose", {1, 4, 9}, {4, 3, 3}, 2, 6},
    {"Conv", {1, 32, 17, 18}, {33, 32, 3, 3}, 1, 33},    {"Conv", {1, 6, 9, 40}, {6, 1, 2, 5}, 6, 6},
};

ValueId convolution(MiniGraph& graph, const Layout& layout, DataType type, bool bias) {
  std::vector<ValueId> inputs = {graph.constant(random_tensor(type, layout.x, -1, 1, 1)),
                                 graph.constant(random_tensor(type, layout.w, -1, 1, 2))};
  if (bias) inputs.push_back(graph.constant(random_tensor(type, {layout.channels}, -1, 1, 3)));
  return graph.node(layout.op, 11, {{"group", layout.group}}, inputs);
}

ValueId normalized(MiniGraph& graph, ValueId x, DataType type, std::int64_t channels, double least_variance = 0.5) {
  std::vector<ValueId> inputs = {x};
  for (unsigned i = 0; i < 3; ++i) inputs.push_back(graph.constant(random_tensor(type, {channels}, -1, 1, 4 + i)));
  inputs.push_back(graph.constant(random_tensor(type, {channels}, least_variance, 2, 7)));
  return graph.node("BatchNormalization", 15, {}, inputs);
}

void expect_equal(MiniGraph& graph, ValueId actual, ValueId expected, Backend backend, const Tolerance& tolerance) {
  const ConstantPtr a = graph.evaluate(actual, backend);
  const ConstantPtr e = graph.evaluate(expected, backend);
  ASSERT_EQ(text(e->shape), text(a->shape));
  EXPECT_EQ(difference(a->type, static_cast<std::size_t>(e->count()), a->data, e->data, tolerance), "");
}

TEST(ConvolutionFusion, FoldsBatchNormalizationIntoWeights) {
  for (const Layout& layout : kLayouts) {
    for (const bool bias : {false, true}) {
      for (const DataType type : {DataType::kFloat32, DataType::kFloat64}) {
        SCOPED_TRACE(text(layout.op, " ", layout.w, " ", type, bias ? " with B" : ""));
        MiniGraph graph;
        const ValueId y = convolution(graph, layout, type, bias);
        const ValueId result = normalized(graph, y, type, layout.channels);
        const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_affine, y, result);
        ASSERT_TRUE(fused.has_value());
        EXPECT_EQ(layout.op, fused->op->name);
        // Values are below 64, made of a few dozen roundings.
        const double bound = 64 * 36 * (type == DataType::kFloat32 ? 0x1p-24 : 0x1p-53);
        for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
          expect_equal(graph, graph.node(*fused), result, backend, close(0, bound));
        }
      }
    }
  }
}

TEST(ConvolutionFusion, RefusesBatchNormalizationThatItCannotFold) {
  const Layout& layout = kLayouts[0];
  const auto fuses = [&](DataType type, double least_variance, std::uint64_t shared_inputs) {
    MiniGraph graph;
    const ValueId y = convolution(graph, layout, type, true);
    const ValueId result = normalized(graph, y, type, layout.channels, least_variance);
    return graph.fuse(&OpFacts::absorb_affine, y, result, 0, shared_inputs).has_value();
  };
  EXPECT_TRUE(fuses(DataType::kFloat32, 0.5, 1U << 0)) << "X may have other readers";
  EXPECT_FALSE(fuses(DataType::kFloat32, 0.5, 1U << 1)) << "each reader of W would have a copy";
  EXPECT_FALSE(fuses(DataType::kFloat32, -2.0, 0)) << "the factors are NaN";
  EXPECT_FALSE(fuses(DataType::kFloat16, 0.5, 0)) << "float16 would skip a rounding step";

  MiniGraph graph;
  const ValueId x = graph.constant(random_tensor(DataType::kFloat32, layout.x, -1, 1, 1));
  const ValueId w = graph.constant(random_tensor(DataType::kFloat32, layout.w, -1, 1, 2));
  const ValueId open_w = graph.node("Conv", 11, {}, {x, graph.variable(DataType::kFloat32, {6, 4, 3, 3})});
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, open_w, normalized(graph, open_w, DataType::kFloat32, 6)))
      << "W is not constant";
  const ValueId open_b = graph.node("Conv", 11, {}, {x, w, graph.variable(DataType::kFloat32, {6})});
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, open_b, normalized(graph, open_b, DataType::kFloat32, 6)))
      << "B is not constant";
  const ValueId y = graph.node("Conv", 11, {}, {x, w});
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, y, graph.node("Relu", 14, {}, {y}))) << "no scale and shift";
  const ValueId active = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node("Relu", 14, {}, {y})));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, active, normalized(graph, active, DataType::kFloat32, 6)))
      << "the activation stands between";
}

TEST(ConvolutionFusion, TakesInActivationsWithTheSameBits) {
  struct ActivationCase {
    const char* op;
    std::vector<NamedAttribute> attributes;
  };
  const ActivationCase cases[] = {{"Relu", {}},
                                  {"LeakyRelu", {{"alpha", 0.1F}}},
                                  {"Sigmoid", {}},
                                  {"HardSwish", {}},
                                  {"Clip", {{"min", -0.5F}, {"max", 0.5F}}}};
  for (const ActivationCase& c : cases) {
    for (const Layout& layout : kLayouts) {
      SCOPED_TRACE(text(c.op, " of ", layout.op, " ", layout.w));
      MiniGraph graph;
      const ValueId y = convolution(graph, layout, DataType::kFloat32, true);
      const ValueId result = graph.node(c.op, std::string(c.op) == "Clip" ? 6 : 14, c.attributes, {y});
      const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_activation, y, result);
      ASSERT_TRUE(fused.has_value());
      for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
        expect_equal(graph, graph.node(*fused), result, backend, exact());
      }
    }
  }
}

TEST(ConvolutionFusion, TakesInASumAndItsActivation) {
  const Layout layouts[] = {
      {"Conv", {2, 4, 5, 6}, {9, 4, 3, 3}, 1, 9},     {"Conv", {1, 4, 90}, {18, 2, 3}, 2, 18},
      {"Conv", {1, 20, 9, 9}, {12, 20, 1, 1}, 1, 12}, {"Conv", {1, 130, 3, 30}, {9, 130, 3, 3}, 1, 9},
      {"Conv", {2, 20, 7, 7}, {70, 20, 3, 3}, 1, 70}, {"Conv", {2, 32, 17, 19}, {70, 32, 3, 3}, 1, 70},
      {"Conv", {1, 12, 6, 20}, {70, 12, 5, 5}, 1, 70}};
  for (const Layout& layout : layouts) {
    for (const std::size_t input : {0U, 1U}) {
      for (const char* op : {"Relu", "HardSwish"}) {
        SCOPED_TRACE(text(op, " of ", layout.w, ", input ", input));
        MiniGraph graph;
        const ValueId y = convolution(graph, layout, DataType::kFloat32, input == 0);
        Shape shape;
        for (const Dim& dim : graph.value(y).type.dims) shape.push_back(dim.value());
        const ValueId addend = graph.constant(random_tensor(DataType::kFloat32, shape, -4, 4, 9));
        const ValueId sum = graph.node("Add", 14, {}, input == 0 ? std::vector{y, addend} : std::vector{addend, y});
        const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_activation, y, sum, input);
        ASSERT_TRUE(fused.has_value());
        const ValueId fused_sum = graph.node(*fused);
        const ValueId active = graph.node(op, 14, {}, {fused_sum});
        const std::optional<Replacement> both = graph.fuse(&OpFacts::absorb_activation, fused_sum, active);
        ASSERT_TRUE(both.has_value());
        const ValueId result = graph.node(op, 14, {}, {sum});
        // Sums of 300 products below 1 that are 40 at most, in another order.
        for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
          expect_equal(graph, graph.node(*both), result, backend, close(0, 1e-5));
        }
        EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, fused_sum, graph.node("Add", 14, {}, {fused_sum, addend})))
            << "one sum is enough";
      }
    }
  }
}

TEST(ConvolutionFusion, RefusesSumsThatItCannotTakeIn) {
  const auto fuses = [](const Layout& layout, DataType type, const Shape& addend) {
    MiniGraph graph;
    const ValueId y = convolution(graph, layout, type, true);
    const ValueId sum = graph.node("Add", 14, {}, {y, graph.constant(random_tensor(type, addend, -1, 1, 9))});
    return graph.fuse(&OpFacts::absorb_activation, y, sum).has_value();
  };
  const Layout layout = {"Conv", {1, 4, 5}, {9, 4, 3}, 1, 9};
  EXPECT_TRUE(fuses(layout, DataType::kFloat32, {1, 9, 3}));
  EXPECT_FALSE(fuses(layout, DataType::kFloat32, {9, 3})) << "the sum broadcasts";
  EXPECT_FALSE(fuses(layout, DataType::kFloat32, {2, 9, 3})) << "the sum broadcasts Y";
  EXPECT_FALSE(fuses(layout, DataType::kFloat64, {1, 9, 3})) << "only float32";
  EXPECT_FALSE(fuses({"Conv", {1, 4, 5}, {4, 1, 3}, 4, 4}, DataType::kFloat32, {1, 4, 3})) << "summed by taps";
  EXPECT_FALSE(fuses({"ConvTranspose", {1, 4, 3}, {4, 9, 1}, 1, 9}, DataType::kFloat32, {1, 9, 3}));

  MiniGraph graph;
  const ValueId x = graph.constant(random_tensor(DataType::kFloat32, layout.x, -1, 1, 1));
  const ValueId addend = graph.constant(random_tensor(DataType::kFloat32, {1, 9, 3}, -1, 1, 2));
  const ValueId open_w = graph.node("Conv", 11, {}, {x, graph.variable(DataType::kFloat32, {9, 4, 3})});
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, open_w, graph.node("Add", 14, {}, {open_w, addend})))
      << "W is not constant";
  const ValueId y = convolution(graph, layout, DataType::kFloat32, true);
  const ValueId active = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node("Relu", 14, {}, {y})));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, active, graph.node("Add", 14, {}, {active, addend})))
      << "the activation stands between";
  const ValueId sum = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node("Add", 14, {}, {y, addend})));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_affine, sum, normalized(graph, sum, DataType::kFloat32, 9)))
      << "the sum stands between";
}

TEST(ConvolutionFusion, ActivatesWhatNoWindowReaches) {
  MiniGraph graph;
  const ValueId y = graph.node("ConvTranspose", 11, {{"strides", std::vector<std::int64_t>{3}}},
                               {graph.constant(random_tensor(DataType::kFloat32, {1, 2, 4}, -1, 1, 1)),
                                graph.constant(random_tensor(DataType::kFloat32, {2, 9, 2}, -1, 1, 2)),
                                graph.constant(random_tensor(DataType::kFloat32, {9}, -1, 1, 3))});
  const ValueId result = graph.node("Relu", 14, {}, {y});
  const std::optional<Replacement> fused = graph.fuse(&OpFacts::absorb_activation, y, result);
  ASSERT_TRUE(fused.has_value());
  for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
    expect_equal(graph, graph.node(*fused), result, backend, exact());
  }
}

TEST(ConvolutionFusion, TakesInOneActivationOfFloat32) {
  MiniGraph graph;
  const ValueId y = convolution(graph, kLayouts[0], DataType::kFloat32, true);
  const ValueId active = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node("Relu", 14, {}, {y})));
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, active, graph.node("Tanh", 13, {}, {active})).has_value());
  const ValueId doubles = convolution(graph, kLayouts[0], DataType::kFloat64, true);
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, doubles, graph.node("Relu", 14, {}, {doubles})).has_value());
  EXPECT_FALSE(graph.fuse(&OpFacts::absorb_activation, y, graph.node("Floor", 13, {}, {y})).has_value());
}

}  // namespace
}  // namespace linnet::internal
