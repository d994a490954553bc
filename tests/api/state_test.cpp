// States of sessions: outputs that are inputs of the next run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/api/c/c_handles.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// y = h + x, h2 = 2 * h + x: `h` stands before `x` in the model.
std::string recurrence() {
  return model()
      .input("h", DataType::kFloat32, {"batch", 2})
      .input("x", DataType::kFloat32, {"batch", 2})
      .initializer<float>("two", {}, {2})
      .node("Add", {"h", "x"}, {"y"})
      .node("Mul", {"h", "two"}, {"twice"})
      .node("Add", {"twice", "x"}, {"h2"})
      .output("y")
      .output("h2")
      .bytes();
}

Options with_states(const std::vector<State>& states) {
  Options options = options_for(Backend::kAuto, 1);
  options.states = states;
  return options;
}

Tensor filled(const Shape& shape, float value) {
  Tensor tensor = Tensor::of<float>(shape);
  std::fill_n(tensor.data<float>(), tensor.count(), value);
  return tensor;
}

float first_of(const Session& session, std::size_t output) {
  return *static_cast<const float*>(session.output(output).data);
}

TEST(State, StaysInTheSession) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  ASSERT_EQ(model.inputs().size(), 1U);
  EXPECT_EQ(model.inputs()[0].name, "x");
  EXPECT_EQ(model.outputs().size(), 2U);
  Session session = model.session();
  Session other = model.session();
  const Tensor x = filled({1, 2}, 1);
  session.bind_input(0, x.view());
  other.bind_input(0, x.view());
  float h = 0;
  for (int i = 0; i < 5; ++i) {
    session.run();
    EXPECT_EQ(first_of(session, 0), h + 1) << i;
    h = 2 * h + 1;
    EXPECT_EQ(first_of(session, 1), h) << i;
  }
  other.run();
  EXPECT_EQ(first_of(other, 1), 1) << "a session has its own";
  session.reset();
  EXPECT_EQ(first_of(session, 1), h) << "the result stays until the next run";
  session.run();
  EXPECT_EQ(first_of(session, 1), 1);
}

TEST(State, IsKeptFromBoundBuffersToo) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  Session session = model.session();
  const Tensor x = filled({1, 2}, 1);
  Tensor h2 = filled({1, 2}, -1);
  session.bind_input(0, x.view());
  session.run();
  session.bind_output(1, h2.view());
  session.run();
  EXPECT_EQ(h2.data<float>()[1], 3);
  h2.data<float>()[0] = 100;  // the caller's: the state is what the run made
  session.run();
  EXPECT_EQ(h2.data<float>()[0], 7);
  session.unbind_output(1);
  session.run();
  EXPECT_EQ(first_of(session, 1), 15);
  const std::vector<Tensor> owned = session.run(std::vector<Tensor>{x});
  EXPECT_EQ(owned[1].data<float>()[0], 31);
}

TEST(State, RunsOfTheModelBeginWithZeros) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(model.run({filled({1, 2}, 1)})[1].data<float>()[0], 1);
}

TEST(State, OpenDimensionsAreThoseOfOtherInputs) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  Session session = model.session();
  const Tensor three = filled({3, 2}, 1);
  session.bind_input(0, three.view());
  session.run();
  const ConstTensorView h = session.output(1);
  EXPECT_EQ(Shape(h.shape, h.shape + h.rank), (Shape{3, 2}));
  const Tensor two = filled({2, 2}, 1);
  session.bind_input(0, two.view());
  try {
    session.run();
    ADD_FAILURE() << "the state has a batch of 3";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("dimension \"batch\" is 2 in input \"x\" but 3 in input \"h\""));
  }
  session.reset();
  session.run();
  EXPECT_EQ(first_of(session, 1), 1);
}

TEST(State, MayGrowFromNothing) {
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {1})
                                .input("past", DataType::kFloat32, {"length"})
                                .node("Concat", {"past", "x"}, {"present"}, {attribute("axis", 0)})
                                .output("present")
                                .bytes();
  const Model model = load(bytes, with_states({{"past", "present"}}));
  Session session = model.session();
  for (int i = 1; i < 40; ++i) {
    const Tensor x = filled({1}, static_cast<float>(i));
    session.bind_input(0, x.view());
    session.run();
    const ConstTensorView present = session.output(0);
    ASSERT_EQ(present.shape[0], i);
    for (int k = 0; k < i; ++k) EXPECT_EQ(static_cast<const float*>(present.data)[k], static_cast<float>(k + 1));
  }
}

TEST(State, OpenDimensionsAreThoseThatTheModelMakes) {
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {1, 3})
                                .input("past", DataType::kFloat32, {"length", "width"})
                                .node("Concat", {"past", "x"}, {"present"}, {attribute("axis", 0)})
                                .output("present")
                                .bytes();
  const Model model = load(bytes, with_states({{"past", "present"}}));
  Session session = model.session();
  const Tensor x = filled({1, 3}, 5);
  session.bind_input(0, x.view());
  for (std::int64_t i = 1; i < 4; ++i) {
    session.run();
    const ConstTensorView present = session.output(0);
    ASSERT_EQ(Shape(present.shape, present.shape + present.rank), (Shape{i, 3}));
    EXPECT_EQ(static_cast<const float*>(present.data)[3 * i - 1], 5);
  }
}

TEST(State, ThatGrowsAtEveryRunGetsNewMemoryAtFew) {
  constexpr int kRuns = 200;
  const std::string bytes = model()
                                .input("past", DataType::kFloat32, {"steps", 4096})
                                .input("x", DataType::kFloat32, {1, 4096})
                                .node("Concat", {"past", "x"}, {"present"}, {attribute("axis", 0)})
                                .output("present")
                                .bytes();
  const Model model = load(bytes, with_states({{"past", "present"}}));
  Session session = model.session();
  const void* places[2] = {nullptr, nullptr};  // the state's and the output's, which change places
  int moves = 0;
  for (int i = 0; i < kRuns; ++i) {
    const Tensor x = filled({1, 4096}, static_cast<float>(i));
    session.bind_input(0, x.view());
    session.run();
    const auto* const present = static_cast<const float*>(session.output(0).data);
    ASSERT_EQ(session.output(0).shape[0], i + 1);
    for (int step = 0; step <= i; ++step) ASSERT_EQ(present[step * 4096], static_cast<float>(step));
    moves += places[i % 2] != present ? 1 : 0;
    places[i % 2] = present;
  }
  EXPECT_LE(moves, kRuns / 5);
}

TEST(State, WarmRunsAllocateNothing) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  Session session = model.session();
  const Tensor x = filled({1, 2}, 1);
  session.bind_input(0, x.view());
  session.prepare();
  const std::uint64_t before = AllocationCounter::allocations();
  for (int i = 0; i < 10; ++i) session.run();
  EXPECT_EQ(AllocationCounter::allocations() - before, 0U);
  EXPECT_EQ(first_of(session, 1), 1023);
}

TEST(State, IsAsItWasAfterARunThatFails) {
  const Model model = load(recurrence(), with_states({{"h", "h2"}}));
  Session session = model.session();
  const Tensor x = filled({1, 2}, 1);
  session.bind_input(0, x.view());
  session.run();
  CancelToken token;
  token.cancel();
  RunOptions options;
  options.cancel = &token;
  EXPECT_THROW(session.run(options), Error);
  session.run();
  EXPECT_EQ(first_of(session, 1), 3);
}

TEST(State, SaysWhatIsWrong) {
  const auto refused = [](const std::vector<State>& states, const char* words) {
    try {
      load(recurrence(), with_states(states));
      ADD_FAILURE() << "was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  };
  refused({{"g", "h2"}}, "a state names the input \"g\", which the model does not have");
  refused({{"h", "g"}}, "a state names the output \"g\", which the model does not have");
  refused({{"h", "h2"}, {"h", "y"}}, "two states name the input \"h\"");
  refused({{"h", "h2"}, {"x", "h2"}}, "two states name the output \"h2\"");
}

TEST(State, InC) {
  const COptions options = c_options();
  EXPECT_OK(linnet_options_add_state(options.get(), "h", "h2"));
  EXPECT_FAILS(linnet_options_add_state(options.get(), nullptr, "h2"), LINNET_INVALID_ARGUMENT, "input is NULL");
  const CModel model = c_model(recurrence(), options.get());
  EXPECT_EQ(linnet_model_input_count(model.get()), 1U);
  linnet_session* made = nullptr;
  EXPECT_OK(linnet_session_create(model.get(), &made));
  const Tensor x = filled({1, 2}, 1);
  EXPECT_OK(linnet_session_bind_input(made, 0, LINNET_FLOAT32, x.view().shape, 2, x.view().data));
  const auto h = [&] {
    const void* data = nullptr;
    EXPECT_OK(linnet_session_run(made, nullptr));
    EXPECT_OK(linnet_session_output(made, 1, nullptr, nullptr, nullptr, &data));
    return *static_cast<const float*>(data);
  };
  EXPECT_EQ(h(), 1);
  EXPECT_EQ(h(), 3);
  EXPECT_OK(linnet_session_reset(made));
  EXPECT_EQ(h(), 1);
  EXPECT_FAILS(linnet_session_reset(nullptr), LINNET_INVALID_ARGUMENT, "session is NULL");
  EXPECT_OK(linnet_session_destroy(made));
}

}  // namespace
}  // namespace linnet::test
