// Attention written as several nodes: every spelling becomes one node that gives the same, and what only looks like one
// stays as it is.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/fusions/attention_graph.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using Graph = AttentionGraph;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Written = std::string (*)(Graph&);

struct Spelling {
  const char* name;
  Written write;
};

/// Hugging Face's, in eager mode.
std::string eager(Graph& g) {
  const std::string scores = g.writer.div(g.scores(), g.writer.number(4));
  return g.product(g.softmax(g.writer.add(scores, g.input("mask", {kBatch, 1, 1, kKeys}))), g.v());
}

std::string grouped(Graph& g, const std::vector<std::int64_t>& expanded, int key_heads) {
  const Shape shape = {kBatch, key_heads, kKeys, kDepth};
  const std::string k = g.transposed(g.repeated(g.input("k", shape), expanded));
  return g.product(g.softmax(g.product("x", k)), g.repeated(g.input("v", shape), expanded));
}

std::string marked(Graph& g, bool first) {
  g.writer.model().input("rows", DataType::kBool, {kQueries, 1});
  g.shapes.push_back({kQueries, 1});
  const std::string p = g.softmax(g.scores());
  const std::string zero = g.writer.number(0);
  return g.product(g.writer("Where", first ? Names{"rows", zero, p} : Names{"rows", p, zero}), g.v());
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

/// As Gemma 2 caps them.
std::string capped(Graph& g, const std::string& scores, double cap) {
  const std::string inside = g.writer("Tanh", {g.writer.div(scores, g.writer.number(cap))});
  return g.writer.mul(inside, g.writer.number(cap));
}

std::string einsum(Graph& g, const std::string& equation, const std::string& a, const std::string& b) {
  return g.writer("Einsum", {a, b}, {attribute("equation", equation.c_str())});
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
       return g.product(g.softmax(g.writer.add(capped(g, g.scores(), 0.7), g.input("mask", {kQueries, kKeys}))), g.v());
     }},
    {"capped scores, scaled before",
     [](Graph& g) {
       return g.product(g.softmax(capped(g, g.writer.mul(g.scores(), g.writer.number(0.3)), 1.25)), g.v());
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
       const std::string scores = capped(g, g.scores(), 0.7);
       return g.product(g.softmax(g.writer("Where", {"filled", g.writer.number(-1.5), scores})), g.v());
     }},
    {"Einsum of heads",
     [](Graph& g) {
       const std::string scores = einsum(g, "bhqd,bhkd->bhqk", "x", g.k());
       return einsum(g, "bhqk, bhkd -> bhqd", g.softmax(g.writer.mul(scores, g.writer.number(0.3))), g.v());
     }},
    {"Einsum of tokens",
     [](Graph& g) {
       const std::string scores = einsum(g, "bhqd,bkhd->bhqk", "x", g.input("k", {kBatch, kKeys, kHeads, kDepth}));
       const std::string p = g.softmax(g.writer.add(scores, g.input("mask", {kBatch, 1, 1, kKeys})));
       return einsum(g, "bhqk,bkhd->bqhd", p, g.input("v", {kBatch, kKeys, kHeads, kDepth}));
     }},
    {"Einsum of keys as they are multiplied, then MatMul",
     [](Graph& g) {
       const std::string k = g.input("k", {kDepth, kBatch, kHeads, kKeys});
       return g.product(g.softmax(einsum(g, "xyzd,dxyk->xyzk", "x", k)), g.v());
     }},
    {"Einsum of keys and values of other batches",
     [](Graph& g) {
       const std::string k = g.input("k", {1, kHeads, kKeys, kDepth});
       const std::string p = g.softmax(einsum(g, "bhqd,bhkd->bhqk", "x", k));
       return einsum(g, "bhqk,bhkd->bhqd", p, g.input("v", {1, kHeads, kKeys, kDepth}));
     }},
    {"MatMul, then Einsum", [](Graph& g) { return einsum(g, "bhqk,bhkd->qbhd", g.softmax(g.scores()), g.v()); }},
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
       return g.product(g.softmax(g.writer("Where", {kept, g.scores(), g.writer.number(-kInfinity)})), g.v());
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

/// Of a mask called "infinite" one row is closed, as some elements of others.
std::vector<Tensor> inputs_of(const Graph& g, const Model& model) {
  std::vector<Tensor> inputs = {numbers({kBatch, kHeads, kQueries, kDepth}, 7)};
  for (const Shape& shape : g.shapes) {
    const std::string name = model.inputs()[inputs.size()].name;
    if (model.inputs()[inputs.size()].type == DataType::kBool) {
      inputs.push_back(Tensor::of<bool>(shape));
      for (std::size_t i = 0; i < inputs.back().count(); ++i) inputs.back().data<bool>()[i] = i % 2 == 0;
      continue;
    }
    inputs.push_back(numbers(shape, static_cast<std::uint32_t>(inputs.size())));
    if (name != "infinite") continue;
    for (int key = 0; key < kKeys; ++key) inputs.back().data<float>()[kKeys + key] = -kInfinity;
    inputs.back().data<float>()[0] = -kInfinity;
  }
  return inputs;
}

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
    const std::string p = g.softmax(einsum(g, "bqd,bkd->bqk", "x", g.input("k", {kBatch, keys, kDepth})));
    const std::string v = g.input("v", {kBatch, keys, kDepth});
    const std::string bytes = g.writer.bytes(einsum(g, diagonal ? "bqq,bqd->bqd" : "bqk,bkd->bqd", p, v));
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
       return g.product(g.softmax(capped(g, masked, 0.7)), g.v());
     }},
    {"an Einsum with the scores turned",
     [](Graph& g) {
       const std::string k = g.input("k", {kBatch, kHeads, kQueries, kDepth});
       const std::string p = g.softmax(einsum(g, "bhqd,bhkd->bhkq", "x", k));
       return g.product(p, g.input("v", {kBatch, kHeads, kQueries, kDepth}));
     }},
    {"an Einsum over the heads of K",
     [](Graph& g) { return g.product(g.softmax(einsum(g, "bhqd,bgkd->bhqk", "x", g.k())), g.v()); }},
    {"an Einsum that repeats the depth",
     [](Graph& g) {
       const std::string scores = einsum(g, "bhqd,bhkd->bhqk", "x", g.input("k", {kBatch, kHeads, kKeys, 1}));
       return g.product(g.softmax(scores), g.v());
     }},
    {"an Einsum that repeats values",
     [](Graph& g) {
       return einsum(g, "bhqk,bhkd->bhqd", g.softmax(g.scores()), g.input("v", {kBatch, kHeads, 1, kDepth}));
     }},
    {"an Einsum whose keys are not contiguous",
     [](Graph& g) {
       const std::string k = g.input("k", {kDepth, kBatch, kKeys, kHeads});
       return g.product(g.softmax(einsum(g, "bhqd,dbkh->bhqk", "x", k)), g.v());
     }},
    {"an Einsum whose rows are not contiguous",
     [](Graph& g) { return einsum(g, "bhqk,bhkd->bhdq", g.softmax(g.scores()), g.v()); }},
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

TEST(AttentionFusions, NearMissesStayAsTheyAre) {
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
TEST(AttentionFusions, OtherMatricesStay) {
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
TEST(AttentionFusions, OtherRepetitionsStay) {
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

TEST(AttentionFusions, OtherTypesAndBackendsStay) {
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
