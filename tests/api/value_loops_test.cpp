// Strings and sequences in loops and branches, and what bounds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/api/float_values.hpp"
#include "tests/support/value_models.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The body of a loop, but for its nodes and outputs.
GraphWriter body_of_loop() { return GraphWriter().input("i").input("goes_on").input("so_far"); }

/// "y" is the sequence "s" of float32 after M iterations of this body, which makes "longer" of "so_far".
std::string loop_of(GraphWriter body) {
  body.output("goes_on").output("longer");
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("M", DataType::kInt64, {})
      .node("Loop", {"M", "", "s"}, {"y"}, {body.as("body")})
      .output("y");
  return writer.bytes();
}

/// s, with i behind it for every i below M.
std::string counting_loop() {
  return loop_of(body_of_loop()
                     .node("Cast", {"i"}, {"f"}, {attribute("to", 1)})
                     .node("SequenceInsert", {"so_far", "f"}, {"longer"}));
}

TEST(Values, GoRoundALoop) {
  const Model model = load_any(counting_loop());
  const Value start = Value::sequence(DataType::kFloat32, {floats({}, {7})});
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(items_of<float>(run_values(model, {start, number(3)})[0]),
                ElementsAre(ElementsAre(7), ElementsAre(0), ElementsAre(1), ElementsAre(2)));
    EXPECT_THAT(items_of<float>(run_values(model, {start, number(0)})[0]), ElementsAre(ElementsAre(7)));
  }
}

TEST(Values, ComeFromBranches) {
  const GraphWriter longer = GraphWriter().node("SequenceInsert", {"s", "x"}, {"t"}).output("t");
  const GraphWriter same = GraphWriter().node("Identity", {"s"}, {"e"}).output("e");
  ModelWriter writer = model();
  value_input(writer, "s", sequence_type(DataType::kFloat32))
      .input("x", DataType::kFloat32)
      .input("condition", DataType::kBool, {})
      .node("If", {"condition"}, {"y"}, {longer.as("then_branch"), same.as("else_branch")})
      .output("y");
  const Model model = load_any(writer.bytes());
  const Value s = Value::sequence(DataType::kFloat32, {floats({}, {7})});
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(items_of<float>(run_values(model, {s, floats({1}, {8}), truth(true)})[0]),
                ElementsAre(ElementsAre(7), ElementsAre(8)));
    EXPECT_THAT(items_of<float>(run_values(model, {s, floats({1}, {8}), truth(false)})[0]),
                ElementsAre(ElementsAre(7)));
  }
}

TEST(Values, StringsGoRoundALoop) {
  const GraphWriter body = body_of_loop()
                               .node("Concat", {"so_far", "x"}, {"longer"}, {attribute("axis", 0)})
                               .output("goes_on")
                               .output("longer");
  const Model model = load_any(test::model()
                                   .input("x", DataType::kString, {1})
                                   .input("M", DataType::kInt64, {})
                                   .node("Loop", {"M", "", "x"}, {"y"}, {body.as("body")})
                                   .output("y")
                                   .bytes());
  for (const std::int64_t most : {0, 1, 3}) {
    const Value made = run_values(model, {Value::strings({1}, {"text"}), number(most)})[0];
    EXPECT_EQ(made.strings(), std::vector<std::string>(static_cast<std::size_t>(most + 1), "text")) << most;
  }
}

/// A sequence twice as long at every iteration: each item is the whole sequence so far, joined.
std::string exploding_loop() {
  return loop_of(body_of_loop()
                     .node("ConcatFromSequence", {"so_far"}, {"whole"}, {attribute("axis", 0)})
                     .node("SequenceInsert", {"so_far", "whole"}, {"longer"}));
}

TEST(Values, TheBudgetBoundsASequenceThatExplodes) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = std::size_t{1} << 20;
  const Model model = load(exploding_loop(), options);
  const Value start = Value::sequence(DataType::kFloat32, {floats({2}, {1, 2})});
  EXPECT_EQ(run_values(model, {start, number(4)})[0].size(), 5U);
  const std::string message = error_of([&] { run_values(model, {start, number(1000)}); }, ErrorCode::kLimitExceeded);
  EXPECT_THAT(message, HasSubstr("the memory budget is 1048576"));
  EXPECT_EQ(run_values(model, {start, number(4)})[0].at(4).shape(), (Shape{16})) << "the run after the refused one";
}

TEST(Values, TheBudgetBoundsManySmallItems) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = std::size_t{1} << 18;
  const Model model = load(counting_loop(), options);
  error_of(
      [&] {
        run_values(model, {Value::sequence(DataType::kFloat32, {}), number(1 << 20)});
      },
      ErrorCode::kLimitExceeded);
}

TEST(Values, RunsStopInsideALoopOfSequences) {
  const Model model = load_any(counting_loop());
  Session session = model.session();
  const Tensor most = number(INT64_MAX);
  bind_value(session, 0, Value::sequence(DataType::kFloat32, {}));
  session.bind_input(1, most.view());
  RunOptions options;
  options.timeout = std::chrono::milliseconds(20);
  error_of([&] { session.run(options); }, ErrorCode::kDeadlineExceeded);
  CancelToken token;
  RunOptions cancelled;
  cancelled.cancel = &token;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    token.cancel();
  });
  error_of([&] { session.run(cancelled); }, ErrorCode::kCancelled);
  canceller.join();
  const std::vector<Value> made = run_values(session, {Value::sequence(DataType::kFloat32, {}), number(2)});
  EXPECT_THAT(items_of<float>(made[0]), ElementsAre(ElementsAre(0), ElementsAre(1)))
      << "the run after those that stopped";
}

}  // namespace
}  // namespace linnet::test
