// What tests of attention's fusions share: a model with Q, K and V, written node by node.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/fusions/fusion_writer.hpp"

namespace linnet::test {

inline constexpr int kBatch = 2, kHeads = 4, kQueries = 5, kKeys = 7, kDepth = 16;

/// Q is "x". K, V and masks are inputs, as far as a spelling reads them.
class AttentionGraph {
 public:
  explicit AttentionGraph(const Form& form = {}, const std::vector<DimSpec>& q = {kBatch, kHeads, kQueries, kDepth})
      : writer(form, q), type(form.type) {}

  std::string input(const std::string& name, const Shape& shape) {
    return input(name, std::vector<DimSpec>(shape.begin(), shape.end()), shape);
  }
  std::string input(const std::string& name, const std::vector<DimSpec>& dims, const Shape& shape) {
    writer.model().input(name, type, dims);
    shapes.push_back(shape);
    return name;
  }
  std::string k() { return input("k", {kBatch, kHeads, kKeys, kDepth}); }
  std::string v() { return input("v", {kBatch, kHeads, kKeys, kDepth}); }
  std::string transposed(const std::string& of, const std::vector<std::int64_t>& order = {0, 1, 3, 2}) {
    return writer("Transpose", {of}, {attribute("perm", order)});
  }
  std::string list(const std::vector<std::int64_t>& numbers) {
    return writer.add_constant(tensor<std::int64_t>({static_cast<std::int64_t>(numbers.size())}, numbers));
  }
  std::string product(const std::string& a, const std::string& b) { return writer("MatMul", {a, b}); }
  std::string softmax(const std::string& of) { return writer("Softmax", {of}, {attribute("axis", -1)}); }
  std::string scores() { return product("x", transposed(k())); }
  std::string repeated(const std::string& of, const std::vector<std::int64_t>& expanded) {
    const std::string apart = writer("Unsqueeze", {of, list({2})});
    const std::string all = expanded.empty() ? apart : writer("Expand", {apart, list(expanded)});
    return writer("Reshape", {all, list({kBatch, kHeads, kKeys, kDepth})});
  }

  /// Probabilities of scores and of a sink behind each row of them, the sink's cut off.
  std::string beside_sinks(const std::string& scores, const std::string& sinks, bool lowers, std::int64_t end = -1) {
    const std::string expanded = lowers ? writer("Expand", {sinks, list({kBatch, kHeads, kQueries, 1})}) : sinks;
    std::string all = writer("Concat", {scores, expanded}, {attribute("axis", -1)});
    if (lowers) all = writer("Sub", {all, writer("ReduceMax", {all, list({-1})})});
    Names slice = {softmax(all), list({0}), list({end}), list({3})};
    if (lowers) slice.push_back(list({1}));
    return writer("Slice", slice);
  }

  /// As Gemma 2 caps them.
  std::string capped(const std::string& scores, double cap) {
    const std::string inside = writer("Tanh", {writer.div(scores, writer.number(cap))});
    return writer.mul(inside, writer.number(cap));
  }
  std::string einsum(const std::string& equation, const std::string& a, const std::string& b) {
    return writer("Einsum", {a, b}, {attribute("equation", equation.c_str())});
  }

  std::string turned_matrices(const std::string& k) {
    const std::string matrices = writer("Reshape", {k, list({-1, kKeys, kDepth})});
    return writer("Reshape", {transposed(matrices, {0, 2, 1}), list({kBatch, kHeads, kDepth, kKeys})});
  }

  Writer writer;
  DataType type;
  std::vector<Shape> shapes;
};

using Written = std::string (*)(AttentionGraph&);

struct Spelling {
  const char* name;
  Written write;
};

/// Hugging Face's, in eager mode.
inline std::string eager(AttentionGraph& g) {
  const std::string scores = g.writer.div(g.scores(), g.writer.number(4));
  return g.product(g.softmax(g.writer.add(scores, g.input("mask", {kBatch, 1, 1, kKeys}))), g.v());
}

/// Rows that are marked, or those that are not, give zeros.
inline std::string marked(AttentionGraph& g, bool first) {
  g.writer.model().input("rows", DataType::kBool, {kQueries, 1});
  g.shapes.push_back({kQueries, 1});
  const std::string p = g.softmax(g.scores());
  const std::string zero = g.writer.number(0);
  return g.product(g.writer("Where", first ? Names{"rows", zero, p} : Names{"rows", p, zero}), g.v());
}

/// Of a mask called "infinite" one row is closed, as some elements of others.
inline std::vector<Tensor> inputs_of(const AttentionGraph& g, const Model& model) {
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
    for (int key = 0; key < kKeys; ++key)
      inputs.back().data<float>()[kKeys + key] = -std::numeric_limits<float>::infinity();
    inputs.back().data<float>()[0] = -std::numeric_limits<float>::infinity();
  }
  return inputs;
}

inline Tensor run(const Model& model, const std::vector<Tensor>& inputs) { return std::move(model.run(inputs)[0]); }

}  // namespace linnet::test
