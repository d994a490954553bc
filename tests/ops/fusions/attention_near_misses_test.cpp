// What only looks like attention stays as it is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/ops/fusions/attention_graph.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using Graph = AttentionGraph;

const Spelling kNearMisses[] = {
    {"a cap for each key",
     [](Graph& g) {
       const std::string inside = g.writer("Tanh", {g.scores()});
       return g.product(g.softmax(g.writer.mul(inside, g.writer.constant(0.5, {kKeys}))), g.v());
     }},
    {"a cap of zero",
     [](Graph& g) {
       const std::string inside = g.writer("Tanh", {g.scores()});
       return g.product(g.softmax(g.writer.mul(inside, g.writer.number(0))), g.v());
     }},
    {"scores that are capped after the mask",
     [](Graph& g) {
       const std::string masked = g.writer.add(g.scores(), g.input("mask", {kQueries, kKeys}));
       return g.product(g.softmax(g.capped(masked, 0.7)), g.v());
     }},
    {"an Einsum with the scores turned",
     [](Graph& g) {
       const std::string k = g.input("k", {kBatch, kHeads, kQueries, kDepth});
       const std::string p = g.softmax(g.einsum("bhqd,bhkd->bhkq", "x", k));
       return g.product(p, g.input("v", {kBatch, kHeads, kQueries, kDepth}));
     }},
    {"an Einsum over the heads of K",
     [](Graph& g) { return g.product(g.softmax(g.einsum("bhqd,bgkd->bhqk", "x", g.k())), g.v()); }},
    {"an Einsum that repeats the depth",
     [](Graph& g) {
       const std::string scores = g.einsum("bhqd,bhkd->bhqk", "x", g.input("k", {kBatch, kHeads, kKeys, 1}));
       return g.product(g.softmax(scores), g.v());
     }},
    {"an Einsum that repeats values",
     [](Graph& g) {
       return g.einsum("bhqk,bhkd->bhqd", g.softmax(g.scores()), g.input("v", {kBatch, kHeads, 1, kDepth}));
     }},
    {"an Einsum whose keys are not contiguous",
     [](Graph& g) {
       const std::string k = g.input("k", {kDepth, kBatch, kKeys, kHeads});
       return g.product(g.softmax(g.einsum("bhqd,dbkh->bhqk", "x", k)), g.v());
     }},
    {"an Einsum whose rows are not contiguous",
     [](Graph& g) { return g.einsum("bhqk,bhkd->bhdq", g.softmax(g.scores()), g.v()); }},
    {"more than a sink is cut off",
     [](Graph& g) {
       const std::string p = g.beside_sinks(g.scores(), g.input("sinks", {kBatch, kHeads, kQueries, 1}), false, -2);
       return g.product(p, g.input("v", {kBatch, kHeads, kKeys - 1, kDepth}));
     }},
    {"two sinks",
     [](Graph& g) {
       const std::string p = g.beside_sinks(g.scores(), g.input("sinks", {kBatch, kHeads, kQueries, 2}), false);
       return g.product(p, g.input("v", {kBatch, kHeads, kKeys + 1, kDepth}));
     }},
    {"softmax over queries",
     [](Graph& g) { return g.product(g.writer("Softmax", {g.scores()}, {attribute("axis", 2)}), g.v()); }},
    {"the logarithm", [](Graph& g) { return g.product(g.writer("LogSoftmax", {g.scores()}), g.v()); }},
    {"probabilities are an output",
     [](Graph& g) {
       const std::string p = g.softmax(g.scores());
       g.writer.model().output(p);
       return g.product(p, g.v());
     }},
    {"scores are read elsewhere",
     [](Graph& g) {
       const std::string scores = g.scores();
       return g.writer.add(g.product(g.softmax(scores), g.v()), g.writer("ReduceSum", {scores}));
     }},
    {"V times probabilities",
     [](Graph& g) {
       const std::string v = g.input("v", {kBatch, kHeads, kDepth, kQueries});
       return g.product(v, g.softmax(g.scores()));
     }},
    {"a scale for each key",
     [](Graph& g) { return g.product(g.softmax(g.writer.mul(g.scores(), g.writer.constant(0.5, {kKeys}))), g.v()); }},
    {"a scale that is an input",
     [](Graph& g) { return g.product(g.softmax(g.writer.mul(g.scores(), g.input("scale", {1}))), g.v()); }},
    {"a scale with more dimensions",
     [](Graph& g) {
       return g.product(g.softmax(g.writer.mul(g.scores(), g.writer.constant(0.5, {1, 1, 1, 1, 1}))), g.v());
     }},
    {"a divided number",
     [](Graph& g) { return g.product(g.softmax(g.writer.div(g.writer.number(2), g.scores())), g.v()); }},
    {"a mask with more dimensions",
     [](Graph& g) {
       const std::string mask = g.input("mask", {2, 1, 1, kQueries, kKeys});
       return g.product(g.softmax(g.writer.add(g.scores(), mask)), g.v());
     }},
    {"a bias with more dimensions",
     [](Graph& g) {
       const std::string biased = g.writer.add(g.scores(), g.input("bias", {2, 1, 1, kQueries, kKeys}));
       return g.product(g.softmax(g.writer.add(biased, g.input("mask", {kQueries, kKeys}))), g.v());
     }},
    {"a biased score that is read elsewhere",
     [](Graph& g) {
       const std::string biased = g.writer.add(g.scores(), g.input("bias", {kQueries, kKeys}));
       const std::string p = g.softmax(g.writer.add(biased, g.input("mask", {kQueries, kKeys})));
       return g.writer.add(g.product(p, g.v()), g.writer("ReduceSum", {biased}));
     }},
    {"NaN as ones",
     [](Graph& g) {
       const std::string p = g.softmax(g.scores());
       return g.product(g.writer("Where", {g.writer("IsNaN", {p}), g.writer.number(1), p}), g.v());
     }},
    {"NaN of something else",
     [](Graph& g) {
       const std::string other = g.writer("IsNaN", {g.input("other", {kBatch, kHeads, kQueries, kKeys})});
       return g.product(g.writer("Where", {other, g.writer.number(0), g.softmax(g.scores())}), g.v());
     }},
    {"scores filled with other scores",
     [](Graph& g) {
       g.writer.model().input("filled", DataType::kBool, {kQueries, kKeys});
       const std::string chosen = g.writer("Where", {"filled", g.input("other", {kQueries, kKeys}), g.scores()});
       return g.product(g.softmax(chosen), g.v());
     }},
    {"scores filled with a number for each key",
     [](Graph& g) {
       g.writer.model().input("filled", DataType::kBool, {kQueries, kKeys});
       const std::string chosen = g.writer("Where", {"filled", g.writer.constant(-1, {kKeys}), g.scores()});
       return g.product(g.softmax(chosen), g.v());
     }},
    {"the rows that are not marked", [](Graph& g) { return marked(g, false); }},
    {"rows of a mask that differ by key",
     [](Graph& g) {
       g.writer.model().input("rows", DataType::kBool, {kQueries, kKeys});
       return g.product(g.writer("Where", {"rows", g.writer.number(0), g.softmax(g.scores())}), g.v());
     }},
    {"values that are shared by heads",
     [](Graph& g) {
       return g.product(g.softmax(g.scores()), g.input("v", {kBatch, 1, kKeys, kDepth}));
     }},
    {"a matrix of values",
     [](Graph& g) {
       return g.product(g.softmax(g.scores()), g.input("v", {kKeys, kDepth}));
     }},
};

TEST(AttentionNearMisses, StayAsTheyAre) {
  for (const Spelling& miss : kNearMisses) {
    SCOPED_TRACE(miss.name);
    Form form;
    form.opset = 18;
    Graph g(form);
    const std::string list = operators(load(g.writer.bytes(miss.write(g)), true));
    EXPECT_EQ(list.find("ScaledDotProductAttention"), std::string::npos) << list;
  }
}

/// What matrices of all heads are not: other sizes make other matrices of the same elements.
TEST(AttentionNearMisses, OtherMatricesStay) {
  Form form;
  form.opset = 18;
  Graph g(form);
  const std::string matrices = g.writer("Reshape", {g.k(), g.list({kBatch * kHeads, kDepth, kKeys})});
  const std::string turned = g.transposed(matrices, {0, 2, 1});
  const std::string k = g.writer("Reshape", {turned, g.list({kBatch, kHeads, kDepth, kKeys})});
  const std::string bytes = g.writer.bytes(g.product(g.softmax(g.product("x", k)), g.v()));
  const Model model = load(bytes, true);
  EXPECT_EQ(operators(model), "Reshape Transpose Reshape ScaledDotProductAttention");
  const std::vector<Tensor> inputs = inputs_of(g, model);
  EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
}

/// What groups of heads are not: those of every second head, and tokens instead of heads.
TEST(AttentionNearMisses, OtherRepetitionsStay) {
  for (const std::int64_t axis : {1, 3}) {
    Form form;
    form.opset = 18;
    Graph g(form);
    const Shape shape = axis == 1 ? Shape{kBatch, 2, kKeys, kDepth} : Shape{kBatch, kHeads, kKeys, kDepth / 2};
    const auto repeated = [&](const std::string& of) {
      const std::string apart = g.writer("Unsqueeze", {of, g.list({axis})});
      const std::vector<std::int64_t> expanded = axis == 1
                                                     ? std::vector<std::int64_t>{kBatch, 2, 2, kKeys, kDepth}
                                                     : std::vector<std::int64_t>{kBatch, kHeads, kKeys, 2, kDepth / 2};
      return g.writer("Reshape",
                      {g.writer("Expand", {apart, g.list(expanded)}), g.list({kBatch, kHeads, kKeys, kDepth})});
    };
    const std::string p = g.softmax(g.product("x", g.transposed(repeated(g.input("k", shape)))));
    const std::string bytes = g.writer.bytes(g.product(p, repeated(g.input("v", shape))));
    const Model model = load(bytes, true);
    const std::vector<Tensor> inputs = inputs_of(g, model);
    EXPECT_NE(operators(model).find("Expand"), std::string::npos);
    EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
  }
}

TEST(AttentionNearMisses, OtherTypesAndBackendsStay) {
  for (const DataType type : {DataType::kFloat16, DataType::kFloat64}) {
    Form form;
    form.type = type;
    Graph g(form);
    EXPECT_EQ(operators(load(g.writer.bytes(g.product(g.softmax(g.scores()), g.v())), true)).find("Attention"),
              std::string::npos);
  }
  for (const Backend backend : {Backend::kOnednn, Backend::kReference}) {
    Graph g;
    EXPECT_EQ(operators(load(g.writer.bytes(eager(g)), true, backend)).find("Attention"), std::string::npos);
  }
}

}  // namespace
}  // namespace linnet::test
