// Attention of sizes that only a run knows becomes one node as well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ops/fusions/attention_graph.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

using Graph = AttentionGraph;

TEST(AttentionFusions, OpenSizes) {
  Form form;
  form.opset = 18;
  Graph g(form, {"batch", "tokens", kHeads * kDepth});
  const auto heads = [&](const std::string& of) {
    return g.transposed(g.writer("Reshape", {of, g.list({0, -1, kHeads, kDepth})}), {0, 2, 1, 3});
  };
  for (const char* name : {"k", "v"}) g.input(name, {"batch", "tokens", kHeads * kDepth}, {2, 3, kHeads * kDepth});
  g.input("mask", {"batch", 1, 1, "tokens"}, {2, 1, 1, 3});
  const std::string scores = g.product(heads("x"), g.transposed(heads("k")));
  const std::string p = g.softmax(g.writer.add(g.writer.div(scores, g.writer.number(4)), "mask"));
  const std::string y = g.transposed(g.product(p, heads("v")), {0, 2, 1, 3});
  const std::string bytes = g.writer.bytes(g.writer("Reshape", {y, g.list({0, -1, kHeads * kDepth})}));
  const Model model = load(bytes, true);
  EXPECT_EQ(operators(model), "Reshape Reshape Reshape ScaledDotProductAttention Reshape");
  std::vector<Tensor> inputs;
  for (int i = 0; i < 3; ++i) inputs.push_back(numbers({2, 3, kHeads * kDepth}, static_cast<std::uint32_t>(i)));
  inputs.push_back(numbers({2, 1, 1, 3}, 3));
  EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
}

/// As long as a text, whose positions are the first of a table's.
TEST(AttentionFusions, OpenSizesOfATextWithPositions) {
  Form form;
  form.opset = 18;
  constexpr int kWidth = kHeads * kDepth;
  Graph g(form, {"batch", "tokens", kWidth});
  g.input("mask", {"batch", 1, "tokens", "tokens"}, {2, 1, 3, 3});
  const std::string tokens = g.writer("Shape", {"x"}, {attribute("start", 1), attribute("end", 2)});
  const std::string batch = g.writer("Shape", {"x"}, {attribute("start", 0), attribute("end", 1)});
  const std::string table = g.writer.constant(0.25, {1, 9, kWidth});
  const std::string positions = g.writer("Slice", {table, g.list({0}), tokens, g.list({1})});
  const std::string text = g.writer.add("x", positions);
  const std::string shape = g.writer("Concat", {batch, tokens, g.list({-1, kDepth})}, {attribute("axis", 0)});
  const std::string heads = g.transposed(g.writer("Reshape", {text, shape}), {0, 2, 1, 3});
  const std::string p = g.softmax(g.writer.add(g.product(heads, g.transposed(heads)), "mask"));
  const std::string bytes = g.writer.bytes(g.product(p, heads));
  const Model model = load(bytes, true);
  EXPECT_THAT(operators(model), testing::HasSubstr("ScaledDotProductAttention"));
  const std::vector<Tensor> inputs = {numbers({2, 3, kWidth}, 1), numbers({2, 1, 3, 3}, 2)};
  EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
}

/// Windows of a batch of images, as Swin has them: how many there are is a multiple of the batch.
TEST(AttentionFusions, OpenSizesOfWindows) {
  Form form;
  form.opset = 18;
  constexpr int kWidth = kHeads * kDepth;
  Graph g(form, {"batch", 6, kWidth});
  const std::string windows = g.writer("Reshape", {"x", g.list({-1, 3, kWidth})});
  const auto size = [&](int axis) {
    return g.writer("Shape", {windows}, {attribute("start", axis), attribute("end", axis + 1)});
  };
  const std::string shape = g.writer("Concat", {size(0), size(1), g.list({-1, kDepth})}, {attribute("axis", 0)});
  const std::string heads = g.transposed(g.writer("Reshape", {windows, shape}), {0, 2, 1, 3});
  const std::string scores =
      g.writer.add(g.product(heads, g.transposed(heads)), g.writer.constant(0.5, {1, kHeads, 3, 3}));
  const std::string bytes = g.writer.bytes(g.product(g.softmax(scores), heads));
  const Model model = load(bytes, true);
  EXPECT_THAT(operators(model), testing::HasSubstr("ScaledDotProductAttention"));
  const std::vector<Tensor> inputs = {numbers({2, 6, kWidth}, 1)};
  EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
}

/// Keys and values of a cache and of new tokens, each repeated for two heads, K transposed as matrices. Positions go on
/// from the cache's.
TEST(AttentionFusions, OpenSizesOfACache) {
  Form form;
  form.opset = 18;
  Graph g(form, {"batch", "tokens", kHeads * kDepth});
  const auto keys = [&](const char* past, const char* added) {
    g.input(past, {"batch", 2, "past", kDepth}, {2, 2, 4, kDepth});
    g.input(added, {"batch", 2, "tokens", kDepth}, {2, 2, 3, kDepth});
    return g.writer("Concat", {past, added}, {attribute("axis", -2)});
  };
  const auto concat = [&](const Names& parts) { return g.writer("Concat", parts, {attribute("axis", 0)}); };
  const auto size = [&](const std::string& of, int axis) {
    return g.writer("Shape", {of}, {attribute("start", axis), attribute("end", axis + 1)});
  };
  const std::string k = keys("past.k", "new.k");
  const std::string v = keys("past.v", "new.v");
  const std::string length = g.writer.add(size("past.k", 2), size("new.k", 2));
  const std::string one = g.writer.add_constant(tensor<std::int64_t>({}, {1}));
  const std::string positions =
      g.writer("Range", {g.writer("Squeeze", {size("past.k", 2)}), g.writer("Squeeze", {length}), one});
  const std::string column = g.writer("Cast", {g.writer("Unsqueeze", {positions, g.list({1})})}, {attribute("to", 1)});
  const std::string shape = concat({size("x", 0), size("x", 1), g.list({-1, kDepth})});
  const std::string q = g.transposed(g.writer("Reshape", {g.writer.add("x", column), shape}), {0, 2, 1, 3});
  const auto repeated = [&](const std::string& of) {
    const std::string apart = g.writer("Unsqueeze", {of, g.list({2})});
    const std::string all = concat({size("x", 0), g.list({2, 2}), length, g.list({kDepth})});
    const std::string heads = concat({size("x", 0), g.list({kHeads}), length, g.list({kDepth})});
    return g.writer("Reshape", {g.writer("Expand", {apart, all}), heads});
  };
  const std::string matrices = g.writer("Reshape", {repeated(k), concat({g.list({-1}), length, g.list({kDepth})})});
  const std::string turned = g.writer(
      "Reshape", {g.transposed(matrices, {0, 2, 1}), concat({size("x", 0), g.list({kHeads, kDepth}), length})});
  const std::string bytes = g.writer.bytes(g.product(g.softmax(g.product(q, turned)), repeated(v)));
  const Model model = load(bytes, true);
  EXPECT_THAT(operators(model), testing::HasSubstr("ScaledDotProductAttention"));
  EXPECT_THAT(operators(model), testing::Not(testing::HasSubstr("Expand")));
  const std::vector<Tensor> inputs = {numbers({2, 3, kHeads * kDepth}, 1), numbers({2, 2, 4, kDepth}, 2),
                                      numbers({2, 2, 3, kDepth}, 3), numbers({2, 2, 4, kDepth}, 4),
                                      numbers({2, 2, 3, kDepth}, 5)};
  EXPECT_EQ(difference(run(model, inputs).view(), run(load(bytes, false), inputs).view(), {0, 2e-6}), "");
}

}  // namespace
}  // namespace linnet::test
