// Operators that ONNX defines through others, and models of old operator sets. Without the module: that the error says
// so.
#include "loaders/onnx/onnx_library.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linnet/inspect.hpp>

#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using testing::HasSubstr;

constexpr DataType kF = DataType::kFloat32;

Model load(const std::string& bytes) { return Model::load(bytes.data(), bytes.size()); }

std::vector<float> run(const Model& model, const std::vector<float>& values, const Shape& shape) {
  Tensor x(kF, shape);
  std::copy(values.begin(), values.end(), x.data<float>());
  const Tensor y = model.run({x})[0];
  return {y.data<float>(), y.data<float>() + y.count()};
}

/// x float32 [4] -> op -> y.
std::string one_node(int opset, const char* op, std::vector<Message> attributes = {}) {
  return model()
      .ir_version(opset < 7 ? 3 : 14)
      .opset(opset)
      .input("x", kF, {4})
      .node(op, {"x"}, {"y"}, std::move(attributes), "n")
      .output("y", kF, {4})
      .bytes();
}

TEST(OnnxLibrary, AnswersForOperatorsWithoutADefinition) {
  using Texts = std::vector<std::string>;
  constexpr const char* kTraining = "ai.onnx.preview.training";
  const Error missing = error_of([] { load(one_node(17, "NoSuchOperator")); });
  ModelWriter gradient = model().opset(20).opset(1, kTraining).input("x", kF, {4}).output("y", kF, {4});
  gradient.node("Gradient", {"x"}, {"y"}, {attribute("xs", Texts{"x"}), attribute("y", "y")}, "n", kTraining);
  const Error opaque = error_of([&] { load(gradient.bytes()); });
  EXPECT_EQ(missing.code(), ErrorCode::kUnsupported);
  if (LINNET_WITH_ONNX_SCHEMAS) {
    EXPECT_THAT(missing.what(),
                HasSubstr("NoSuchOperator node \"n\" (opset 17): ONNX has no such operator at opset 17"));
    EXPECT_THAT(opaque.what(),
                HasSubstr("Gradient node \"n\" (ai.onnx.preview.training opset 1): there is no kernel for it, and ONNX "
                          "does not define it through other operators"));
  } else {
    EXPECT_THAT(opaque.what(), HasSubstr("Gradient node \"n\" (ai.onnx.preview.training opset 1): there is no kernel "
                                         "for it, and its definition through "
                                         "other operators"));
    EXPECT_THAT(opaque.what(), HasSubstr("the module liblinnet_onnx.so was not found"));
  }
}

TEST(OnnxLibrary, RunsAnOperatorThroughItsDefinition) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  const Model softsign = load(one_node(22, "Softsign"));
  for (const NodeSummary& node : summarize(softsign).nodes) EXPECT_THAT(node.name, HasSubstr("n/"));
  const std::vector<float> x{-4, -1, 0.5f, 6};
  const std::vector<float> y = run(softsign, x, {4});
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(y[i], x[i] / (1 + std::fabs(x[i])), 1e-6f);
}

TEST(OnnxLibrary, AttributesAndTheirDefaultsReachTheDefinition) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  const std::vector<float> x{-2, 0.75f, 1.5f, 3};
  const auto expect = [&](const std::string& bytes, float alpha) {
    const std::vector<float> y = run(load(bytes), x, {4});
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i], x[i] > alpha ? x[i] : 0) << alpha;
  };
  expect(one_node(24, "ThresholdedRelu"), 1.0f);
  expect(one_node(24, "ThresholdedRelu", {attribute("alpha", 2.0f)}), 2.0f);
  // Through a parameter of a function of the model.
  expect(model()
             .ir_version(10)
             .opset(24)
             .opset(1, "d")
             .function(FunctionWriter("d", "f", {"a"}, {"r"})
                           .opset(24)
                           .parameter("p")
                           .node("ThresholdedRelu", {"a"}, {"r"}, {attribute_reference("alpha", "p", 1)}))
             .input("x", kF, {4})
             .node("f", {"x"}, {"y"}, {attribute("p", 0.5f)}, "c", "d")
             .output("y")
             .bytes(),
         0.5f);
}

TEST(OnnxLibrary, OwnFunctionsComeFirstAndAreNotSeenFromDefinitions) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  // The model means its own Abs; ONNX's definition of Softsign means ONNX's.
  const Model both = load(model()
                              .opset(22)
                              .function(FunctionWriter("", "Abs", {"a"}, {"r"}).opset(22).node("Relu", {"a"}, {"r"}))
                              .input("x", kF, {2})
                              .node("Abs", {"x"}, {"own"}, {}, "own")
                              .node("Softsign", {"x"}, {"y"}, {}, "softsign")
                              .output("own")
                              .output("y")
                              .bytes());
  Tensor x = Tensor::of<float>({2});
  x.data<float>()[0] = -2;
  const std::vector<Tensor> y = both.run({x});
  EXPECT_EQ(y[0].data<float>()[0], 0.0f);
  EXPECT_NEAR(y[1].data<float>()[0], -2.0f / 3.0f, 1e-6f);
}

TEST(OnnxLibrary, OldOperatorSetsAreConverted) {
  // Before opset 7, Add had the attribute `broadcast`; before opset 6, Relu had `consumed_inputs`.
  const std::string old =
      model()
          .ir_version(3)
          .opset(5)
          .input("x", kF, {2, 2})
          .input("b", kF, {2})
          .initializer<float>("b", {2}, {1, -10})
          .node("Add", {"x", "b"}, {"h"}, {attribute("broadcast", 1)}, "a")
          .node("Relu", {"h"}, {"y"}, {attribute("consumed_inputs", std::vector<std::int64_t>{0})}, "r")
          .output("y", kF, {2, 2})
          .bytes();
  if (!LINNET_WITH_ONNX_SCHEMAS) {
    const Error error = error_of([&] { load(old); });
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("operator sets before 7 are converted by ONNX's own library, and the module "
                                        "liblinnet_onnx.so was not found"));
    return;
  }
  const Model converted = load(old);
  EXPECT_THAT(run(converted, {1, 2, 3, 14}, {2, 2}), testing::ElementsAre(2, 0, 4, 4));
  EXPECT_EQ(summarize(converted).opsets.at(""), 5) << "what the model says";
}

// The converter must know that MatMul's result is [3,2]: only then does it see that b goes along the first axis.
TEST(OnnxLibrary, OldOperatorSetsAreConvertedByInferredShapes) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  const std::string old = model()
                              .ir_version(3)
                              .opset(6)
                              .input("x", kF, {3, 1})
                              .input("w", kF, {1, 2})
                              .input("b", kF, {3})
                              .initializer<float>("w", {1, 2}, {1, 2})
                              .initializer<float>("b", {3}, {10, 20, 30})
                              .node("MatMul", {"x", "w"}, {"h"})
                              .node("Add", {"h", "b"}, {"y"}, {attribute("broadcast", 1), attribute("axis", 0)})
                              .output("y", kF, {3, 2})
                              .bytes();
  EXPECT_THAT(run(load(old), {1, 2, 3}, {3, 1}), testing::ElementsAre(11, 12, 22, 24, 33, 36));
}

// A slope for each channel stood alone before opset 7; since then it would be broadcast from the last axis.
TEST(OnnxLibrary, OldSlopesOfPReluBelongToChannels) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  const std::string old = model()
                              .ir_version(3)
                              .opset(6)
                              .input("x", kF, {1, 2, 2})
                              .input("slope", kF, {2})
                              .initializer<float>("slope", {2}, {10, 100})
                              .node("PRelu", {"x", "slope"}, {"y"})
                              .output("y", kF, {1, 2, 2})
                              .bytes();
  EXPECT_THAT(run(load(old), {-1, 2, -3, -4}, {1, 2, 2}), testing::ElementsAre(-10, 2, -300, -400));
}

TEST(OnnxLibrary, WhatCannotBeConvertedIsRefused) {
  if (!LINNET_WITH_ONNX_SCHEMAS) GTEST_SKIP() << "built without ONNX's library";
  const Error error = error_of([] { load(one_node(5, "NoSuchOperator")); });
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.what(), HasSubstr("ONNX cannot convert the model to opset 7: "));
}

TEST(OnnxLibrary, ForeignDomainsAreNotLookedUp) {
  const internal::onnx::FunctionBody body =
      internal::onnx::find_function_body("", std::string("Celu\0x", 6), 17, "", {});
  EXPECT_EQ(body.bytes, nullptr);
  EXPECT_EQ(body.reason, "ONNX has no such operator at opset 17");
}

}  // namespace
}  // namespace linnet::test
