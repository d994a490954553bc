// Convolutions with channels last beside those with channels first, as the hook makes the one of the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/ops/convolution/convolution_expectation.hpp"
#include "tests/ops/mini_graph.hpp"

namespace linnet::internal {
namespace {

void expect_same_bits(const ConstantPtr& actual, const ConstantPtr& expected, const std::string& name) {
  ASSERT_EQ(actual->shape, expected->shape) << name;
  EXPECT_EQ(std::memcmp(actual->data, expected->data, expected->bytes), 0) << name;
}

struct BitCase {
  const char* name;
  Shape x, w;
  std::int64_t group = 1;
  std::vector<NamedAttribute> attributes;
};

TEST(ChannelsLastConvolution, GivesTheBitsOfChannelsFirst) {
  using List = std::vector<std::int64_t>;
  const BitCase cases[] = {
      {"1x1", {2, 40, 9, 11}, {70, 40, 1, 1}, 1, {}},
      {"1x1 of many channels", {1, 1500, 7, 7}, {129, 1500, 1, 1}, 1, {}},
      {"1x1, stride 2", {1, 48, 15, 16}, {33, 48, 1, 1}, 1, {{"strides", List{2, 2}}}},
      {"3x3, stride 2", {2, 130, 17, 15}, {100, 130, 3, 3}, 1, {{"strides", List{2, 2}}, {"pads", List{1, 0, 1, 2}}}},
      {"windows in place", {2, 20, 16, 17}, {17, 20, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"Winograd", {3, 32, 14, 15}, {70, 32, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"Winograd, uneven pads", {1, 50, 13, 21}, {40, 50, 3, 3}, 1, {{"pads", List{2, 0, 3, 1}}}},
      {"Winograd, pads beyond a tile", {1, 32, 6, 9}, {32, 32, 3, 3}, 1, {{"pads", List{4, 6, 5, 6}}}},
      {"Winograd of many channels", {1, 130, 15, 14}, {129, 130, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"Winograd of few outputs", {2, 35, 7, 7}, {33, 35, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"Winograd in groups", {2, 80, 17, 14}, {140, 40, 3, 3}, 2, {{"pads", List{1, 1, 1, 1}}}},
      {"Winograd, long rows", {1, 32, 3, 275}, {40, 32, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"first layer", {1, 3, 31, 33}, {24, 3, 7, 7}, 1, {{"strides", List{2, 2}}, {"pads", List{3, 3, 3, 3}}}},
      {"dilated", {1, 20, 13, 12}, {30, 20, 3, 3}, 1, {{"dilations", List{2, 3}}, {"pads", List{2, 3, 2, 3}}}},
      {"groups", {1, 60, 14, 13}, {64, 30, 3, 3}, 2, {{"pads", List{1, 1, 1, 1}}}},
      {"groups of 8", {2, 32, 9, 12}, {32, 8, 3, 3}, 4, {{"pads", List{1, 1, 1, 1}}}},
      {"groups of 8, strided", {1, 64, 12, 31}, {64, 8, 3, 3}, 8, {{"strides", List{2, 2}}}},
      {"groups of 16", {2, 64, 9, 12}, {64, 16, 3, 3}, 4, {{"pads", List{1, 1, 1, 1}}}},
      {"groups of 4 to 9", {1, 12, 9, 12}, {27, 4, 3, 3}, 3, {{"pads", List{1, 1, 1, 1}}}},
      {"rows of more windows than ten chunks", {1, 16, 2, 1201}, {16, 16, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"groups in short rows, strided",
       {2, 60, 13, 12},
       {40, 30, 3, 3},
       2,
       {{"pads", List{1, 1, 1, 1}}, {"strides", List{1, 2}}}},
      {"groups in shorter rows", {2, 40, 7, 5}, {40, 20, 3, 3}, 2, {{"pads", List{1, 1, 1, 1}}}},
      {"1-D", {2, 33, 150}, {40, 33, 5}, 1, {{"pads", List{2, 2}}}},
      {"3-D", {1, 17, 5, 6, 7}, {18, 17, 2, 3, 2}, 1, {{"pads", List{1, 1, 0, 0, 1, 1}}}},
      {"3-D in rows of windows", {2, 17, 5, 6, 17}, {18, 17, 2, 3, 2}, 1, {{"pads", List{1, 1, 0, 0, 1, 1}}}},
      {"3-D, dilated, strided, in groups",
       {1, 40, 9, 8, 30},
       {64, 20, 3, 3, 3},
       2,
       {{"dilations", List{2, 1, 1}}, {"strides", List{2, 1, 2}}, {"pads", List{2, 1, 1, 3, 1, 0}}}},
      {"3-D of many channels", {1, 130, 4, 13, 40}, {50, 130, 3, 3, 3}, 1, {{"pads", List{1, 1, 1, 1, 1, 1}}}},
  };
  for (const BitCase& item : cases) {
    MiniGraph graph;
    std::vector<NamedAttribute> attributes = item.attributes;
    attributes.push_back({"group", item.group});
    const ValueId y = graph.node("Conv", 22, attributes,
                                 {graph.constant(random_tensor(DataType::kFloat32, item.x, -1, 1, 1)),
                                  graph.constant(random_tensor(DataType::kFloat32, item.w, -1, 1, 2)),
                                  graph.constant(random_tensor(DataType::kFloat32, {item.w[0]}, -1, 1, 3))});
    const ConstantPtr first = graph.evaluate(y, Backend::kSimd);
    const ConstantPtr last = graph.evaluate(with_channels_last(graph, y), Backend::kSimd);
    expect_same_bits(last, to_channels_last(*first), item.name);
  }
}

TEST(ChannelsLastConvolution, AddsAndActivates) {
  for (const Shape& kernel : {Shape{20, 18, 1, 1}, Shape{20, 18, 3, 3}, Shape{40, 32, 3, 3}, Shape{40, 9, 3, 3}}) {
    for (const char* op : {"Relu", "HardSigmoid"}) {
      MiniGraph graph;
      const Shape y_shape = {2, kernel[0], 18 - kernel[2], 17 - kernel[3]};
      const std::int64_t group = kernel[1] == 9 ? 2 : 1;
      const ValueId y =
          graph.node("Conv", 22, {{"group", group}},
                     {graph.constant(random_tensor(DataType::kFloat32, {2, kernel[1] * group, 17, 16}, -1, 1, 1)),
                      graph.constant(random_tensor(DataType::kFloat32, kernel, -1, 1, 2))});
      const ValueId sum =
          graph.node("Add", 14, {}, {y, graph.constant(small_integers(DataType::kFloat32, y_shape, 3))});
      const ValueId fused_sum = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, sum));
      const ValueId fused =
          graph.node(*graph.fuse(&OpFacts::absorb_activation, fused_sum, graph.node(op, 22, {}, {fused_sum})));
      const ValueId last = with_channels_last(graph, fused);
      for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
        expect_same_bits(graph.evaluate(last, backend), to_channels_last(*graph.evaluate(fused, backend)),
                         text(backend == Backend::kReference ? "reference " : "", op, " ", kernel));
      }
    }
  }
}

TEST(ChannelsLastConvolution, IsWantedWhereItPays) {
  struct HookCase {
    const char* name;
    DataType type;
    Shape x, w;
    std::int64_t group;
    bool constant_w, wanted;
    bool gains = true;
  };
  const HookCase cases[] = {
      {"products", DataType::kFloat32, {1, 32, 9, 9}, {32, 32, 1, 1}, 1, true, true},
      {"groups", DataType::kFloat32, {1, 32, 9, 9}, {32, 16, 3, 3}, 2, true, true},
      {"few output channels", DataType::kFloat32, {1, 32, 9, 9}, {7, 32, 3, 3}, 1, true, false},
      {"groups of few output channels", DataType::kFloat32, {1, 32, 9, 9}, {32, 4, 3, 3}, 8, true, false},
      {"short runs", DataType::kFloat32, {1, 1, 9, 9}, {32, 1, 3, 3}, 1, true, true, false},
      {"W given at run time", DataType::kFloat32, {1, 32, 9, 9}, {32, 32, 1, 1}, 1, false, false},
      {"float64", DataType::kFloat64, {1, 32, 9, 9}, {32, 32, 1, 1}, 1, true, false},
      {"4-D", DataType::kFloat32, {1, 32, 3, 3, 3, 3}, {32, 32, 1, 1, 1, 1}, 1, true, false},
  };
  for (const HookCase& item : cases) {
    MiniGraph graph;
    const ValueId w = item.constant_w ? graph.constant(random_tensor(item.type, item.w, -1, 1, 1))
                                      : graph.variable(item.type, Dims(item.w.begin(), item.w.end()));
    const ValueId x = graph.variable(item.type, Dims(item.x.begin(), item.x.end()));
    const std::optional<ChannelsLast> last =
        channels_last_hook(graph, graph.node("Conv", 22, {{"group", item.group}}, {x, w}));
    ASSERT_EQ(last.has_value(), item.wanted) << item.name;
    if (!last) continue;
    EXPECT_EQ(last->images, 1U) << item.name;
    EXPECT_EQ(last->gain > 0, item.gains) << item.name;
  }
}

TEST(ChannelsLastConvolution, GivesTheBitsOfTransposedOnes) {
  using List = std::vector<std::int64_t>;
  const BitCase cases[] = {
      {"a single place", {2, 20, 1, 1}, {20, 24, 4, 3}, 1, {}},
      {"a single place, padded", {1, 20, 1, 1}, {20, 24, 4, 3}, 1, {{"pads", List{1, 0, 1, 1}}}},
      {"a single row", {1, 20, 1, 9}, {20, 24, 4, 3}, 1, {{"strides", List{2, 2}}}},
      {"a single place and what no tap reaches", {1, 20, 1}, {20, 24, 2}, 1, {{"output_padding", List{3}}}},
      {"few places", {2, 600, 4, 5}, {600, 17, 4, 4}, 1, {{"strides", List{2, 2}}, {"pads", List{1, 1, 1, 1}}}},
      {"rows of windows", {2, 40, 5, 16}, {40, 50, 4, 4}, 1, {{"strides", List{2, 2}}, {"pads", List{1, 1, 1, 1}}}},
      {"windows that do not overlap", {1, 40, 13, 14}, {40, 60, 2, 2}, 1, {{"strides", List{2, 2}}}},
      {"without strides", {1, 30, 13, 14}, {30, 60, 3, 3}, 1, {{"pads", List{1, 1, 1, 1}}}},
      {"dilated", {1, 30, 13, 14}, {30, 20, 3, 3}, 1, {{"strides", List{1, 2}}, {"dilations", List{2, 3}}}},
      {"what no tap reaches", {2, 30, 13, 14}, {30, 20, 2, 1}, 1, {{"strides", List{3, 2}}}},
      {"short runs", {1, 5, 13, 14}, {5, 20, 3, 3}, 1, {{"strides", List{2, 2}}}},
      {"uneven",
       {1, 40, 7, 15},
       {40, 20, 3, 3},
       1,
       {{"strides", List{2, 2}}, {"pads", List{1, 0, 0, 2}}, {"output_padding", List{1, 1}}}},
      {"groups", {1, 60, 14, 13}, {60, 20, 3, 3}, 3, {{"strides", List{2, 2}}}},
      {"1-D", {2, 130, 70}, {130, 70, 16}, 1, {{"strides", List{8}}, {"pads", List{4, 4}}}},
      {"1-D, dilated without strides", {1, 40, 30}, {40, 20, 7}, 1, {{"dilations", List{3}}}},
      {"3-D",
       {2, 20, 3, 4, 13},
       {20, 18, 3, 3, 3},
       1,
       {{"strides", List{2, 2, 2}}, {"pads", List{1, 1, 1, 1, 1, 1}}, {"output_padding", List{1, 1, 1}}}},
      {"3-D in short rows", {1, 20, 3, 4, 5}, {20, 18, 2, 2, 2}, 1, {{"strides", List{2, 2, 2}}}},
  };
  for (const BitCase& item : cases) {
    for (const char* activation : {"", "Relu", "Tanh"}) {
      MiniGraph graph;
      std::vector<NamedAttribute> attributes = item.attributes;
      attributes.push_back({"group", item.group});
      ValueId y = graph.node("ConvTranspose", 22, attributes,
                             {graph.constant(random_tensor(DataType::kFloat32, item.x, -1, 1, 1)),
                              graph.constant(random_tensor(DataType::kFloat32, item.w, -1, 1, 2)),
                              graph.constant(random_tensor(DataType::kFloat32, {item.w[1] * item.group}, -1, 1, 3))});
      if (*activation != '\0') {
        y = graph.node(*graph.fuse(&OpFacts::absorb_activation, y, graph.node(activation, 13, {}, {y})));
      }
      const ValueId last = with_channels_last(graph, y);
      for (const Backend backend : {Backend::kSimd, Backend::kReference}) {
        expect_same_bits(graph.evaluate(last, backend), to_channels_last(*graph.evaluate(y, backend)),
                         text(item.name, " ", activation));
      }
    }
  }
}

TEST(ChannelsLastConvolution, IsWantedForTransposedOnes) {
  struct HookCase {
    const char* name;
    Shape x, w;
    bool wanted, gains = true;
  };
  const HookCase cases[] = {
      {"many channels", {1, 32, 9, 9}, {32, 32, 3, 3}, true},
      {"few output channels", {1, 32, 9, 9}, {32, 7, 3, 3}, false},
      {"short runs", {1, 4, 9, 9}, {4, 32, 4, 4}, true, false},
      {"more taps than grids", {1, 32, 9, 9}, {32, 32, 17, 17}, false},
  };
  for (const HookCase& item : cases) {
    MiniGraph graph;
    const ValueId w = graph.constant(random_tensor(DataType::kFloat32, item.w, -1, 1, 1));
    const ValueId x = graph.variable(DataType::kFloat32, Dims(item.x.begin(), item.x.end()));
    const std::optional<ChannelsLast> last = channels_last_hook(graph, graph.node("ConvTranspose", 22, {}, {x, w}));
    ASSERT_EQ(last.has_value(), item.wanted) << item.name;
    if (!last) continue;
    EXPECT_EQ(last->images, 1U) << item.name;
    EXPECT_EQ(last->gain > 0, item.gains) << item.name;
  }
}

}  // namespace
}  // namespace linnet::internal
