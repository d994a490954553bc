// Who shares memory is storage_test.cpp's, offsets are planner_test.cpp's; here: what becomes of both in a program.
#include <gtest/gtest.h>

#include "tests/runtime/lowering/toy_lowering.hpp"

namespace linnet::internal {
namespace {

void lower(ToyLowering& lowering, std::int64_t length) {
  lowering.specialize(length);
  choose(*lowering);
  join(*lowering);
  lay_out(*lowering);
}

TEST(LayOut, EveryOperandHasItsPlace) {
  ToyGraph toy(4);
  const ValueId middle = toy.node("Scratch", {toy.input("x")}, "middle");
  toy.output(toy.node("Sum", {toy.constant("w", {1, 2, 3, 4}), middle}, "y"));
  ToyLowering lowering(toy.take());
  lower(lowering, 4);

  const Program& program = *lowering->program;
  using Kind = Place::Kind;
  std::vector<Kind> kinds;
  for (const Place& place : program.operands) kinds.push_back(place.kind);
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kInput, Kind::kOutput, Kind::kConstant, Kind::kOutput, Kind::kOutput}))
      << "Sum works in place of what Scratch makes, in the caller's buffer";
  ASSERT_EQ(program.patches.size(), 4U);
  EXPECT_FALSE(program.patches[0].output);
  EXPECT_EQ(program.patches[1].operand, 1U);
  EXPECT_TRUE(program.patches[1].output);
  EXPECT_EQ(program.steps[1].first_operand, 2U);
  EXPECT_EQ(program.steps[1].input_count, 2U);
  EXPECT_EQ(program.steps[1].output_count, 1U);
}

TEST(LayOut, BlocksOfTheArenaAreValuesAndWorkspaces) {
  ToyGraph toy(16);
  const ValueId middle = toy.node("Scratch", {toy.input("x")}, "middle");
  toy.output(toy.node("Scratch", {middle}, "y"));
  ToyLowering lowering(toy.take());
  lower(lowering, 16);

  const Program& program = *lowering->program;
  ASSERT_EQ(program.blocks.size(), 3U);
  EXPECT_EQ(program.blocks[0].values, (std::vector<ValueId>{middle}));
  EXPECT_EQ(program.operands[1].offset, program.blocks[0].offset);
  for (std::size_t step = 0; step < 2; ++step) {
    EXPECT_TRUE(program.blocks[1 + step].values.empty());
    EXPECT_EQ(program.steps[step].workspace_offset, program.blocks[1 + step].offset);
    EXPECT_NE(program.steps[step].workspace_offset, program.operands[1].offset);
  }
  EXPECT_EQ(program.arena_bytes, 128U);
  EXPECT_EQ(program.lower_bound_bytes, 128U);
}

TEST(LayOut, AnOutputThatShowsAnInputIsCopiedFromIt) {
  ToyGraph toy(4);
  const ValueId x = toy.input("x");
  toy.output(toy.node("View", {x}, "y"));
  ToyLowering lowering(toy.take());
  lower(lowering, 7);
  ASSERT_EQ(lowering->program->outputs.size(), 1U);
  const ProgramOutput& output = lowering->program->outputs[0];
  EXPECT_EQ(output.source.kind, Place::Kind::kInput);
  EXPECT_EQ(output.shape, (Shape{7}));
  EXPECT_EQ(output.bytes, 28U);
}

TEST(LayOut, RefusesAnArenaThatIsLargerThanTheBudget) {
  ToyGraph toy(16);
  toy.output(toy.node("Scratch", {toy.node("Scratch", {toy.input("x")}, "middle")}, "y"));
  ToyLowering lowering(toy.take(), 127);
  const Error error = error_of([&] { lower(lowering, 16); });
  EXPECT_EQ(error.code(), ErrorCode::kLimitExceeded);
  EXPECT_NE(std::string(error.what()).find("an arena of 128 bytes, the memory budget is 127"), std::string::npos)
      << error.what();
}

}  // namespace
}  // namespace linnet::internal
