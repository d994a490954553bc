// States (Options::states) whose outputs do not fit their inputs.
#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

constexpr DataType kF = DataType::kFloat32;

Options with_state() {
  Options options;
  options.threads = 1;
  options.memory_budget = kRefusalBytes;
  options.states = {{"h", "g"}};
  return options;
}

/// g = op(h), beside y = Relu(x).
std::string stateful(const std::vector<DimSpec>& state, const NodeSpec& node,
                     const std::vector<DimSpec>& x = {"n", 2}) {
  return model()
      .input("x", kF, x)
      .input("h", kF, state)
      .node("Relu", {"x"}, {"y"})
      .node(node)
      .output("y")
      .output("g")
      .bytes();
}

TEST(HostileStates, DoNotFit) {
  const auto refused = [](const char* name, const std::string& bytes, const std::vector<std::string>& words) {
    expect_refused(name, bytes, ErrorCode::kInvalidArgument, words, with_state());
  };
  const auto node = [](const char* op, std::vector<Message> attributes = {}) {
    return NodeSpec{op, {"h"}, {"g"}, std::move(attributes), "n", {}, {}};
  };
  refused("type", stateful({2}, node("Cast", {attribute("to", 7)})),
          {"a state's input \"h\" is float32 [2]", "its output \"g\" int64 [2]"});
  refused("rank", stateful({2}, node("Flatten")), {"a state's input \"h\" is float32 [2]", "[2,1]"});
  refused("shape", stateful({2, 3}, node("Transpose")), {"a state's input \"h\" is float32 [2,3]", "[3,2]"});
  refused("constant shape", stateful({2}, NodeSpec{"Concat", {"h", "h"}, {"g"}, {attribute("axis", 0)}, "n", {}, {}}),
          {"[2]", "[4]"});
}

/// Only the run knows that the next one cannot take what this one made.
TEST(HostileStates, DoNotFitTheNextRun) {
  const std::string bytes = stateful({"n", 3}, {"Transpose", {"h"}, {"g"}, {}, "n", {}, {}});
  const Model model = accept(bytes, with_state());
  Session session = model.session();
  const Tensor x = Tensor::of<float>({2, 2});
  session.bind_input(0, x.view());
  session.run();
  expect_refusal("second run", ErrorCode::kInvalidArgument,
                 {"the state \"h\" is [3,2] after the run before, but the model wants [?,3]"}, [&] { session.run(); });
  session.reset();
  session.run();
  EXPECT_EQ(session.output(1).shape[0], 3);
  // A dimension that another input has, too.
  const Model shared = accept(stateful({"n", "m"}, {"Transpose", {"h"}, {"g"}, {}, "n", {}, {}}), with_state());
  Session other = shared.session();
  other.bind_input(0, x.view());
  other.run();
  expect_refusal("a shared dimension", ErrorCode::kInvalidArgument,
                 {"dimension \"n\" is 2 in input \"x\" but 0 in input \"h\": the model wants the same size"},
                 [&] { other.run(); });
}

/// Twice as long at every run.
TEST(HostileStates, GrowNoFurtherThanTheBudget) {
  for (const bool data_decides : {false, true}) {
    ModelWriter writer = test::model().input("x", kF, {"n", 2}).input("h", kF, {"m"}).node("Relu", {"x"}, {"y"});
    writer.initializer<float>("one", {1}, {1}).node("Concat", {"h", "h", "one"}, {"g0"}, {attribute("axis", 0)});
    if (data_decides) {
      writer.node("Cast", {"g0"}, {"b"}, {attribute("to", 9)}).node("Compress", {"g0", "b"}, {"g"});
    } else {
      writer.node("Identity", {"g0"}, {"g"});
    }
    Options options = with_state();
    options.memory_budget = std::size_t{8} << 20;
    const Model model = accept(writer.output("y").output("g").bytes(), options);
    Session session = model.session();
    const Tensor x = Tensor::of<float>({2, 2});
    session.bind_input(0, x.view());
    expect_refusal("grown", ErrorCode::kLimitExceeded, {"the memory budget is 8388608"}, [&] {
      for (int i = 0; i < 64; ++i) session.run();
    });
    session.reset();
    session.run();
    EXPECT_EQ(session.output(1).shape[0], 1);
  }
}

TEST(HostileStates, AsLargeAsAnotherInputSays) {
  const std::string bytes = stateful({"n", "n"}, {"Identity", {"h"}, {"g"}, {}, "n", {}, {}}, {"n", 0});
  const Model model = accept(bytes, with_state());
  Session session = model.session();
  const Tensor small = Tensor::of<float>({3, 0});
  for (const std::int64_t size : {std::int64_t{1} << 20, std::int64_t{1} << 40}) {
    const Tensor x = Tensor::of<float>({size, 0});
    session.bind_input(0, x.view());
    try {
      session.run();
      ADD_FAILURE() << size << " was not refused";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::kLimitExceeded || error.code() == ErrorCode::kInvalidModel)
          << error.what();
      EXPECT_THAT(
          error.what(),
          testing::HasSubstr(size < std::int64_t{1} << 32 ? "the state \"h\" needs 4398046511104 bytes" : "64 bits"));
    }
  }
  session.bind_input(0, small.view());
  session.run();
  EXPECT_EQ(session.output(1).shape[1], 3);
}

}  // namespace
}  // namespace linnet::test
