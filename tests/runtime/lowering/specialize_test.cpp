#include <gtest/gtest.h>

#include "tests/runtime/lowering/toy_lowering.hpp"

namespace linnet::internal {
namespace {

TEST(Specialize, InfersEveryValueForTheShapesAtHand) {
  ToyGraph toy(4);
  const ValueId x = toy.input("x");
  const auto [y, z] = toy.pair(x, "pair");
  toy.output(toy.node("Sum", {y, z}, "sum"));
  ToyLowering lowering(toy.take());
  lowering.specialize(7);
  for (const Value& value : lowering->values()) EXPECT_EQ(to_shape(value.type.dims), (Shape{7}));
}

TEST(Specialize, KeepsWhatAnOutputDependsOn) {
  ToyGraph toy(4);
  const ValueId x = toy.input("x");
  const ValueId first = toy.node("Inc", {x}, "first");
  toy.node("Inc", {first}, "for nothing");
  toy.output(toy.node("Inc", {first}, "last"));
  ToyLowering lowering(toy.take());
  lowering.specialize(4);
  ASSERT_EQ(lowering->nodes.size(), 2U);
  EXPECT_EQ(lowering->nodes[0].node, 0U);
  EXPECT_EQ(lowering->nodes[1].node, 2U);
}

TEST(Specialize, AViewOfAViewShowsTheFirst) {
  ToyGraph toy(4);
  const ValueId x = toy.input("x");
  const ValueId made = toy.node("Inc", {x}, "made");
  const ValueId view = toy.node("View", {made}, "view");
  const ValueId view_of_view = toy.node("View", {view}, "view of view");
  toy.output(toy.node("Inc", {view_of_view}, "y"));
  ToyLowering lowering(toy.take());
  lowering.specialize(4);
  EXPECT_EQ(lowering->views[view], made);
  EXPECT_EQ(lowering->views[view_of_view], made);
  EXPECT_EQ(lowering->views[made], made);
  EXPECT_EQ(lowering->nodes.size(), 2U) << "views are no steps";
}

TEST(Specialize, AViewOfAConstantIsNoStep) {
  ToyGraph toy(2);
  toy.input("unused");
  toy.output(toy.node("View", {toy.constant("w", {5, 6})}, "y"));
  ToyLowering lowering(toy.take());
  lowering.specialize(2);
  EXPECT_TRUE(lowering->nodes.empty());
}

TEST(Specialize, RefusesOneValueThatIsLargerThanTheBudget) {
  ToyGraph toy(4);
  toy.output(toy.node("Inc", {toy.input("x")}, "y"));
  ToyLowering lowering(toy.take(), 27);
  const Error error = error_of([&] { lowering.specialize(7); });
  EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
  EXPECT_NE(std::string(error.what()).find("needs 28 bytes, the memory budget is 27"), std::string::npos)
      << error.what();
}

}  // namespace
}  // namespace linnet::internal
