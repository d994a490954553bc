// Depthwise convolutions with channels last beside those with channels first.
#include <gtest/gtest.h>

#include <cstring>

#include "ops/convolution/convolution.hpp"
#include "ops/kernels/targets.hpp"
#include "tests/ops/convolution/convolution_expectation.hpp"
#include "tests/ops/mini_graph.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

using List = std::vector<std::int64_t>;
const DataType kFloat = DataType::kFloat32;

struct DepthwiseCase {
  const char* name;
  Shape x;
  List kernel, pads, strides = {}, dilations = {};
  bool has_wide_form = false;  ///< with channels first
};

Shape w_shape(const DepthwiseCase& item) {
  Shape w = {item.x[1], 1};
  w.insert(w.end(), item.kernel.begin(), item.kernel.end());
  return w;
}

std::vector<NamedAttribute> attributes(const DepthwiseCase& item) {
  std::vector<NamedAttribute> result = {{"group", item.x[1]}, {"pads", item.pads}};
  if (!item.strides.empty()) result.push_back({"strides", item.strides});
  if (!item.dilations.empty()) result.push_back({"dilations", item.dilations});
  return result;
}

const std::vector<DepthwiseCase>& cases() {
  static const std::vector<DepthwiseCase> all = {
      {"3x3", {2, 32, 14, 14}, {3, 3}, {1, 1, 1, 1}},
      {"3x3, odd channels", {2, 37, 9, 11}, {3, 3}, {1, 1, 1, 1}},
      {"3x3, no padding", {1, 16, 8, 10}, {3, 3}, {0, 0, 0, 0}},
      {"3x3, uneven pads", {1, 19, 6, 8}, {3, 3}, {2, 0, 1, 3}},
      {"3x3, narrow", {1, 17, 5, 3}, {3, 3}, {1, 1, 1, 1}},
      {"3x3, stride 2", {2, 24, 15, 16}, {3, 3}, {1, 1, 1, 1}, {2, 2}},
      {"3x3, stride 2, before x", {1, 18, 13, 29}, {3, 3}, {0, 0, 1, 1}, {2, 2}},
      {"3x3, another stride along each axis", {1, 16, 13, 15}, {3, 3}, {1, 1, 1, 1}, {2, 1}},
      {"5x5", {2, 21, 9, 13}, {5, 5}, {2, 2, 2, 2}},
      {"5x5, stride 2", {1, 33, 14, 15}, {5, 5}, {2, 2, 2, 2}, {2, 2}},
      {"7x7", {1, 40, 14, 14}, {7, 7}, {3, 3, 3, 3}},
      {"7x7 on less", {1, 16, 4, 7}, {7, 7}, {3, 3, 3, 3}},
      {"5x3", {1, 16, 9, 14}, {5, 3}, {2, 1, 2, 1}},
      {"9x9", {1, 16, 10, 14}, {9, 9}, {4, 4, 4, 4}, {}, {}, true},
      {"1x1", {1, 20, 5, 6}, {1, 1}, {0, 0, 0, 0}},
      {"dilated", {1, 22, 12, 15}, {3, 3}, {2, 3, 2, 3}, {1, 1}, {2, 3}},
      {"strided and dilated", {1, 16, 17, 14}, {3, 2}, {2, 1, 2, 0}, {3, 2}, {2, 1}},
      {"pads that meet nothing", {1, 16, 2, 9}, {2, 2}, {5, 1, 5, 9}},
      {"several tasks", {1, 64, 40, 43}, {3, 3}, {1, 1, 1, 1}},
      {"pieces of long lines", {1, 16, 1, 4200}, {1, 3}, {0, 1, 0, 1}},
      {"1-D", {2, 25, 40}, {5}, {2, 2}},
      {"3-D", {1, 20, 4, 5, 9}, {3, 3, 3}, {1, 1, 1, 1, 1, 1}, {1, 2, 1}},
      {"no images", {0, 16, 5, 5}, {3, 3}, {1, 1, 1, 1}},
  };
  return all;
}

TEST(DepthwiseLines, GiveWhatChannelsFirstGive) {
  for (const DepthwiseCase& item : cases()) {
    OpTest test("Conv", 22);
    for (const NamedAttribute& attribute : attributes(item)) test.attribute(attribute.name, attribute.value);
    test.named(item.name)
        .random_input(kFloat, item.x, -1, 1)
        .constant_input(random_tensor(kFloat, w_shape(item), -1, 1, 7))
        .random_input(kFloat, {item.x[1]}, -1, 1)
        .channels_last()
        .tolerance(close(1e-5, 1e-5))
        .run();
  }
}

/// What the node gives on the kernels with channels last.
ConstantPtr evaluated_last(MiniGraph& graph, ValueId y) {
  return graph.evaluate(with_channels_last(graph, y), Backend::kSimd);
}

void expect_same(const Constant& actual, const Constant& expected, const Tolerance& tolerance) {
  ASSERT_EQ(actual.shape, expected.shape);
  EXPECT_EQ(difference(kFloat, static_cast<std::size_t>(expected.count()), actual.data, expected.data, tolerance), "");
}

TEST(DepthwiseLines, GiveTheBitsOfTapSums) {
  for (const char* isa : kernels::supported_targets()) {
    ASSERT_TRUE(kernels::set_isa(isa));
    for (const DepthwiseCase& item : cases()) {
      SCOPED_TRACE(text(item.name, " on ", isa));
      if (item.has_wide_form) continue;  // which has taps in X's order
      MiniGraph graph;
      const ValueId y = graph.node("Conv", 22, attributes(item),
                                   {graph.constant(random_tensor(kFloat, item.x, -1, 1, 1)),
                                    graph.constant(random_tensor(kFloat, w_shape(item), -1, 1, 2)),
                                    graph.constant(random_tensor(kFloat, {item.x[1]}, -1, 1, 3))});
      expect_same(*evaluated_last(graph, y), *to_channels_last(*graph.evaluate(y, Backend::kSimd)), exact());
    }
  }
  ASSERT_TRUE(kernels::set_isa("auto"));
}

TEST(DepthwiseLines, Activate) {
  const DepthwiseCase item = {"", {2, 21, 10, 9}, {3, 3}, {1, 1, 1, 1}};
  for (const char* op : {"", "Relu", "Clip", "Sigmoid", "HardSwish"}) {
    SCOPED_TRACE(op);
    MiniGraph graph;
    ValueId y = graph.node("Conv", 22, attributes(item),
                           {graph.constant(random_tensor(kFloat, item.x, -1, 1, 1)),
                            graph.constant(random_tensor(kFloat, w_shape(item), -1, 1, 2))});
    if (*op != 0) {
      std::vector<ValueId> inputs = {y};
      if (std::strcmp(op, "Clip") == 0) {
        inputs.push_back(graph.constant(tensor_of<float>({}, {-0.5F})));
        inputs.push_back(graph.constant(tensor_of<float>({}, {0.75F})));
      }
      y = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node(op, 22, {}, inputs)));
    }
    const ConstantPtr expected = to_channels_last(*graph.evaluate(y, Backend::kReference));
    expect_same(*evaluated_last(graph, y), *expected, close(1e-5, 1e-6));
  }
}

std::optional<ChannelsLast> asked(DataType type, const Shape& x, const Shape& w, std::int64_t group, bool constant) {
  MiniGraph graph;
  const ValueId weights =
      constant ? graph.constant(random_tensor(type, w, -1, 1, 1)) : graph.variable(type, to_dims(w));
  return channels_last_depthwise(
      graph.view(graph.node("Conv", 22, {{"group", group}}, {graph.variable(type, to_dims(x)), weights})));
}

TEST(DepthwiseLines, AreWantedOfOneChannelAGroup) {
  const std::optional<ChannelsLast> last = asked(kFloat, {1, 32, 9, 9}, {32, 1, 3, 3}, 32, true);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->images, 1U);
  EXPECT_GT(last->gain, 0);
  EXPECT_LT(asked(kFloat, {1, 32, 9, 9}, {32, 1, 3, 4}, 32, true)->gain, 0);
  EXPECT_FALSE(asked(kFloat, {1, 32, 9, 9}, {32, 1, 3, 3}, 32, false));
  EXPECT_FALSE(asked(kFloat, {1, 32, 9, 9}, {64, 1, 3, 3}, 32, true));
  EXPECT_FALSE(asked(kFloat, {1, 32, 9, 9}, {32, 2, 3, 3}, 16, true));
  EXPECT_FALSE(asked(kFloat, {1, 8, 9, 9}, {8, 1, 3, 3}, 8, true));
  EXPECT_FALSE(asked(kFloat, {1, 32, 19, 19}, {32, 1, 12, 12}, 32, true));
  EXPECT_FALSE(asked(kFloat, {1, 32, 3, 3, 3, 3}, {32, 1, 1, 1, 1, 1}, 32, true));
  EXPECT_FALSE(asked(DataType::kFloat64, {1, 32, 9, 9}, {32, 1, 3, 3}, 32, true));
}

}  // namespace
}  // namespace linnet::internal
