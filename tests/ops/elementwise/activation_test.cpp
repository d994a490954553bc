#include "ops/elementwise/activation.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "ops/ops.hpp"
#include "runtime/select.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// A node of one operator, its inputs and its output.
struct Single {
  Single(const char* op, int opset, const std::vector<NamedAttribute>& attributes,
         const std::vector<ConstantPtr>& inputs) {
    node.op = all_operators().find("", op);
    node.opset = opset;
    node.attributes = parse_node(*node.op, opset, attributes, inputs.size(), 1);
    for (const ConstantPtr& input : inputs) {
      node.inputs.push_back(static_cast<ValueId>(values.size()));
      Value value;
      value.type = type_of(*input);
      value.constant = values.empty() ? nullptr : input;  // X comes at run time
      values.push_back(value);
    }
    node.outputs = {static_cast<ValueId>(values.size())};
    values.emplace_back();
    infer_node(node, values, options, {});
  }
  NodeView view() const { return NodeView(node, values, options); }

  Node node;
  std::vector<Value> values;
  Options options;
};

const ConstantPtr kX = tensor_of<float>({2}, {1, 2});

TEST(ActivationOf, TellsKindAndParameters) {
  const auto leaky = activation_of(Single("LeakyRelu", 16, {{"alpha", 0.25F}}, {kX}).view());
  ASSERT_TRUE(leaky.has_value());
  EXPECT_EQ(leaky->kind, kernels::ActivationKind::kLeakyRelu);
  EXPECT_EQ(leaky->alpha, 0.25F);
  const auto hard = activation_of(Single("HardSigmoid", 6 + 1, {}, {kX}).view());
  ASSERT_TRUE(hard.has_value());
  EXPECT_EQ(hard->alpha, 0.2F);
  EXPECT_EQ(hard->beta, 0.5F);
  const auto gelu = activation_of(Single("Gelu", 20, {{"approximate", std::string("tanh")}}, {kX}).view());
  ASSERT_TRUE(gelu.has_value());
  EXPECT_EQ(gelu->kind, kernels::ActivationKind::kGeluTanh);
}

TEST(ActivationOf, ReadsConstantBoundsOfClip) {
  const Single both("Clip", 13, {}, {kX, tensor_of<float>({}, {-1}), tensor_of<float>({}, {6})});
  const auto clip = activation_of(both.view());
  ASSERT_TRUE(clip.has_value());
  EXPECT_EQ(clip->kind, kernels::ActivationKind::kClip);
  EXPECT_EQ(clip->alpha, -1);
  EXPECT_EQ(clip->beta, 6);
  const auto low = activation_of(Single("Clip", 13, {}, {kX, tensor_of<float>({}, {0})}).view());
  ASSERT_TRUE(low.has_value());
  EXPECT_EQ(low->beta, std::numeric_limits<float>::infinity());
  const auto attributes = activation_of(Single("Clip", 10, {{"max", 6.0F}}, {kX}).view());
  ASSERT_TRUE(attributes.has_value());
  EXPECT_EQ(attributes->alpha, std::numeric_limits<float>::lowest());
  EXPECT_EQ(attributes->beta, 6);
}

TEST(ActivationOf, HasNothingToTellOfOthers) {
  Single at_run_time("Clip", 13, {}, {kX, tensor_of<float>({}, {0})});
  at_run_time.values[1].constant = nullptr;
  EXPECT_FALSE(activation_of(at_run_time.view()).has_value());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(activation_of(Single("Clip", 13, {}, {kX, tensor_of<float>({}, {nan})}).view()).has_value());
  EXPECT_FALSE(activation_of(Single("Relu", 14, {}, {tensor_of<double>({1}, {1})}).view()).has_value());
  EXPECT_FALSE(activation_of(Single("Softmax", 13, {}, {kX}).view()).has_value());
}

TEST(Activation, AutoKeepsThePromisesOfTheOwnKernels) {
  for (const char* op :
       {"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "Gelu", "Exp", "Clip", "Softmax", "LogSoftmax"}) {
    Refusals refusals;
    const Single single(op, 20, {}, {kX});
    EXPECT_STREQ(select_implementation(single.view(), &refusals).name, "simd") << op;
    ASSERT_EQ(refusals.size(), 1U) << op;
    EXPECT_EQ(refusals[0].first, "onednn");
    EXPECT_NE(refusals[0].second.find("only on request"), std::string::npos) << refusals[0].second;
  }
}

TEST(Activation, DoublesHaveKernelsOfTheirOwn) {
  const Single single("Tanh", 13, {}, {tensor_of<double>({1}, {1})});
  Refusals refusals;
  EXPECT_STREQ(select_implementation(single.view(), &refusals).name, "simd double");
  ASSERT_EQ(refusals.size(), 3U);
  EXPECT_EQ(refusals[1].second, "only float32, not float64");
  EXPECT_EQ(refusals[2].second, "only float16 and bfloat16, not float64");
}

TEST(Activation, OnednnRunsOnRequest) {
  for (const char* op :
       {"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "Gelu", "Exp", "Clip", "Softmax", "LogSoftmax"}) {
    Single single(op, 20, {}, {kX});
    single.options.backend = Backend::kOnednn;
    EXPECT_STREQ(select_implementation(single.view(), nullptr).name, LINNET_WITH_ONEDNN ? "onednn" : "reference") << op;
  }
}

}  // namespace
}  // namespace linnet::internal
