#include <gtest/gtest.h>

#include "tests/ops/convolution/convolution_expectation.hpp"

namespace linnet::internal {
namespace {

struct TransposedCase {
  ConvolutionCase c;
  std::vector<std::int64_t> pads_end, output_padding;
};

const std::vector<TransposedCase>& cases() {
  static const std::vector<TransposedCase> list = {
      {{"one element", {1, 1, 1}, {1, 1, 1}, 1, {}, {}, {}, {1}}, {}, {}},
      {{"1-D", {2, 3, 5}, {3, 4, 3}, 1, {}, {}, {}, {7}}, {}, {}},
      {{"1-D, strided and dilated, grouped", {1, 4, 6}, {4, 2, 3}, 2, {2}, {3}, {}, {17}}, {}, {}},
      {{"1-D, stride 8 and kernel 16", {1, 3, 9}, {3, 2, 16}, 1, {8}, {}, {4}, {72}}, {4}, {}},
      {{"1-D, one output channel and many phases", {1, 5, 9}, {5, 1, 12}, 1, {4}, {}, {}, {44}}, {}, {}},
      {{"1-D, longer than a panel", {1, 3, 150}, {3, 9, 3}, 1, {}, {}, {1}, {150}}, {1}, {}},
      {{"3x3", {1, 3, 4, 5}, {3, 8, 3, 3}, 1, {}, {}, {1, 1}, {4, 5}}, {1, 1}, {}},
      {{"2x2, stride 2: windows that do not overlap", {2, 5, 4, 3}, {5, 9, 2, 2}, 1, {2, 2}, {}, {}, {8, 6}}, {}, {}},
      {{"2x2, stride 2, cut on both sides", {1, 5, 4, 3}, {5, 9, 2, 2}, 1, {2, 2}, {}, {1, 1}, {6, 4}}, {1, 1}, {}},
      {{"2x2, stride 2, longer than a panel", {1, 3, 9, 20}, {3, 10, 2, 2}, 1, {2, 2}, {}, {}, {18, 40}}, {}, {}},
      {{"4x4, stride 2", {1, 5, 4, 3}, {5, 9, 4, 4}, 1, {2, 2}, {}, {1, 1}, {8, 6}}, {1, 1}, {}},
      {{"3x3, stride 2, output_padding", {1, 5, 4, 3}, {5, 9, 3, 3}, 1, {2, 2}, {}, {1, 1}, {8, 6}}, {1, 1}, {1, 1}},
      {{"uneven pads, output_padding of one axis", {1, 2, 4, 3}, {2, 9, 3, 3}, 1, {3, 2}, {}, {1, 0}, {12, 5}},
       {0, 2},
       {1, 0}},
      {{"stride beyond the window: elements of B alone", {1, 2, 3, 3}, {2, 9, 2, 1}, 1, {3, 2}, {}, {}, {8, 5}},
       {},
       {}},
      {{"output_padding beyond the stride", {1, 2, 3}, {2, 9, 2}, 1, {2}, {}, {}, {11}}, {}, {5}},
      {{"dilation that misses phases", {1, 2, 5}, {2, 9, 3}, 1, {2}, {2}, {}, {13}}, {}, {}},
      {{"pads that leave one element", {1, 2, 4}, {2, 9, 3}, 1, {}, {}, {3}, {1}}, {2}, {}},
      {{"rows of several tasks, one column more", {1, 3, 4, 9}, {3, 130, 2, 2}, 1, {2, 2}, {}, {}, {8, 19}},
       {},
       {0, 1}},
      {{"more phases than rows of a task", {1, 2, 40}, {2, 1, 500}, 1, {250}, {}, {}, {10250}}, {}, {}},
      {{"rows of several tasks", {1, 3, 4, 4}, {3, 100, 2, 2}, 1, {2, 2}, {}, {}, {8, 8}}, {}, {}},
      {{"sums of two blocks", {1, 300, 6}, {300, 9, 8}, 1, {2}, {}, {3}, {12}}, {3}, {}},
      {{"depthwise", {1, 4, 5, 6}, {4, 1, 3, 3}, 4, {}, {}, {1, 1}, {5, 6}}, {1, 1}, {}},
      {{"depthwise, 4x4, stride 2", {2, 3, 5, 6}, {3, 1, 4, 4}, 3, {2, 2}, {}, {1, 1}, {10, 12}}, {1, 1}, {}},
      {{"depthwise, stride beyond the window", {1, 3, 4, 3}, {3, 1, 1, 2}, 3, {2, 3}, {}, {}, {7, 8}}, {}, {}},
      {{"3-D, 2x2x2, stride 2", {1, 3, 2, 3, 4}, {3, 4, 2, 2, 2}, 1, {2, 2, 2}, {}, {}, {4, 6, 8}}, {}, {}},
      {{"3-D, overlapping", {1, 2, 2, 3, 4}, {2, 9, 3, 2, 3}, 1, {2, 1, 2}, {}, {1, 0, 1}, {3, 4, 7}}, {1, 0, 1}, {}},
      {{"3-D depthwise", {1, 2, 2, 3, 4}, {2, 1, 3, 3, 3}, 2, {2, 2, 1}, {}, {1, 1, 1}, {3, 5, 4}}, {1, 1, 1}, {}},
      {{"a single element", {2, 5, 1, 1}, {5, 9, 4, 3}, 1, {}, {}, {}, {4, 3}}, {}, {}},
      {{"a single element, dilated and cut", {1, 5, 1, 1}, {5, 9, 4, 3}, 1, {}, {2, 1}, {1, 1}, {5, 1}}, {1, 1}, {}},
      {{"a single element and elements of B alone", {1, 4, 1}, {4, 9, 3}, 2, {2}, {2}, {}, {9}}, {}, {4}},
      {{"no images", {0, 3, 5}, {3, 4, 3}, 1, {}, {}, {}, {7}}, {}, {}},
      {{"no channels", {1, 0, 5}, {0, 4, 3}, 1, {}, {}, {}, {7}}, {}, {}},
      {{"no outputs", {1, 3, 5}, {3, 0, 3}, 1, {}, {}, {}, {7}}, {}, {}},
  };
  return list;
}

TEST(ConvTranspose, AddsWindows) {
  for (const TransposedCase& item : cases()) {
    for (const bool bias : {false, true}) {
      OpTest test = convolution_test(item.c, true, DataType::kFloat32, bias);
      if (!item.output_padding.empty()) test.ints("output_padding", item.output_padding);
      with_window(test, item.c, item.pads_end).run();
    }
  }
}

TEST(ConvTranspose, AddsWindowsWithChannelsLast) {
  for (const TransposedCase& item : cases()) {
    for (const bool bias : {false, true}) {
      OpTest test = convolution_test(item.c, true, DataType::kFloat32, bias, 22, true);
      if (!item.output_padding.empty()) test.ints("output_padding", item.output_padding);
      with_window(test, item.c, item.pads_end).run();
    }
  }
}

TEST(ConvTranspose, WidensHalves) {
  for (const TransposedCase& item : cases()) {
    for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
      OpTest test = convolution_test(item.c, true, type, true);
      if (!item.output_padding.empty()) test.ints("output_padding", item.output_padding);
      with_window(test, item.c, item.pads_end).run();
    }
  }
}

TEST(ConvTranspose, TakesEveryTypeAtEveryOpset) {
  const ConvolutionCase c = {"types", {1, 4, 3, 4}, {4, 2, 3, 3}, 2, {1, 2}, {}, {1, 1}, {3, 7}};
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16, DataType::kBfloat16}) {
    for (const int opset : {1, 11, 22}) {
      OpTest test = convolution_test(c, true, type, true, opset);
      with_window(test, c, {1, 1}).ints("kernel_shape", {3, 3}).run();
    }
  }
}

TEST(ConvTranspose, FindsPadsForTheOutput) {
  struct Automatic {
    const char* auto_pad;
    std::vector<std::int64_t> output_shape, output_padding;
    ConvolutionCase c;
  };
  const Automatic list[] = {
      {"SAME_UPPER", {}, {}, {"odd pad at the end", {1, 2, 4, 3}, {2, 9, 3, 4}, 1, {2, 1}, {}, {0, 1}, {8, 3}}},
      {"SAME_LOWER", {}, {}, {"odd pad at the beginning", {1, 2, 4, 3}, {2, 9, 3, 4}, 1, {2, 1}, {}, {1, 2}, {8, 3}}},
      {"SAME_UPPER",
       {},
       {1, 1},
       {"two pads with output_padding", {1, 2, 4, 3}, {2, 9, 3, 3}, 1, {2, 2}, {}, {1, 1}, {8, 6}}},
      {"SAME_UPPER", {}, {}, {"a stride beyond the window", {1, 2, 4}, {2, 9, 1}, 1, {3}, {}, {}, {12}}},
      {"VALID", {}, {}, {"none", {1, 2, 4}, {2, 9, 3}, 1, {}, {}, {}, {6}}},
      {"NOTSET", {9, 6}, {}, {"output_shape cuts", {1, 2, 4, 3}, {2, 9, 4, 4}, 1, {2, 2}, {}, {1, 1}, {9, 6}}},
      {"SAME_UPPER",
       {9, 6},
       {},
       {"output_shape cuts, more at the end", {1, 2, 4, 3}, {2, 9, 4, 4}, 1, {2, 2}, {}, {0, 1}, {9, 6}}},
      {"NOTSET",
       {10, 8},
       {},
       {"output_shape beyond all windows", {1, 1, 3, 3}, {1, 2, 3, 3}, 1, {3, 2}, {}, {}, {10, 8}}},
      {"NOTSET",
       {1, 2, 10, 8},
       {},
       {"output_shape with N and C", {1, 1, 3, 3}, {1, 2, 3, 3}, 1, {3, 2}, {}, {}, {10, 8}}},
  };
  for (const Automatic& item : list) {
    OpTest test = convolution_test(item.c, true, DataType::kFloat32, true);
    if (!item.c.strides.empty()) test.ints("strides", item.c.strides);
    if (!item.output_shape.empty()) test.ints("output_shape", item.output_shape);
    if (!item.output_padding.empty()) test.ints("output_padding", item.output_padding);
    test.attribute("auto_pad", std::string(item.auto_pad)).run();
  }
}

TEST(ConvTranspose, LeavesManyKindsOfOutputsToTheReference) {
  // Each of 20 x 20 taps reaches outputs of its own.
  const ConvolutionCase c = {"kinds", {1, 1, 2, 2}, {1, 1, 20, 20}, 1, {20, 20}, {21, 21}, {}, {420, 420}};
  OpTest test = convolution_test(c, true, DataType::kFloat32, false);
  with_window(test, c, {}).expect_implementations({"reference"}).run();
}

TEST(ConvTranspose, InfersSymbolicShapes) {
  OpTest("ConvTranspose", 11)
      .symbolic_input(DataType::kFloat32, {"batch", 6, "height", "width"})
      .symbolic_input(DataType::kFloat32, {6, 4, 3, 3})
      .attribute("group", std::int64_t{2})
      .ints("pads", {1, 1, 1, 0})
      .expect_dims(DataType::kFloat32, {"batch", 8, "height", "?"})
      .infer_only();
  OpTest("ConvTranspose", 11)
      .symbolic_input(DataType::kFloat32, {"batch", "?", "height", 7})
      .symbolic_input(DataType::kFloat32, {"?", "?", "?", "?"})
      .ints("output_shape", {9, 30})
      .ints("strides", {2, 4})
      .expect_dims(DataType::kFloat32, {"batch", "?", 9, 30})
      .infer_only();
  OpTest("ConvTranspose", 11)
      .symbolic_input(DataType::kFloat32, {"batch", "?", "height", 7})
      .symbolic_input(DataType::kFloat32, {"?", 5, "?", "?"})
      .attribute("auto_pad", std::string("SAME_LOWER"))
      .ints("strides", {1, 4})
      .expect_dims(DataType::kFloat32, {"batch", 5, "height", 28})
      .infer_only();
}

TEST(ConvTranspose, SaysWhatIsWrong) {
  const auto refused = [](const Shape& x, const Shape& w, std::int64_t group, const char* words) {
    OpTest("ConvTranspose", 11)
        .attribute("group", group)
        .random_input(DataType::kFloat32, x, -1, 1)
        .random_input(DataType::kFloat32, w, -1, 1)
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({1, 3, 5}, {2, 4, 1}, 1, "input X is [1,3,5] but W is [2,4,1]: channels differ");
  refused({1, 3, 5}, {3, 1, 1}, 2, "X has 3 channels, no multiple of group 2");
  refused({1, 1, 0}, {1, 1, 1}, 1, "spatial axis 0 of X has 0 elements, expected 1 to");
  refused({1, 1, 5}, {1, 1, 0}, 1, "the kernel has 0 elements along spatial axis 0");
  const auto refused_list = [](const char* name, std::vector<std::int64_t> list, const char* words) {
    OpTest("ConvTranspose", 11)
        .ints(name, std::move(list))
        .input<float>({1, 1, 2}, {1, 2})
        .input<float>({1, 1, 2}, {1, 2})
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused_list("output_padding", {1, 1}, "output_padding [1,1] has 2 elements, expected 1, one for each spatial axis");
  refused_list("output_padding", {-1}, "output_padding [-1] has -1, expected numbers from 0 to");
  refused_list("output_shape", {1, 1}, "output_shape [1,1] has 2 elements, expected 1, one for each spatial axis");
  refused_list("output_shape", {0}, "output_shape [0] has 0, expected numbers from 1 to");
  refused_list("pads", {2, 1}, "pads 2 and 1 leave nothing of the 3 elements of spatial axis 0");
}

}  // namespace
}  // namespace linnet::internal
