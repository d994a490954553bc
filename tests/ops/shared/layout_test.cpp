// What operators without kernels of their own for channels last make of images with them: the same elements.
#include "ops/shared/layout.hpp"

#include <gtest/gtest.h>

#include "tests/ops/mini_graph.hpp"
#include "tests/ops/onednn_tolerance.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

const DataType kFloat = DataType::kFloat32;
const Shape kImage = {2, 5, 3, 4};

ConstantPtr numbers(const Shape& shape, unsigned seed = 1) { return random_tensor(kFloat, shape, -2, 2, seed); }

struct TurnedCase {
  const char* op;
  int opset;
  std::vector<NamedAttribute> attributes;
  std::vector<ConstantPtr> inputs;
  Tolerance tolerance = exact();
};

void run(const TurnedCase& item) {
  OpTest test(item.op, item.opset);
  for (const NamedAttribute& attribute : item.attributes) test.attribute(attribute.name, attribute.value);
  for (const ConstantPtr& input : item.inputs) input == nullptr ? test.no_input() : test.input(input);
  test.channels_last().tolerance(item.tolerance).tolerance_of("onednn", onednn_log_softmax_tolerance()).run();
}

TEST(ChannelsLast, AxesMove) {
  constexpr std::int64_t kMoved[][2] = {{0, 0}, {1, 3}, {2, 1}, {3, 2}, {-1, 2}, {-2, 1}, {-3, 3}, {-4, 0}};
  for (const auto& [first, last] : kMoved) EXPECT_EQ(last, channels_last_axis(first, 4)) << first;
  EXPECT_EQ((Shape{2, 3, 4, 5}), to_channels_last(kImage));
  EXPECT_EQ(kImage, to_channels_first(to_channels_last(kImage)));
}

TEST(ChannelsLast, ElementByElement) {
  const ConstantPtr x = numbers(kImage);
  const ConstantPtr bools = random_tensor(DataType::kBool, kImage, 0, 1, 3);
  const ConstantPtr whole = random_tensor(DataType::kInt32, kImage, 0, 9, 3);
  const TurnedCase cases[] = {
      {"Neg", 13, {}, {x}},
      {"Relu", 14, {}, {x}},
      {"Sigmoid", 13, {}, {x}, ulp(2)},
      {"Clip", 13, {}, {x, tensor_of<float>({}, {-1}), tensor_of<float>({}, {1})}},
      {"Cast", 13, {{"to", std::int64_t{7}}}, {x}},
      {"Identity", 13, {}, {x}},
      {"Dropout", 13, {}, {x}},
      {"IsNaN", 13, {}, {x}},
      {"Not", 1, {}, {bools}},
      {"BitwiseNot", 18, {}, {whole}},
      {"Shrink", 9, {}, {x}},
      {"Add", 14, {}, {x, numbers(kImage, 2)}},
      {"Mul", 14, {}, {x, numbers({2, 5, 1, 1}, 2)}},
      {"Sub", 14, {}, {numbers({5, 1, 1, 1}), numbers({1, 5, 3, 4})}},
      {"Div", 14, {}, {x, tensor_of<float>({1}, {3})}},
      {"Pow", 15, {}, {x, tensor_of<float>({1, 1, 1, 1}, {2})}},
      {"PRelu", 16, {}, {x, numbers({1, 5, 1, 1}, 2)}},
      {"Mod", 13, {{"fmod", std::int64_t{1}}}, {x, numbers({1, 5, 1, 4}, 2)}},
      {"BitwiseAnd", 18, {}, {whole, random_tensor(DataType::kInt32, {1, 5, 1, 1}, 0, 9, 4)}},
      {"Less", 13, {}, {x, numbers({2, 1, 3, 1}, 2)}},
      {"And", 7, {}, {bools, random_tensor(DataType::kBool, {1, 5, 1, 1}, 0, 1, 4)}},
      {"Where", 16, {}, {random_tensor(DataType::kBool, {2, 5, 1, 1}, 0, 1, 4), x, tensor_of<float>({}, {7})}},
      {"Sum", 13, {}, {x, numbers({1, 5, 1, 1}, 2), numbers(kImage, 3)}},
      {"Max", 13, {}, {numbers({2, 5, 3}), numbers({1, 5, 1}, 2)}},
  };
  for (const TurnedCase& item : cases) run(item);
}

TEST(ChannelsLast, AlongAxes) {
  const ConstantPtr x = numbers(kImage);
  for (const std::int64_t axis : {0, 1, 2, 3, -1, -3}) {
    const auto other = [&](std::int64_t size) {
      Shape shape = kImage;
      shape[static_cast<std::size_t>(axis < 0 ? axis + 4 : axis)] = size;
      return numbers(shape, 2);
    };
    run({"Concat", 13, {{"axis", axis}}, {x, other(1), other(3)}});
    run({"Softmax", 13, {{"axis", axis}}, {x}, ulp(3)});
    run({"LogSoftmax", 13, {{"axis", axis}}, {x}, close(1e-6, 1e-6)});
    OpTest("Split", 13)
        .attribute("axis", axis)
        .input(other(5))
        .constant_input<std::int64_t>({2}, {2, 3})
        .expect_reference()
        .expect_reference()
        .channels_last()
        .run();
    OpTest("ReduceMean", 13).ints("axes", {axis}).input(x).channels_last().run();
    OpTest("ReduceMax", 18).input(x).constant_input<std::int64_t>({1}, {axis}).channels_last().run();
  }
  run({"Concat", 13, {{"axis", std::int64_t{1}}}, {numbers({2, 0, 3}), numbers({2, 4, 3})}});
  run({"ReduceSum", 11, {{"axes", std::vector<std::int64_t>{2, 3}}}, {x}});
  run({"ReduceL2", 18, {}, {x}});
  run({"GlobalAveragePool", 1, {}, {x}});
  run({"GlobalMaxPool", 1, {}, {numbers({2, 5, 7})}});
  run({"GlobalAveragePool", 1, {}, {numbers({0, 5, 7, 2})}});
}

TEST(ChannelsLast, PadsAndSizesStay) {
  const ConstantPtr x = numbers(kImage);
  for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
    OpTest("Pad", 19)
        .attribute("mode", std::string(mode))
        .input(x)
        .constant_input<std::int64_t>({8}, {0, 1, 2, 0, 1, 0, -1, 3})
        .channels_last()
        .run();
  }
  OpTest("Pad", 18)
      .input(x)
      .constant_input<std::int64_t>({4}, {1, 2, 3, 4})
      .constant_input<float>({}, {5})
      .constant_input<std::int64_t>({2}, {1, -1})
      .channels_last()
      .run();
  OpTest("Pad", 2).ints("pads", {0, 0, 1, 2, 0, 0, 3, 4}).input(x).channels_last().run();
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const std::vector<float>& scales : {std::vector<float>{1, 1, 2, 2}, {1, 2, 1, 0.5F}}) {
      OpTest("Resize", 13)
          .attribute("mode", std::string(mode))
          .input(x)
          .no_input()
          .constant_input<float>({4}, scales)
          .channels_last()
          .tolerance(close(1e-6, 1e-6))
          .run();
    }
  }
  OpTest("Resize", 18)
      .attribute("mode", std::string("linear"))
      .ints("axes", {3, 2})
      .input(x)
      .no_input()
      .no_input()
      .constant_input<std::int64_t>({2}, {7, 5})
      .channels_last()
      .tolerance(close(1e-6, 1e-6))
      .run();
  OpTest("Upsample", 7).floats("scales", {1, 1, 2, 3}).input(x).channels_last().run();
}

TEST(ChannelsLast, BatchNormalization) {
  for (const Shape& shape : {kImage, Shape{2, 5, 7}, Shape{0, 5, 7}, Shape{1, 37, 2, 2}}) {
    const Shape channels = {shape[1]};
    const ConstantPtr variance = random_tensor(kFloat, channels, 0.5, 2, 5);
    run({"BatchNormalization",
         15,
         {},
         {numbers(shape), numbers(channels, 2), numbers(channels, 3), numbers(channels, 4), variance},
         close(1e-5, 1e-5)});
  }
}

/// What the hook says of the node.
std::optional<ChannelsLast> asked(const char* op, int opset, const std::vector<NamedAttribute>& attributes,
                                  const std::vector<Shape>& variables, const std::vector<ConstantPtr>& constants = {}) {
  MiniGraph graph;
  std::vector<ValueId> inputs;
  for (const Shape& shape : variables) inputs.push_back(graph.variable(kFloat, to_dims(shape)));
  for (const ConstantPtr& constant : constants) inputs.push_back(graph.constant(constant));
  const ValueId y = graph.node(op, opset, attributes, inputs);
  return graph.producer(y).op->facts.channels_last(graph.view(y));
}

TEST(ChannelsLast, AllAreImagesButSingleElements) {
  EXPECT_EQ(0b11U, asked("Add", 14, {}, {kImage, {2, 5, 1, 1}})->images);
  EXPECT_EQ(0b01U, asked("Add", 14, {}, {kImage, {1}})->images);
  EXPECT_EQ(0b01U, asked("Add", 14, {}, {kImage, {1, 1, 1, 1}})->images);
  EXPECT_EQ(0b11U, asked("Add", 14, {}, {kImage}, {numbers({5, 1, 1})})->images);
  EXPECT_EQ(0b11U, asked("Add", 14, {}, {kImage}, {numbers({1, 5, 1, 1})})->images);
  EXPECT_EQ(0b1U, asked("Clip", 13, {}, {kImage, {}, {}})->images);
  EXPECT_EQ(0b1U, asked("Split", 13, {{"axis", std::int64_t{1}}}, {{2, 6, 3}})->images);
}

TEST(ChannelsLast, WhatHasNoLayoutIsLeftAlone) {
  EXPECT_FALSE(asked("Relu", 14, {}, {{2, 5}}));
  EXPECT_FALSE(asked("Add", 14, {}, {kImage, {5, 3, 4}}));
  EXPECT_FALSE(asked("Softmax", 13, {{"axis", std::int64_t{1}}}, {{2, 5}}));
  EXPECT_FALSE(asked("Softmax", 11, {{"axis", std::int64_t{1}}}, {kImage}));
  EXPECT_FALSE(asked("ReduceMean", 13, {{"keepdims", std::int64_t{0}}}, {kImage}));
  EXPECT_FALSE(asked("BatchNormalization", 7, {{"spatial", std::int64_t{0}}},
                     {kImage, {5, 3, 4}, {5, 3, 4}, {5, 3, 4}, {5, 3, 4}}));
}

}  // namespace
}  // namespace linnet::internal
