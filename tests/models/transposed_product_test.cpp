// Transposes around matrix products go into them: whole models with and without the pass give the same bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/onnx_writer.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAreArray;

using Perm = std::vector<std::int64_t>;

/// An input, and the Transposes that it goes through.
struct Operand {
  Shape shape;
  std::vector<Perm> perms;
};

struct Case {
  const char* name;
  Operand a, b;
  std::vector<Perm> y_perms;
  std::vector<std::string> left;  ///< operators behind the passes
};

Tensor random_values(const Shape& shape, std::uint32_t seed) {
  Tensor tensor = Tensor::of<float>(shape);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-1.0f, 1.0f);
  for (std::size_t i = 0; i < tensor.count(); ++i) tensor.data<float>()[i] = distribution(random);
  return tensor;
}

/// `value` behind its Transposes.
std::string transposed(ModelWriter& writer, std::string value, const std::vector<Perm>& perms) {
  for (const Perm& perm : perms) {
    const std::string next = value + "t";
    writer.node("Transpose", {value}, {next}, {attribute("perm", perm)});
    value = next;
  }
  return value;
}

/// All dimensions of the inputs are symbols where `open`.
std::string model_of(const Case& c, bool open) {
  ModelWriter writer = model();
  writer.opset(17);
  const auto input = [&](const char* name, const Shape& shape) {
    std::vector<DimSpec> dims;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (open) {
        dims.emplace_back(name + std::to_string(i));
      } else {
        dims.emplace_back(shape[i]);
      }
    }
    writer.input(name, DataType::kFloat32, dims);
  };
  input("a", c.a.shape);
  input("b", c.b.shape);
  const std::string a = transposed(writer, "a", c.a.perms);
  const std::string b = transposed(writer, "b", c.b.perms);
  writer.node("MatMul", {a, b}, {"y"}, {}, "product");
  writer.output(transposed(writer, "y", c.y_perms), DataType::kFloat32);
  return writer.bytes();
}

Model load(const std::string& bytes, Backend backend, bool fused, int threads) {
  Options options;
  options.backend = backend;
  options.threads = threads;
  if (!fused) options.disabled_passes = {"fuse_transpose"};
  return Model::load(bytes.data(), bytes.size(), options);
}

std::vector<std::string> operators(const Model& model) {
  std::vector<std::string> names;
  for (const NodeSummary& node : summarize(model).nodes) names.push_back(node.op);
  return names;
}

const Perm kHeads = {0, 2, 1, 3};
const Perm kTurned = {0, 1, 3, 2};

const Case kCases[] = {
    {"heads", {{2, 9, 3, 20}, {kHeads}}, {{2, 3, 20, 17}, {}}, {}, {"MatMul"}},
    {"heads and their transposes", {{2, 9, 3, 20}, {kHeads}}, {{2, 11, 3, 20}, {kHeads, kTurned}}, {}, {"MatMul"}},
    {"heads merged again", {{2, 3, 9, 11}, {}}, {{2, 11, 3, 20}, {kHeads}}, {kHeads}, {"MatMul"}},
    {"all three", {{2, 9, 3, 20}, {kHeads}}, {{2, 75, 3, 20}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    {"one row", {{1, 1, 12, 64}, {kHeads}}, {{1, 70, 12, 64}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    {"few rows", {{1, 3, 12, 70}, {kHeads}}, {{1, 70, 12, 64}, {kHeads}}, {kHeads}, {"MatMul"}},
    {"many rows", {{1, 150, 4, 64}, {kHeads}}, {{1, 170, 4, 64}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    {"one A for all heads", {{9, 20}, {}}, {{2, 11, 3, 20}, {{0, 2, 3, 1}}}, {}, {"MatMul"}},
    {"a batch that repeats", {{1, 9, 3, 20}, {kHeads}}, {{2, 11, 1, 20}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    {"matrices", {{20, 9}, {{1, 0}}}, {{31, 20}, {{1, 0}}}, {}, {"MatMul"}},
    {"one B transposed for a batch", {{2, 9, 20}, {}}, {{31, 20}, {{1, 0}}}, {}, {"MatMul"}},
    {"twice the same", {{2, 9, 3, 20}, {kHeads, kHeads}}, {{2, 9, 20, 17}, {}}, {}, {"Identity", "MatMul"}},
    {"no depth", {{2, 9, 3, 0}, {kHeads}}, {{2, 11, 3, 0}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    {"no rows", {{2, 0, 3, 20}, {kHeads}}, {{2, 11, 3, 20}, {{0, 2, 3, 1}}}, {kHeads}, {"MatMul"}},
    // Near misses.
    {"A's depth is not contiguous", {{2, 3, 20, 9}, {kTurned}}, {{2, 3, 20, 17}, {}}, {}, {"Transpose", "MatMul"}},
    {"neither of B's is contiguous", {{2, 9, 20}, {}}, {{20, 17, 2}, {{2, 0, 1}}}, {}, {"Transpose", "MatMul"}},
    {"the columns would not be", {{2, 9, 20}, {}}, {{2, 20, 17}, {}}, {{0, 2, 1}}, {"MatMul", "Transpose"}},
    {"many A and one B", {{9, 2, 20}, {{1, 0, 2}}}, {{20, 17}, {}}, {}, {"Transpose", "MatMul"}},
    {"rows of one B", {{2, 9, 20}, {}}, {{20, 17}, {}}, {{1, 0, 2}}, {"MatMul", "Transpose"}},
};

TEST(TransposedProduct, HasTheSameBitsInPlace) {
  for (const Case& c : kCases) {
    for (const bool open : {false, true}) {
      SCOPED_TRACE(std::string(c.name) + (open ? ", open" : ""));
      const std::string bytes = model_of(c, open);
      const std::vector<Tensor> inputs = {random_values(c.a.shape, 1), random_values(c.b.shape, 2)};
      for (const Backend backend : all_backends()) {
        const std::vector<Tensor> expected = load(bytes, backend, false, 1).run(inputs);
        for (const int threads : {1, 3}) {
          const Model model = load(bytes, backend, true, threads);
          EXPECT_THAT(operators(model), ElementsAreArray(c.left));
          const std::vector<Tensor> outputs = model.run(inputs);
          if (backend == Backend::kOnednn) {
            EXPECT_EQ(difference(outputs[0].view(), expected[0].view(), {1e-4, 1e-4}), "");
          } else {
            EXPECT_EQ(bit_difference(outputs[0].view(), expected[0].view()), "") << name_of(backend);
          }
        }
      }
    }
  }
}

TEST(TransposedProduct, LeavesWhatOthersRead) {
  const auto operators_of = [](bool second_reader, bool output, DataType type) {
    ModelWriter writer = model();
    writer.opset(17).input("a", type, {2, 9, 3, 20}).input("b", type, {2, 3, 20, 17});
    writer.node("Transpose", {"a"}, {"t"}, {attribute("perm", kHeads)});
    writer.node("MatMul", {"t", "b"}, {"y"}).output("y", type);
    if (second_reader) writer.node("Neg", {"t"}, {"n"}).output("n", type);
    if (output) writer.output("t", type);
    const std::string bytes = writer.bytes();
    return operators(load(bytes, Backend::kSimd, true, 1));
  };
  EXPECT_THAT(operators_of(false, false, DataType::kFloat32), testing::ElementsAre("MatMul"));
  EXPECT_THAT(operators_of(true, false, DataType::kFloat32), testing::ElementsAre("Transpose", "MatMul", "Neg"));
  EXPECT_THAT(operators_of(false, true, DataType::kFloat32), testing::ElementsAre("Transpose", "MatMul"));
  EXPECT_THAT(operators_of(false, false, DataType::kFloat64), testing::ElementsAre("Transpose", "MatMul"));
  EXPECT_THAT(operators_of(false, false, DataType::kFloat16), testing::ElementsAre("Transpose", "MatMul"));
}

TEST(TransposedProduct, KeepsTheNameOfTheProduct) {
  const std::string bytes = model_of(kCases[1], false);
  const Model model = load(bytes, Backend::kSimd, true, 1);
  const ModelSummary summary = summarize(model);
  ASSERT_EQ(summary.nodes.size(), 1U);
  EXPECT_EQ(summary.nodes[0].name, "product");
  EXPECT_EQ(summary.nodes[0].fused.size(), 4U) << "three Transposes and the product";
}

}  // namespace
}  // namespace linnet::test
