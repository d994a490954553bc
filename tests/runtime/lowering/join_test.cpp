#include <gtest/gtest.h>

#include "tests/runtime/lowering/toy_lowering.hpp"

namespace linnet::internal {
namespace {

/// Chains and groups have tests of their own: tests/runtime/row_chain_test.cpp and element_group_test.cpp.
TEST(Join, ANodeThatStandsAloneIsAStep) {
  ToyGraph toy(4);
  const ValueId x = toy.input("x");
  const auto [y, z] = toy.pair(x, "pair");
  const ValueId sum = toy.node("Sum", {y, z}, "sum");
  toy.output(toy.node("Scratch", {sum}, "scratch"));
  ToyLowering lowering(toy.take());
  lowering.specialize(4);
  choose(*lowering);
  join(*lowering);

  const std::vector<Step>& steps = lowering->program->steps;
  ASSERT_EQ(steps.size(), 3U);
  ASSERT_EQ(lowering->step_values.size(), 3U);
  for (NodeId node = 0; node < 3; ++node) {
    ASSERT_EQ(steps[node].parts.size(), 1U);
    EXPECT_EQ(steps[node].parts[0].node, node);
    EXPECT_NE(steps[node].state, nullptr);
  }
  EXPECT_EQ(steps[2].workspace_bytes, 16U);
  EXPECT_EQ(lowering->step_values[0].outputs, (std::vector<ValueId>{y, z}));
  EXPECT_EQ(lowering->step_values[1].inputs, (std::vector<ValueId>{y, z}));
}

TEST(Join, StepsMayOverwriteWhatTheirOperatorAllows) {
  ToyGraph toy(4);
  const auto [y, z] = toy.pair(toy.input("x"), "pair");
  toy.output(toy.node("Scratch", {toy.node("Sum", {y, z}, "sum")}, "scratch"));
  ToyLowering lowering(toy.take());
  lowering.specialize(4);
  choose(*lowering);
  join(*lowering);

  const auto pairs = [&](std::size_t step) {
    std::vector<std::pair<int, int>> of_step;
    for (const InPlace& allowed : lowering->step_values[step].in_place)
      of_step.emplace_back(allowed.output, allowed.input);
    return of_step;
  };
  using Pairs = std::vector<std::pair<int, int>>;
  EXPECT_EQ(pairs(0), (Pairs{{0, 0}, {1, 0}}));
  EXPECT_EQ(pairs(1), (Pairs{{0, 0}, {0, 1}}));
  EXPECT_EQ(pairs(2), Pairs{});
}

}  // namespace
}  // namespace linnet::internal
