// What tests of attention's fusions share: a model with Q, K and V, written node by node.
#pragma once

#include <cstdint>
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

  std::string turned_matrices(const std::string& k) {
    const std::string matrices = writer("Reshape", {k, list({-1, kKeys, kDepth})});
    return writer("Reshape", {transposed(matrices, {0, 2, 1}), list({kBatch, kHeads, kDepth, kKeys})});
  }

  Writer writer;
  DataType type;
  std::vector<Shape> shapes;
};

inline Tensor run(const Model& model, const std::vector<Tensor>& inputs) { return std::move(model.run(inputs)[0]); }

}  // namespace linnet::test
