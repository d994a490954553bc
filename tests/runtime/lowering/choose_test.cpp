#include <gtest/gtest.h>

#include <atomic>

#include "tests/runtime/lowering/toy_lowering.hpp"

namespace linnet::internal {
namespace {

TEST(Choose, PreparesEveryNode) {
  ToyGraph toy(4);
  const ValueId scratch = toy.node("Scratch", {toy.input("x")}, "scratch");
  toy.output(toy.node("Sum", {scratch, scratch}, "sum"));
  ToyLowering lowering(toy.take());
  lowering.specialize(7);
  choose(*lowering);
  ASSERT_EQ(lowering->nodes.size(), 2U);
  for (const PreparedNode& entry : lowering->nodes) {
    ASSERT_NE(entry.implementation, nullptr);
    EXPECT_STREQ(entry.implementation->name, "reference");
    EXPECT_NE(entry.prepared.state, nullptr);
  }
  EXPECT_EQ(lowering->nodes[0].prepared.workspace_bytes, 28U);
  EXPECT_EQ(lowering->nodes[1].prepared.workspace_bytes, 0U);
  EXPECT_EQ(lowering->nodes[1].inputs, (std::vector<ValueId>{scratch, scratch}));
}

TEST(Choose, CanBeStopped) {
  ToyGraph toy(4);
  toy.output(toy.node("Inc", {toy.input("x")}, "y"));
  ToyLowering lowering(toy.take());
  lowering.specialize(4);
  const std::atomic<bool> token{true};
  lowering.control.set_stop(&token);
  EXPECT_EQ(error_of([&] { choose(*lowering); }).code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace linnet::internal
