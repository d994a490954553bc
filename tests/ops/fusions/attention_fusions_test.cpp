// Attention written as several nodes: every spelling becomes one node that gives the same.
// attention_near_misses_test.cpp has what only looks like one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/fusions/attention_graph.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using Graph = AttentionGraph;

std::string grouped(Graph& g, const std::vector<std::int64_t>& expanded, int key_heads) {
  const Shape shape = {kBatch, key_heads, kKeys, kDepth};
  const std::string k = g.transposed(g.repeated(g.input("k", shape), expanded));
  return g.product(g.softmax(g.product("x", k)), g.repeated(g.input("v", shape), expanded));
}

/// PyTorch's masked_fill, before another mask is added, and perhaps a bias.
std::string filled(Graph& g, bool where, bool biased = false) {
  g.writer.model().input("filled", DataType::kBool, {kQueries, kKeys});
  g.shapes.push_back({kQueries, kKeys});
  const std::string scores = g.writer.mul(g.scores(), g.writer.number(0.3));
  const std::string fill = g.writer.constant(-1.5, {1});
  std::string chosen = g.writer("Where", where ? Names{"filled", fill, scores} : Names{"filled", scores, fill});
  if (biased) chosen = g.writer.add(chosen, g.input("bias", {kQueries, kKeys}));
  return g.product(g.softmax(g.writer.add(chosen, g.input("mask", {kBatch, 1, 1, kKeys}))), g.v());
}

const Spelling kSpellings[] = {
    {"eager", eager},
    {"without scale or mask", [](Graph& g) { return g.product(g.softmax(g.scores()), g.v()); }},
    {"PyTorch's scaled_dot_product_attention",
     [](Graph& g) {
       const std::string root = g.writer.number(std::pow(kDepth, -0.25));
       const std::string k = g.writer.mul(g.transposed(g.k()), g.writer.number(std::pow(kDepth, -0.25)));
       const std::string scores = g.product(g.writer.mul("x", root), k);
       return g.product(g.softmax(g.writer.add(scores, g.input("mask", {kQueries, kKeys}))), g.v());
     }},
    {"another scale",
     [](Graph& g) { return g.product(g.softmax(g.writer.mul(g.scores(), g.writer.number(0.3))), g.v()); }},
    {"another divisor",
     [](Graph& g) { return g.product(g.softmax(g.writer.div(g.scores(), g.writer.number(1.7))), g.v()); }},
    {"Q divided, K multiplied",
     [](Graph& g) {
       const std::string k = g.writer.mul(g.transposed(g.k()), g.writer.number(0.75));
       return g.product(g.softmax(g.product(g.writer.div("x", g.writer.number(2)), k)), g.v());
     }},
    {"a position's bias and a mask",
     [](Graph& g) {
       const std::string biased = g.writer.add(g.scores(), g.input("bias", {kHeads, kQueries, kKeys}));
       return g.product(g.softmax(g.writer.add(biased, g.input("mask", {kBatch, 1, 1, kKeys}))), g.v());
     }},
    {"a bias and a mask of scaled scores",
     [](Graph& g) {
       const std::string scores = g.writer.mul(g.scores(), g.writer.number(0.3));
       const std::string biased = g.writer.add(scores, g.input("bias", {kQueries, 1}));
       return g.product(g.softmax(g.writer.add(biased, g.input("mask", {kBatch, 1, kQueries, kKeys}))), g.v());
     }},
    {"capped scores and a mask",
     [](Graph& g) {
       return g.product(g.softmax(g.writer.add(g.capped(g.scores(), 0.7), g.input("mask", {kQueries, kKeys}))), g.v());
     }},
    {"capped scores, scaled before",
     [](Graph& g) {
       return g.product(g.softmax(g.capped(g.writer.mul(g.scores(), g.writer.number(0.3)), 1.25)), g.v());
     }},
    {"scores in bounds that are not the divisor",
     [](Graph& g) {
       const std::string scores = g.writer("Tanh", {g.writer.mul(g.scores(), g.writer.number(0.4))});
       return g.product(g.softmax(g.writer.mul(scores, g.writer.number(3))), g.v());
     }},
    {"capped and filled scores",
     [](Graph& g) {
       g.writer.model().input("filled", DataType::kBool, {kQueries, kKeys});
       g.shapes.push_back({kQueries, kKeys});
       const std::string scores = g.capped(g.scores(), 0.7);
       return g.product(g.softmax(g.writer("Where", {"filled", g.writer.number(-1.5), scores})), g.v());
     }},
    {"Einsum of heads",
     [](Graph& g) {
       const std::string scores = g.einsum("bhqd,bhkd->bhqk", "x", g.k());
       return g.einsum("bhqk, bhkd -> bhqd", g.softmax(g.writer.mul(scores, g.writer.number(0.3))), g.v());
     }},
    {"Einsum of tokens",
     [](Graph& g) {
       const std::string scores = g.einsum("bhqd,bkhd->bhqk", "x", g.input("k", {kBatch, kKeys, kHeads, kDepth}));
       const std::string p = g.softmax(g.writer.add(scores, g.input("mask", {kBatch, 1, 1, kKeys})));
       return g.einsum("bhqk,bkhd->bqhd", p, g.input("v", {kBatch, kKeys, kHeads, kDepth}));
     }},
    {"Einsum of keys as they are multiplied, then MatMul",
     [](Graph& g) {
       const std::string k = g.input("k", {kDepth, kBatch, kHeads, kKeys});
       return g.product(g.softmax(g.einsum("xyzd,dxyk->xyzk", "x", k)), g.v());
     }},
    {"Einsum of keys and values of other batches",
     [](Graph& g) {
       const std::string k = g.input("k", {1, kHeads, kKeys, kDepth});
       const std::string p = g.softmax(g.einsum("bhqd,bhkd->bhqk", "x", k));
       return g.einsum("bhqk,bhkd->bhqd", p, g.input("v", {1, kHeads, kKeys, kDepth}));
     }},
    {"MatMul, then Einsum", [](Graph& g) { return g.einsum("bhqk,bhkd->qbhd", g.softmax(g.scores()), g.v()); }},
    {"filled scores, a bias and a mask", [](Graph& g) { return filled(g, true, true); }},
    {"rows of NaN as zeros",
     [](Graph& g) {
       const std::string p = g.softmax(g.writer.add(g.scores(), g.input("infinite", {kQueries, kKeys})));
       const std::string kept = g.writer("Where", {g.writer("IsNaN", {p}), g.writer.number(0), p});
       return g.product(kept, g.v());
     }},
    {"marked rows", [](Graph& g) { return marked(g, true); }},
    {"filled scores", [](Graph& g) { return filled(g, true); }},
    {"scores filled elsewhere", [](Graph& g) { return filled(g, false); }},
    {"causal scores",
     [](Graph& g) {
       const std::string ones =
           g.writer.add_constant(raw_tensor(DataType::kBool, {kQueries, kKeys}, std::string(kQueries * kKeys, '\1')));
       const std::string kept = g.writer("Trilu", {ones}, {attribute("upper", 0)});
       return g.product(
           g.softmax(g.writer("Where", {kept, g.scores(), g.writer.number(-std::numeric_limits<double>::infinity())})),
           g.v());
     }},
    {"one head of keys and values",
     [](Graph& g) {
       const std::string k = g.transposed(g.input("k", {kBatch, 1, kKeys, kDepth}));
       return g.product(g.softmax(g.product("x", k)), g.input("v", {kBatch, 1, kKeys, kDepth}));
     }},
    {"groups of heads",
     [](Graph& g) {
       return grouped(g, {kBatch, 2, 2, kKeys, kDepth}, 2);
     }},
    {"one head for all",
     [](Graph& g) {
       return grouped(g, {kBatch, 1, kHeads, kKeys, kDepth}, 1);
     }},
    {"groups of one head", [](Graph& g) { return grouped(g, {}, kHeads); }},
    {"groups of heads, as the operator Attention has them",
     [](Graph& g) {
       const auto all = [&](const std::string& name) {
         const std::string repeated =
             g.repeated(g.input(name, {kBatch, 2, kKeys, kDepth}), {kBatch, 2, 2, kKeys, kDepth});
         return g.repeated(repeated, {});
       };
       const std::string p = g.softmax(g.product("x", g.transposed(all("k"))));
       return g.product(p, all("v"));
     }},
    {"K transposed as matrices",
     [](Graph& g) { return g.product(g.softmax(g.product("x", g.turned_matrices(g.k()))), g.v()); }},
    {"groups of heads, K transposed as matrices",
     [](Graph& g) {
       const std::vector<std::int64_t> groups = {kBatch, 2, 2, kKeys, kDepth};
       const std::string k = g.repeated(g.input("k", {kBatch, 2, kKeys, kDepth}), groups);
       const std::string p = g.softmax(g.product("x", g.turned_matrices(k)));
       return g.product(p, g.repeated(g.input("v", {kBatch, 2, kKeys, kDepth}), groups));
     }},
    {"groups of heads, K transposed as matrices at once",
     [](Graph& g) {
       const std::vector<std::int64_t> groups = {kBatch, 2, 2, kKeys, kDepth};
       const std::string apart = g.writer("Unsqueeze", {g.input("k", {kBatch, 2, kKeys, kDepth}), g.list({2})});
       const std::string k = g.turned_matrices(g.writer("Expand", {apart, g.list(groups)}));
       const std::string p = g.softmax(g.product("x", k));
       return g.product(p, g.repeated(g.input("v", {kBatch, 2, kKeys, kDepth}), groups));
     }},
    {"sinks, as gpt-oss has them",
     [](Graph& g) {
       const std::string masked =
           g.writer.add(g.writer.mul(g.scores(), g.writer.number(0.25)), g.input("mask", {kBatch, 1, kQueries, kKeys}));
       return g.product(g.beside_sinks(masked, g.writer.constant(0.7, {1, kHeads, 1, 1}), true), g.v());
     }},
    {"sinks of groups of heads, nothing taken off",
     [](Graph& g) {
       const std::vector<std::int64_t> groups = {kBatch, 2, 2, kKeys, kDepth};
       const std::string k = g.repeated(g.input("k", {kBatch, 2, kKeys, kDepth}), groups);
       const std::string sinks = g.input("sinks", {kBatch, kHeads, kQueries, 1});
       const std::string p = g.beside_sinks(g.product("x", g.transposed(k)), sinks, false);
       return g.product(p, g.repeated(g.input("v", {kBatch, 2, kKeys, kDepth}), groups));
     }},
    {"K as it is multiplied",
     [](Graph& g) {
       return g.product(g.softmax(g.product("x", g.input("k", {kBatch, kHeads, kDepth, kKeys}))), g.v());
     }},
    {"keys that are shared by batches",
     [](Graph& g) {
       const std::string k = g.input("k", {1, kHeads, kDepth, kKeys});
       return g.product(g.softmax(g.product("x", k)), g.v());
     }},
    {"a mask of more batches",
     [](Graph& g) {
       const std::string k = g.transposed(g.input("k", {1, kHeads, kKeys, kDepth}));
       const std::string q = g.input("q", {1, kHeads, kQueries, kDepth});
       const std::string scores = g.writer.add(g.product(q, k), g.input("mask", {kBatch, 1, 1, kKeys}));
       return g.product(g.softmax(scores), g.input("v", {1, kHeads, kKeys, kDepth}));
     }},
    {"transposed results",
     [](Graph& g) {
       return g.transposed(g.product(g.softmax(g.scores()), g.v()), {0, 2, 1, 3});
     }},
    {"everything transposed",
     [](Graph& g) {
       const std::string k = g.transposed(g.input("k", {kBatch, kKeys, kHeads, kDepth}), {0, 2, 3, 1});
       const std::string v = g.transposed(g.input("v", {kBatch, kKeys, kHeads, kDepth}), {0, 2, 1, 3});
       return g.transposed(g.product(g.softmax(g.product("x", k)), v), {0, 2, 1, 3});
     }},
};

TEST(AttentionFusions, EverySpellingBecomesOneNodeThatGivesTheSame) {
  for (const Spelling& spelling : kSpellings) {
    for (const bool swapped : {false, true}) {
      for (const Backend backend : {Backend::kAuto, Backend::kSimd}) {
        SCOPED_TRACE(testing::Message() << spelling.name << (swapped ? ", swapped" : ""));
        Form form;
        form.swapped = swapped;
        form.opset = 18;
        Graph g(form);
        const std::string bytes = g.writer.bytes(spelling.write(g));
        const Model model = load(bytes, true, backend);
        ASSERT_EQ(operators(model), "ScaledDotProductAttention");
        EXPECT_GE(summarize(model).nodes[0].fused.size(), 3U);
        const std::vector<Tensor> inputs = inputs_of(g, model);
        const Tensor written = run(load(bytes, false, backend), inputs);
        EXPECT_EQ(difference(run(model, inputs).view(), written.view(), {0, 2e-6}), "");
      }
    }
  }
}

/// Of 3 dimensions, and one whose labels stand for a diagonal.
TEST(AttentionFusions, EinsumOfOneHead) {
  for (const bool diagonal : {false, true}) {
    Form form;
    form.opset = 18;
    const int keys = diagonal ? kQueries : kKeys;
    Graph g(form, {kBatch, kQueries, kDepth});
    const std::string p = g.softmax(g.einsum("bqd,bkd->bqk", "x", g.input("k", {kBatch, keys, kDepth})));
    const std::string v = g.input("v", {kBatch, keys, kDepth});
    const std::string bytes = g.writer.bytes(g.einsum(diagonal ? "bqq,bqd->bqd" : "bqk,bkd->bqd", p, v));
    const Model model = load(bytes, true);
    EXPECT_EQ(operators(model), diagonal ? "Einsum Softmax Einsum" : "ScaledDotProductAttention");
    std::vector<Tensor> inputs = {numbers({kBatch, kQueries, kDepth}, 7)};
    for (const Shape& shape : g.shapes) inputs.push_back(numbers(shape, static_cast<std::uint32_t>(inputs.size())));
    EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
  }
}

/// Constants that change nothing are not read.
TEST(AttentionFusions, EmptyMasksAreLeftOut) {
  Form form;
  form.opset = 18;
  Graph g(form);
  const std::string masked = g.writer.add(g.scores(), g.writer.constant(0, {kQueries, kKeys}));
  const std::string none = g.writer.add_constant(raw_tensor(DataType::kBool, {1, 1}, std::string(1, '\0')));
  const std::string kept = g.writer("Where", {none, g.writer.number(0), g.softmax(masked)});
  const Model model = load(g.writer.bytes(g.product(kept, g.v())), true);
  ASSERT_EQ(operators(model), "ScaledDotProductAttention");
  EXPECT_EQ(summarize(model).nodes[0].inputs.size(), 3U);
}

/// What T5 has between its decoder and its encoder: a bias of zeros, and a mask.
TEST(AttentionFusions, EmptyBiasesAreLeftOut) {
  Form form;
  form.opset = 18;
  Graph g(form);
  const std::string biased = g.writer.add(g.scores(), g.writer.constant(0, {1, kHeads, kQueries, kKeys}));
  const std::string masked = g.writer.add(biased, g.input("mask", {kBatch, 1, 1, kKeys}));
  const Model model = load(g.writer.bytes(g.product(g.softmax(masked), g.v())), true);
  ASSERT_EQ(operators(model), "ScaledDotProductAttention");
  EXPECT_EQ(summarize(model).nodes[0].inputs.size(), 4U);
}

/// Zeros that make more batches do not change nothing.
TEST(AttentionFusions, EmptyMasksOfMoreBatchesAreKept) {
  Form form;
  form.opset = 18;
  Graph g(form, {1, kHeads, kQueries, kDepth});
  const std::string k = g.transposed(g.input("k", {1, kHeads, kKeys, kDepth}));
  const std::string scores = g.writer.add(g.product("x", k), g.writer.constant(0, {3, 1, 1, kKeys}));
  const Model model =
      load(g.writer.bytes(g.product(g.softmax(scores), g.input("v", {1, kHeads, kKeys, kDepth}))), true);
  ASSERT_EQ(operators(model), "ScaledDotProductAttention");
  std::vector<Tensor> inputs = {numbers({1, kHeads, kQueries, kDepth}, 1), numbers({1, kHeads, kKeys, kDepth}, 2),
                                numbers({1, kHeads, kKeys, kDepth}, 3)};
  EXPECT_EQ(run(model, inputs).shape(), (Shape{3, kHeads, kQueries, kDepth}));
}

/// PyTorch's exports ask for the shape of the keys that they repeated: nothing is repeated for that.
TEST(AttentionFusions, HeadsOfWhichOthersReadTheShapeAreNotRepeated) {
  Form form;
  form.opset = 18;
  Graph g(form);
  const auto input = [&](const char* name) {
    return g.input(name, {"batch", 2, "keys", kDepth}, {kBatch, 2, kKeys, kDepth});
  };
  const std::string given = input("k");
  const auto size_of = [&](const std::string& of, std::int64_t axis) {
    return g.writer("Gather", {g.writer("Shape", {of}), g.list({axis})});
  };
  const std::string batch = size_of(given, 0);
  const std::string keys = size_of(given, 2);
  const auto shape = [&](const Names& sizes) { return g.writer("Concat", sizes, {attribute("axis", 0)}); };
  const std::string groups = shape({batch, g.list({2, 2}), keys, g.list({kDepth})});
  const std::string heads = shape({batch, g.list({kHeads}), keys, g.list({kDepth})});
  const auto repeated = [&](const std::string& of) {
    const std::string expanded = g.writer("Expand", {g.writer("Unsqueeze", {of, g.list({2})}), groups});
    return g.writer("Reshape", {expanded, heads});
  };
  const std::string k = repeated(given);
  const std::string matrices = g.writer("Reshape", {k, shape({g.list({-1}), size_of(k, 2), size_of(k, 3)})});
  const std::string turned =
      g.writer("Reshape", {g.transposed(matrices, {0, 2, 1}), shape({batch, g.list({kHeads, kDepth}), size_of(k, 2)})});
  const std::string v = repeated(input("v"));
  const std::string bytes = g.writer.bytes(g.product(g.softmax(g.product("x", turned)), v));
  const Model model = load(bytes, true);
  EXPECT_NE(operators(model).find("ScaledDotProductAttention"), std::string::npos) << operators(model);
  const std::vector<Tensor> inputs = inputs_of(g, model);
  const ProgramSummary program = summarize_program(model, {inputs[0].view(), inputs[1].view(), inputs[2].view()});
  ASSERT_EQ(program.steps.size(), 1U);
  const Tensor y = run(model, inputs);
  const Tensor written = run(load(bytes, false), inputs);
  for (std::size_t i = 0; i < y.count(); ++i) EXPECT_NEAR(y.data<float>()[i], written.data<float>()[i], 1e-5F) << i;
}

}  // namespace
}  // namespace linnet::test
