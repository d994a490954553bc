// Loops whose shapes data decides, from a model's bytes to its outputs. Expected values are what the same statements
// give in C++.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "tests/api/control_flow.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

/// while (s < limit && i < most) { s = s + s + x; pieces += s; list += i; }
std::string doubling() {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("s")
                               .input("list")
                               .node("Add", {"s", "s"}, {"twice"})
                               .node("Add", {"twice", "x"}, {"s2"})
                               .node("Less", {"s2", "limit"}, {"next"})
                               .node("Unsqueeze", {"i", "axis"}, {"number"})
                               .node("Concat", {"list", "number"}, {"longer"}, {attribute("axis", 0)})
                               .output("next")
                               .output("s2")
                               .output("longer")
                               .output("s2");
  return model()
      .opset(13)
      .input("M", DataType::kInt64, {})
      .input("x", DataType::kFloat32, {})
      .input("limit", DataType::kFloat32, {})
      .initializer<float>("start", {}, {1})
      .initializer<std::int64_t>("axis", {1}, {0})
      .initializer<std::int64_t>("empty", {0}, {})
      .node("Loop", {"M", "", "start", "empty"}, {"s", "list", "pieces"}, {body.as("body")}, "doubling")
      .node("Neg", {"pieces"}, {"negative"})
      .output("s")
      .output("list")
      .output("negative")
      .bytes();
}

TEST(Stages, StackAsManyPiecesAsDataAllows) {
  for (const int threads : {1, 2}) {
    const Model model = load(doubling(), options_for(Backend::kAuto, threads));
    for (const std::int64_t most : {0, 1, 3, 100}) {
      for (const float limit : {0.0F, 5.0F, 100.0F}) {
        float s = 1;
        std::vector<std::int64_t> list;
        std::vector<float> pieces;
        for (bool goes_on = true; goes_on && static_cast<std::int64_t>(list.size()) < most; goes_on = s < limit) {
          s = s + s + 0.5F;
          list.push_back(static_cast<std::int64_t>(list.size()));
          pieces.push_back(-s);
        }
        const auto outputs = model.run({number(most), tensor_with<float>({}, {0.5F}), tensor_with<float>({}, {limit})});
        EXPECT_THAT(values_of(outputs[0]), ElementsAre(s)) << most << " " << limit;
        EXPECT_THAT(values_of<std::int64_t>(outputs[1]), ElementsAreArray(list)) << most << " " << limit;
        EXPECT_THAT(values_of(outputs[2]), ElementsAreArray(pieces)) << most << " " << limit;
      }
    }
  }
}

/// Takes the largest element out, again and again: each iteration has one element less, or more of equal ones.
TEST(Stages, RunLoopsWhoseStatesShrinkAsDataDecides) {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("left")
                               .node("ReduceMax", {"left"}, {"largest"}, {attribute("keepdims", 0)})
                               .node("Less", {"left", "largest"}, {"smaller"})
                               .node("Compress", {"left", "smaller"}, {"fewer"}, {attribute("axis", 0)})
                               .node("Size", {"fewer"}, {"size"})
                               .node("Cast", {"size"}, {"next"}, {attribute("to", 9)})
                               .output("next")
                               .output("fewer")
                               .output("largest")
                               .output("left");
  ModelWriter writer = model();
  writer.opset(13)
      .input("x", DataType::kFloat32, {"n"})
      .node("Loop", {"", "", "x"}, {"rest", "largest"}, {body.as("body")})
      .output("rest")
      .output("largest");
  const auto outputs = run_model(writer.bytes(), {floats({3, 1, 4, 1, 5, 4})});
  EXPECT_THAT(values_of(outputs[0]), IsEmpty());
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(5, 4, 3, 1));
}

TEST(Stages, RefusePiecesOfDifferentShapes) {
  const GraphWriter body =
      GraphWriter().input("s").input("row").node("NonZero", {"row"}, {"piece"}).output("s").output("piece");
  ModelWriter writer = model();
  writer.opset(13)
      .input("x", DataType::kFloat32, {"n", "m"})
      .initializer<float>("start", {}, {1})
      .node("Scan", {"start", "x"}, {"s", "pieces"},
            {body.as("body"), attribute("num_scan_inputs", 1),
             attribute("scan_output_axes", std::vector<std::int64_t>{1}),
             attribute("scan_output_directions", std::vector<std::int64_t>{1})},
            "rows")
      .output("pieces");
  const Model model = load(writer.bytes(), options_for(Backend::kAuto));
  const Tensor pieces = model.run({tensor_with<float>({3, 3}, {0, 1, 0, 2, 0, 0, 0, 0, 3})})[0];
  EXPECT_EQ(pieces.shape(), (Shape{1, 3, 1}));
  EXPECT_THAT(values_of<std::int64_t>(pieces), ElementsAre(2, 0, 1));
  EXPECT_THAT(error_of(
                  [&] {
                    model.run({tensor_with<float>({2, 2}, {0, 1, 1, 1})});
                  },
                  ErrorCode::kRuntimeFault),
              HasSubstr("Scan node \"rows\" (opset 13): output 1 stacks [1,2] of iteration 1"));
  EXPECT_EQ(model.run({tensor_with<float>({0, 2}, {})})[0].shape(), (Shape{1, 0, 0}));
}

/// while (goes_on) { list = list + x; goes_on = ... }, stacked, so that data ends the loop.
std::string ended_by(const GraphWriter& last) {
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"n"})
      .node("Loop", {"", "", "x"}, {"y", "pieces"}, {last.as("body")}, "ended")
      .output("pieces")
      .bytes();
}

TEST(Stages, RefuseConditionsThatAreNotOneBoolean) {
  GraphWriter number;
  number.input("i").input("goes_on").input("s").node("Neg", {"s"}, {"s2"}).output("s2").output("s2").output("s2");
  EXPECT_THAT(error_of([&] { load(ended_by(number)); }, ErrorCode::kInvalidModel),
              HasSubstr("output 0 of the body is float32, expected bool: whether to go on"));
  GraphWriter many;
  many.input("i").input("goes_on").input("s").node("Less", {"s", "x"}, {"less"}).output("less").output("s").output("s");
  const Model model = load(ended_by(many), options_for(Backend::kAuto));
  EXPECT_EQ(model.run({floats({1})})[0].shape(), (Shape{1, 1}));
  EXPECT_THAT(error_of(
                  [&] {
                    model.run({floats({1, 2})});
                  },
                  ErrorCode::kRuntimeFault),
              HasSubstr("Loop node \"ended\" (opset 13): output 0 of the body has the shape [2] in iteration 0"));
}

TEST(Stages, ExchangeStatesThatPassThrough) {
  // (a, b) = (f(a), a): what is handed on unchanged is not overwritten by the next iteration.
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("a")
                               .input("b")
                               .node("NonZero", {"a"}, {"indices"})
                               .node("Size", {"indices"}, {"count"})
                               .node("Cast", {"count"}, {"number"}, {attribute("to", 1)})
                               .node("Add", {"a", "number"}, {"a2"})
                               .output("goes_on")
                               .output("a2")
                               .output("a")
                               .output("b");
  ModelWriter writer = model();
  writer.opset(13)
      .input("x", DataType::kFloat32, {2})
      .initializer<std::int64_t>("M", {}, {4})
      .node("Loop", {"M", "", "x", "x"}, {"a", "b", "pieces"}, {body.as("body")})
      .output("a")
      .output("b")
      .output("pieces");
  const auto outputs = run_model(writer.bytes(), {floats({0, 1})});
  EXPECT_THAT(values_of(outputs[0]), ElementsAre(7, 8));
  EXPECT_THAT(values_of(outputs[1]), ElementsAre(5, 6));
  EXPECT_EQ(outputs[2].shape(), (Shape{4, 2}));
  EXPECT_THAT(values_of(outputs[2]), ElementsAre(0, 1, 0, 1, 1, 2, 3, 4));
}

TEST(Stages, AreCancelled) {
  const Model model = load(doubling(), options_for(Backend::kAuto));
  CancelToken cancel;
  cancel.cancel();
  RunOptions until;
  until.cancel = &cancel;
  const std::vector<Tensor> inputs = {number(5), tensor_with<float>({}, {1}), tensor_with<float>({}, {1e9F})};
  error_of([&] { model.run(inputs, until); }, ErrorCode::kCancelled);
  // x = 0: the loop would never end by itself.
  RunOptions short_run;
  short_run.timeout = std::chrono::milliseconds(20);
  const std::vector<Tensor> endless = {number(INT64_MAX), tensor_with<float>({}, {-1}), tensor_with<float>({}, {2})};
  error_of([&] { model.run(endless, short_run); }, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(model.run(inputs)[2].shape(), Shape{5});
}

}  // namespace
}  // namespace linnet::test
