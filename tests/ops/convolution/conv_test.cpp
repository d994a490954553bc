#include <gtest/gtest.h>

#include "tests/ops/convolution/convolution_expectation.hpp"
#include "tests/ops/mini_graph.hpp"

namespace linnet::internal {
namespace {

struct PaddedCase {
  ConvolutionCase c;
  std::vector<std::int64_t> pads_end;
};

const std::vector<PaddedCase>& cases() {
  static const std::vector<PaddedCase> list = {
      {{"one element", {1, 1, 1}, {1, 1, 1}, 1, {}, {}, {}, {1}}, {}},
      {{"1-D", {2, 3, 9}, {4, 3, 3}, 1, {}, {}, {}, {7}}, {}},
      {{"1-D, uneven pads, strided and dilated, grouped", {1, 4, 11}, {6, 2, 3}, 2, {2}, {2}, {1}, {5}}, {2}},
      {{"1-D, longer than a panel", {1, 2, 150}, {9, 2, 4}, 1, {}, {}, {2}, {150}}, {1}},
      {{"1-D, stride 2, longer than a panel", {1, 2, 150}, {9, 2, 3}, 1, {2}, {}, {1}, {75}}, {1}},
      {{"1-D, stride 3", {1, 2, 150}, {9, 2, 5}, 1, {3}, {}, {1}, {49}}, {0}},
      {{"1x1", {2, 5, 3, 7}, {8, 5, 1, 1}, 1, {}, {}, {}, {3, 7}}, {}},
      {{"1x1, more outputs than a panel", {1, 20, 9, 9}, {17, 20, 1, 1}, 1, {}, {}, {}, {9, 9}}, {}},
      {{"1x1, sums of two blocks", {2, 1100, 4, 17}, {70, 1100, 1, 1}, 1, {}, {}, {}, {4, 17}}, {}},
      {{"1x1, stride 2", {1, 20, 9, 10}, {17, 20, 1, 1}, 1, {2, 2}, {}, {}, {5, 5}}, {}},
      {{"3x3", {1, 3, 6, 5}, {8, 3, 3, 3}, 1, {}, {}, {1, 1}, {6, 5}}, {1, 1}},
      {{"3x3, no padding", {2, 3, 6, 5}, {8, 3, 3, 3}, 1, {}, {}, {}, {4, 3}}, {}},
      {{"3x3, more channels than a tile", {1, 8, 10, 9}, {30, 8, 3, 3}, 1, {}, {}, {1, 1}, {10, 9}}, {1, 1}},
      {{"3x3, pads that are wider than the window", {1, 2, 3, 3}, {9, 2, 2, 2}, 1, {}, {}, {3, 4}, {8, 10}}, {3, 4}},
      {{"3x3, many channels", {2, 33, 15, 17}, {35, 33, 3, 3}, 1, {}, {}, {1, 1}, {15, 17}}, {1, 1}},
      {{"3x3, many channels, uneven pads", {1, 32, 14, 19}, {70, 32, 3, 3}, 1, {}, {}, {2, 0}, {17, 18}}, {3, 1}},
      {{"3x3, many channels, pads beyond a tile", {1, 32, 6, 9}, {32, 32, 3, 3}, 1, {}, {}, {4, 6}, {13, 19}}, {5, 6}},
      {{"3x3, many channels, long rows", {1, 32, 3, 275}, {40, 32, 3, 3}, 1, {}, {}, {1, 1}, {3, 275}}, {1, 1}},
      {{"3x3, groups of many channels", {1, 64, 14, 14}, {140, 32, 3, 3}, 2, {}, {}, {1, 1}, {14, 14}}, {1, 1}},
      {{"7x7, stride 2, three channels", {1, 3, 17, 19}, {10, 3, 7, 7}, 1, {2, 2}, {}, {3, 3}, {9, 10}}, {3, 3}},
      {{"another stride along each axis", {1, 2, 9, 11}, {9, 2, 3, 2}, 1, {1, 3}, {}, {1, 0}, {9, 4}}, {1, 1}},
      {{"another dilation along each axis", {1, 2, 9, 11}, {9, 2, 3, 2}, 1, {}, {2, 5}, {2, 3}, {8, 11}}, {1, 2}},
      {{"sums of two blocks", {1, 130, 5, 14}, {9, 130, 3, 3}, 1, {}, {}, {1, 1}, {5, 14}}, {1, 1}},
      {{"rows for two threads", {1, 16, 3, 3}, {120, 16, 3, 3}, 1, {}, {}, {1, 1}, {3, 3}}, {1, 1}},
      {{"few outputs, many rows", {2, 17, 7, 7}, {70, 17, 3, 3}, 1, {}, {}, {1, 1}, {7, 7}}, {1, 1}},
      {{"few outputs, two blocks", {1, 130, 6, 5}, {200, 130, 3, 3}, 1, {2, 1}, {}, {1, 0}, {3, 3}}, {1, 0}},
      {{"few outputs, dilated groups", {1, 40, 9, 9}, {72, 20, 3, 3}, 2, {}, {2, 1}, {0, 2}, {5, 10}}, {0, 1}},
      {{"few outputs, 1x1", {2, 40, 3, 5}, {48, 40, 1, 1}, 1, {}, {}, {}, {3, 5}}, {}},
      {{"few outputs, 1x1, stride 2", {1, 24, 9, 10}, {40, 24, 1, 1}, 1, {2, 2}, {}, {}, {5, 5}}, {}},
      {{"few outputs, 1-D", {1, 20, 12}, {33, 20, 4}, 1, {}, {}, {2}, {12}}, {1}},
      {{"few outputs, 3-D", {1, 16, 3, 4, 2}, {32, 16, 2, 3, 1}, 1, {}, {}, {1, 1, 0}, {3, 4, 2}}, {0, 1, 0}},
      {{"strided, more outputs than at once", {2, 32, 25, 30}, {64, 32, 3, 3}, 1, {2, 2}, {}, {1, 1}, {13, 15}},
       {1, 1}},
      {{"strided, two blocks", {1, 130, 21, 23}, {65, 130, 3, 3}, 1, {2, 2}, {}, {1, 0}, {11, 12}}, {1, 2}},
      {{"windows of two blocks", {1, 32, 9, 17}, {64, 32, 7, 5}, 1, {2, 1}, {}, {3, 2}, {5, 17}}, {3, 2}},
      {{"windows of pixels, strided", {2, 3, 21, 31}, {32, 3, 5, 4}, 1, {2, 3}, {}, {2, 1}, {10, 10}}, {1, 0}},
      {{"windows of pixels, strided, long rows", {2, 3, 21, 40}, {32, 3, 5, 4}, 1, {2, 3}, {}, {2, 1}, {10, 13}},
       {1, 0}},
      {{"dilated windows in groups", {2, 16, 13, 20}, {32, 8, 3, 3}, 2, {}, {3, 2}, {3, 2}, {13, 20}}, {3, 2}},
      {{"windows that meet nothing", {1, 16, 3, 14}, {16, 16, 2, 2}, 1, {}, {}, {6, 0}, {14, 13}}, {6, 0}},
      {{"windows of a row, most taps outside", {1, 32, 30}, {16, 32, 64}, 1, {}, {}, {32}, {31}}, {32}},
      {{"windows of a row in pieces", {1, 20, 61}, {16, 20, 64}, 1, {}, {}, {30}, {61}}, {33}},
      {{"windows of rows in pieces", {1, 20, 5, 33}, {16, 20, 1, 40}, 1, {}, {}, {0, 20}, {5, 30}}, {0, 16}},
      {{"windows of a row in groups, strided", {1, 32, 30}, {96, 16, 33}, 2, {2}, {}, {14}, {14}}, {16}},
      {{"one output of many channels", {3, 100, 1, 1}, {150, 100, 1, 1}, 1, {}, {}, {}, {1, 1}}, {}},
      {{"groups of 8", {2, 16, 5, 5}, {16, 8, 3, 3}, 2, {}, {}, {1, 1}, {5, 5}}, {1, 1}},
      {{"groups of 4", {2, 8, 5, 5}, {8, 4, 3, 3}, 2, {}, {}, {1, 1}, {5, 5}}, {1, 1}},
      {{"groups of 3", {1, 9, 5, 5}, {9, 3, 3, 3}, 3, {2, 2}, {}, {1, 1}, {3, 3}}, {1, 1}},
      {{"three outputs of many channels", {1, 20, 12, 11}, {3, 20, 3, 3}, 1, {}, {}, {1, 1}, {12, 11}}, {1, 1}},
      {{"one output of many channels, 1x1", {2, 9, 6, 21}, {1, 9, 1, 1}, 1, {}, {}, {}, {6, 21}}, {}},
      {{"one output of many channels, 3x3", {1, 9, 6, 21}, {1, 9, 3, 3}, 1, {}, {}, {1, 1}, {6, 21}}, {1, 1}},
      {{"one output of three channels, strided groups", {1, 6, 9, 8}, {2, 3, 3, 2}, 2, {2, 1}, {}, {1, 0}, {5, 8}},
       {1, 1}},
      {{"depthwise", {2, 5, 7, 7}, {5, 1, 3, 3}, 5, {}, {}, {1, 1}, {7, 7}}, {1, 1}},
      {{"depthwise, stride 2", {1, 5, 14, 13}, {5, 1, 3, 3}, 5, {2, 2}, {}, {0, 1}, {7, 7}}, {1, 1}},
      {{"depthwise, stride 2, 5x5", {2, 3, 15, 41}, {3, 1, 5, 5}, 3, {2, 2}, {}, {2, 2}, {8, 21}}, {2, 2}},
      {{"depthwise, stride 2, wide pads", {1, 3, 6, 5}, {3, 1, 5, 5}, 3, {2, 2}, {}, {8, 7}, {9, 8}}, {7, 7}},
      {{"depthwise, stride 3 and 2, dilated", {1, 3, 14, 23}, {3, 1, 3, 3}, 3, {3, 2}, {2, 3}, {2, 1}, {5, 10}},
       {1, 1}},
      {{"depthwise, 5x5 on a wide row", {1, 2, 6, 150}, {2, 1, 5, 5}, 2, {}, {}, {2, 2}, {6, 150}}, {2, 2}},
      {{"depthwise, 3x3 on a wide row", {1, 2, 12, 130}, {2, 1, 3, 3}, 2, {}, {}, {1, 0}, {12, 129}}, {1, 1}},
      {{"depthwise, 7x7", {1, 3, 9, 60}, {3, 1, 7, 7}, 3, {1, 2}, {}, {3, 2}, {9, 29}}, {3, 1}},
      {{"depthwise, larger than X", {1, 2, 6, 20}, {2, 1, 13, 13}, 2, {}, {}, {6, 6}, {6, 20}}, {6, 6}},
      {{"depthwise, as wide as X", {2, 3, 14, 17}, {3, 1, 13, 15}, 3, {}, {}, {6, 7}, {14, 17}}, {6, 7}},
      {{"depthwise, as wide as X, uneven pads", {1, 3, 20, 17}, {3, 1, 5, 11}, 3, {}, {}, {9, 0}, {27, 9}}, {2, 2}},
      {{"depthwise, wider than X", {1, 2, 6, 7}, {2, 1, 9, 21}, 2, {}, {}, {5, 14}, {14, 9}}, {11, 8}},
      {{"depthwise, rows that meet nothing", {1, 2, 2, 20}, {2, 1, 2, 2}, 2, {}, {}, {15, 1}, {31, 21}}, {15, 1}},
      {{"depthwise, several outputs a channel", {2, 3, 6, 6}, {9, 1, 3, 3}, 3, {}, {}, {1, 1}, {6, 6}}, {1, 1}},
      {{"depthwise, 1-D", {1, 4, 40}, {4, 1, 7}, 4, {}, {}, {3}, {40}}, {3}},
      {{"depthwise, no padding", {1, 4, 8, 8}, {4, 1, 2, 2}, 4, {2, 2}, {}, {}, {4, 4}}, {}},
      {{"depthwise, more taps than a chain", {1, 2, 12, 20}, {2, 1, 12, 12}, 2, {}, {}, {0, 3}, {1, 14}}, {0, 2}},
      {{"depthwise, taps too far apart for a copy", {1, 2, 5}, {2, 1, 2}, 2, {1000000}, {1000000}, {1000000}, {2}},
       {999999}},
      {{"3-D", {1, 2, 4, 5, 6}, {8, 2, 3, 2, 3}, 1, {2, 1, 1}, {}, {1, 0, 1}, {2, 4, 6}}, {1, 0, 1}},
      {{"3-D depthwise", {1, 3, 4, 5, 6}, {3, 1, 3, 3, 3}, 3, {1, 2, 1}, {}, {1, 1, 1}, {4, 3, 6}}, {1, 1, 1}},
      {{"4-D", {1, 2, 3, 3, 2, 4}, {9, 2, 2, 2, 2, 2}, 1, {}, {}, {}, {2, 2, 1, 3}}, {}},
      {{"one output", {3, 12, 1, 1}, {10, 12, 1, 1}, 1, {}, {}, {}, {1, 1}}, {}},
      {{"no images", {0, 3, 5, 5}, {8, 3, 3, 3}, 1, {}, {}, {}, {3, 3}}, {}},
      {{"no channels", {1, 0, 5, 5}, {2, 0, 3, 3}, 1, {}, {}, {}, {3, 3}}, {}},
      {{"no outputs", {1, 3, 5, 5}, {0, 3, 3, 3}, 1, {}, {}, {}, {3, 3}}, {}},
  };
  return list;
}

TEST(Conv, SumsTapsOverChannels) {
  for (const PaddedCase& item : cases()) {
    for (const bool bias : {false, true}) {
      OpTest test = convolution_test(item.c, false, DataType::kFloat32, bias);
      with_window(test, item.c, item.pads_end).run();
    }
  }
}

TEST(Conv, SumsTapsWithChannelsLast) {
  for (const PaddedCase& item : cases()) {
    OpTest test = convolution_test(item.c, false, DataType::kFloat32, true, 22, true);
    with_window(test, item.c, item.pads_end).run();
  }
}

TEST(Conv, WidensHalves) {
  std::size_t turn = 0;  // with sanitizers, the two types take turns
  for (const PaddedCase& item : cases()) {
    ++turn;
    for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
      if (LINNET_SANITIZED && (type == DataType::kFloat16) == (turn % 2 == 0)) continue;
      OpTest test = convolution_test(item.c, false, type, true);
      with_window(test, item.c, item.pads_end).run();
    }
  }
}

TEST(Conv, TakesEveryTypeAtEveryOpset) {
  const ConvolutionCase c = {"types", {1, 4, 5, 6}, {4, 2, 3, 3}, 2, {1, 2}, {}, {1, 1}, {5, 3}};
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    for (const int opset : {1, 11, 22}) {
      OpTest test = convolution_test(c, false, type, true, opset);
      with_window(test, c, {1, 1}).ints("kernel_shape", {3, 3}).run();
    }
  }
}

TEST(Conv, TakesEveryTypeWithChannelsLast) {
  const ConvolutionCase c = {"types", {1, 4, 5, 6}, {4, 2, 3, 3}, 2, {1, 2}, {}, {1, 1}, {5, 3}};
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    OpTest test = convolution_test(c, false, type, false, 22, true);
    with_window(test, c, {1, 1}).expect_implementations({"reference"}).run();  // W is given at run time
  }
}

TEST(Conv, ChoosesAnImplementationByType) {
  const ConvolutionCase c = {"types", {1, 4, 5}, {4, 4, 1}, 1, {}, {}, {}, {5}};
  const auto expect = [&](DataType type, std::vector<std::string> names) {
    convolution_test(c, false, type, false).expect_implementations(std::move(names)).run();
  };
  expect(DataType::kFloat32, {"simd", "reference"});
  expect(DataType::kFloat16, {"simd half", "reference"});
  expect(DataType::kBfloat16, {"simd half", "reference"});
  expect(DataType::kFloat64, {"reference"});
}

TEST(Conv, PadsByItself) {
  struct Automatic {
    const char* auto_pad;
    ConvolutionCase c;
  };
  const Automatic list[] = {
      {"SAME_UPPER", {"odd pad at the end", {1, 2, 6, 7}, {3, 2, 3, 2}, 1, {2, 1}, {}, {0, 0}, {3, 7}}},
      {"SAME_LOWER", {"odd pad at the beginning", {1, 2, 6, 7}, {3, 2, 3, 2}, 1, {2, 1}, {}, {1, 1}, {3, 7}}},
      {"SAME_UPPER", {"dilated and strided", {1, 1, 10}, {1, 1, 3}, 1, {2}, {2}, {1}, {5}}},
      {"SAME_UPPER", {"a stride beyond the window", {1, 2, 7, 7}, {9, 2, 1, 1}, 1, {3, 3}, {}, {}, {3, 3}}},
      {"VALID", {"none", {1, 2, 6, 7}, {9, 2, 3, 2}, 1, {}, {}, {}, {4, 6}}},
  };
  for (const Automatic& item : list) {
    OpTest test = convolution_test(item.c, false, DataType::kFloat32, true);
    if (!item.c.strides.empty()) test.ints("strides", item.c.strides);
    if (!item.c.dilations.empty()) test.ints("dilations", item.c.dilations);
    test.attribute("auto_pad", std::string(item.auto_pad)).run();
  }
}

TEST(Conv, KeepsDigitsOfLongSums) {
  // As a product and as tap sums. One chain of so many equal terms would be off by 5e-5 of the sum.
  constexpr std::int64_t kTaps = 4500;
  const std::vector<float> tenths(kTaps, 0.1F);
  const auto sum = static_cast<float>(static_cast<double>(0.1F) * kTaps);
  for (const std::int64_t channels : {std::int64_t{1}, std::int64_t{8}}) {
    const auto count = static_cast<std::size_t>(channels);
    OpTest("Conv", 11)
        .input<float>({1, 1, kTaps}, tenths)
        .input<float>({channels, 1, kTaps}, std::vector<float>(count * kTaps, 1.0F))
        .expect<float>({1, channels, 1}, std::vector<float>(count, sum))
        .tolerance(close(1.5e-6, 0))
        .run();
  }
}

TEST(Conv, GivesTheSameBitsEverywhere) {
  // Every inner output sees the same elements, whatever panel, band or row of the image it lies in.
  struct Layout {
    Shape x, w;
    std::int64_t group;
  };
  for (const Layout& layout : {Layout{{1, 40, 1, 300}, {16, 40, 1, 5}, 1}, Layout{{1, 3, 30, 31}, {9, 3, 3, 3}, 1},
                               Layout{{1, 6, 30, 31}, {6, 1, 3, 3}, 6}, Layout{{1, 16, 40, 60}, {64, 16, 7, 5}, 1},
                               Layout{{1, 150, 9, 31}, {9, 150, 3, 3}, 1}}) {
    SCOPED_TRACE(text("W ", layout.w));
    std::vector<float> values;
    const ConstantPtr of_channel = random_tensor(DataType::kFloat32, {layout.x[1]}, -1, 1, 4);
    const std::int64_t plane = layout.x[2] * layout.x[3];
    for (std::int64_t i = 0; i < layout.x[1] * plane; ++i) values.push_back(of_channel->as<float>()[i / plane]);
    MiniGraph graph;
    const ValueId y = graph.node("Conv", 11, {{"group", layout.group}},
                                 {graph.constant(tensor_of<float>(layout.x, values)),
                                  graph.constant(random_tensor(DataType::kFloat32, layout.w, -1, 1, 5))});
    const ConstantPtr result = graph.evaluate(y, Backend::kSimd);
    const std::int64_t outputs = result->shape[2] * result->shape[3];
    for (std::int64_t i = 0; i < result->count(); ++i) {
      ASSERT_EQ(result->as<float>()[i / outputs * outputs], result->as<float>()[i]) << "element " << i;
    }
  }
}

TEST(Conv, SplitsLargeOnes) {
  const ConvolutionCase list[] = {
      {"many panels", {1, 8, 120, 70}, {16, 8, 1, 1}, 1, {}, {}, {}, {120, 70}},
      {"bands of a plane", {1, 2, 300, 250}, {2, 1, 1, 2}, 2, {1, 2}, {}, {}, {300, 125}},
      {"bands of windows", {1, 8, 90, 120}, {16, 8, 3, 3}, 1, {}, {}, {}, {88, 118}},
      {"bands of windows of a row", {1, 8, 9000}, {32, 8, 3}, 1, {2}, {}, {}, {4499}},
      {"bands of a row", {1, 1, 70000}, {1, 1, 3}, 1, {}, {}, {}, {69998}},
      {"halved bands of a plane", {1, 2, 300, 250}, {2, 1, 3, 3}, 2, {2, 2}, {}, {1, 1}, {150, 125}},
      {"halved bands of a row", {1, 1, 1, 90000}, {1, 1, 3, 3}, 1, {2, 2}, {}, {1, 1}, {1, 45000}},
      {"groups in tasks", {1, 40, 40, 40}, {40, 1, 2, 2}, 40, {}, {}, {}, {39, 39}},
  };
  for (const ConvolutionCase& c : list) {
    OpTest test = convolution_test(c, false, DataType::kFloat32, true);
    with_window(test, c, c.pads).implementation("simd").run();
  }
}

TEST(Conv, InfersSymbolicShapes) {
  OpTest("Conv", 11)
      .symbolic_input(DataType::kFloat32, {"batch", 3, "height", "width"})
      .symbolic_input(DataType::kFloat32, {8, 3, 3, 3})
      .ints("pads", {1, 1, 1, 0})
      .expect_dims(DataType::kFloat32, {"batch", 8, "height", "?"})
      .infer_only();
  OpTest("Conv", 11)
      .symbolic_input(DataType::kFloat16, {"batch", "?", 10, "width"})
      .symbolic_input(DataType::kFloat16, {"?", "?", "?", "?"})
      .symbolic_input(DataType::kFloat16, {12})
      .ints("kernel_shape", {3, 5})
      .ints("strides", {2, 1})
      .expect_dims(DataType::kFloat16, {"batch", 12, 4, "?"})
      .infer_only();
}

TEST(Conv, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Shape& w, std::int64_t group, const char* words) {
    OpTest("Conv", 11)
        .attribute("group", group)
        .random_input(DataType::kFloat32, x, -1, 1)
        .random_input(DataType::kFloat32, w, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({1, 3}, {1, 3}, 1, "input X is [1,3] with rank 2, expected rank 3 or more");
  refused({1, 3, 5}, {1, 3, 5, 5}, 1, "input W is [1,3,5,5] with rank 4 but X is [1,3,5]: ranks differ");
  refused({1, 3, 5}, {2, 4, 1}, 1, "X has 3 channels in 1 group, but W is [2,4,1]");
  refused({1, 3, 5}, {2, 1, 1}, 2, "X has 3 channels, no multiple of group 2");
  refused({1, 4, 5}, {3, 2, 1}, 2, "Y has 3 channels, no multiple of group 2");
  refused({1, 4, 5}, {4, 4, 1}, 0, "group is 0, expected 1 or more");
  refused({1, 1, 5}, {1, 1, 6}, 1, "has no place for a window of 6");
  refused({1, 1, 0}, {1, 1, 1}, 1, "has no place for a window of 1");
  refused({1, 1, 5}, {1, 1, 0}, 1, "the kernel has 0 elements along spatial axis 0");
  OpTest("Conv", 11)
      .ints("kernel_shape", {2})
      .input<float>({1, 1, 5}, {1, 2, 3, 4, 5})
      .input<float>({1, 1, 3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "kernel_shape is [2] but W is [1,1,3]")
      .run();
  OpTest("Conv", 11)
      .input<float>({1, 1, 2}, {1, 2})
      .input<float>({2, 1, 1}, {1, 2})
      .input<float>({3}, {1, 2, 3})
      .expect_error(ErrorCode::kInvalidModel, "input B is [3], expected [2], one for each channel of Y")
      .run();
  OpTest("Conv", 11)
      .input<float>({1, 1, 2}, {1, 2})
      .input<double>({2, 1, 1}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input W is float64, but X is float32")
      .run();
  OpTest("Conv", 11)
      .input<std::int32_t>({1, 1, 2}, {1, 2})
      .input<std::int32_t>({2, 1, 1}, {1, 2})
      .expect_error(ErrorCode::kInvalidModel, "input X is int32, expected")
      .run();
}

}  // namespace
}  // namespace linnet::internal
