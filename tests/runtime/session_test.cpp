#include "runtime/session_impl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/toy_graph.hpp"

namespace linnet::internal {
namespace {

using testing::HasSubstr;

/// x [n] -> Scratch -> Inc -> y [n], with a symbolic n.
Graph dynamic_graph() {
  ToyGraph toy(4);
  toy.output(toy.node("Inc", {toy.node("Scratch", {toy.input("x")}, "s")}, "y"));
  Graph graph = toy.take();
  graph.symbols = {"batch"};
  graph.values[graph.inputs[0]].type.dims = {Dim::symbol(0)};
  return graph;
}

template <typename Body>
void expect_error(ErrorCode code, const std::string& message, Body&& body) {
  try {
    body();
    FAIL() << "no error; expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

void give(SessionImpl& session, const std::vector<float>& x) {
  const auto size = static_cast<std::int64_t>(x.size());
  session.bind_input(0, {DataType::kFloat32, &size, 1, x.data()});
}

std::vector<float> run(SessionImpl& session, const std::vector<float>& x) {
  give(session, x);
  session.run({});
  const ConstTensorView y = session.output(0);
  const auto* data = static_cast<const float*>(y.data);
  return {data, data + y.shape[0]};
}

TEST(Session, SwitchesBetweenShapes) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2}));
  EXPECT_EQ(run(session, {1, 2, 3}), (std::vector<float>{4, 3, 2}));
  EXPECT_EQ(run(session, {5, 7}), (std::vector<float>{8, 6}));
  EXPECT_EQ(run(session, std::vector<float>(1000, 1)), std::vector<float>(1000, 2));
  EXPECT_EQ(run(session, {5, 7}), (std::vector<float>{8, 6})) << "after the arena has grown";
  EXPECT_EQ(run(session, {}), (std::vector<float>{}));
}

TEST(Session, CacheIsBounded) {
  Options options;
  options.program_cache = 2;
  ModelImpl model(dynamic_graph(), {}, options);
  SessionImpl session(model);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t n = 1; n < 6; ++n) EXPECT_EQ(run(session, std::vector<float>(n, 1)), std::vector<float>(n, 2));
  }
}

/// The program for so many elements, compiled or from the cache.
std::shared_ptr<const Program> program_for(ModelImpl& model, std::int64_t size) {
  InputBinding input;
  input.type = DataType::kFloat32;
  input.shape = {size};
  return model.program({1, size}, {input});
}

TEST(Session, CacheIsBoundedInBytesToo) {
  const std::size_t one =
      kept_bytes({1, 4}, *program_for(*std::make_unique<ModelImpl>(dynamic_graph(), ModelFacts(), Options()), 4));
  EXPECT_GT(one, 0U);
  for (const std::size_t kept : {1U, 2U}) {
    Options options;
    options.program_cache_bytes = one * kept + one / 2;
    ModelImpl model(dynamic_graph(), {}, options);
    const std::shared_ptr<const Program> first = program_for(model, 4);
    program_for(model, 5);
    EXPECT_EQ(program_for(model, 4) == first, kept == 2);
    SessionImpl session(model);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t n = 1; n < 6; ++n) EXPECT_EQ(run(session, std::vector<float>(n, 1)), std::vector<float>(n, 2));
    }
  }
}

TEST(Session, TheNewestProgramIsKeptHoweverLarge) {
  Options options;
  options.program_cache_bytes = 0;
  ModelImpl model(dynamic_graph(), {}, options);
  const std::shared_ptr<const Program> program = program_for(model, 4);
  EXPECT_EQ(program_for(model, 4), program);
}

TEST(Session, TrimmedModelKeepsOnlyWhatIsInUse) {
  ModelImpl model(dynamic_graph(), {}, {});
  std::weak_ptr<const Program> idle;
  std::weak_ptr<const Program> used;
  SessionImpl session(model);
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2}));
  used = program_for(model, 2);
  for (int i = 0; i < 3; ++i) {
    std::unique_ptr<SessionImpl> borrowed = model.take_session();
    EXPECT_EQ(run(*borrowed, {1, 2, 3}), (std::vector<float>{4, 3, 2}));
    model.give_back(std::move(borrowed));
  }
  idle = program_for(model, 3);
  EXPECT_FALSE(idle.expired());
  model.trim();
  EXPECT_TRUE(idle.expired());
  EXPECT_FALSE(used.expired());
  EXPECT_EQ(run(*model.take_session(), {1, 2, 3}), (std::vector<float>{4, 3, 2}));
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2}));
}

TEST(Session, StoppedCompilingBeginsAnew) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  give(session, {1, 2});
  CancelToken token;
  token.cancel();
  expect_error(ErrorCode::kCancelled, "the run was cancelled", [&] { session.prepare(Stop({&token, {}}, "the run")); });
  expect_error(ErrorCode::kInvalidArgument, "run the session first", [&] { session.output(0); });
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2}));
}

TEST(Session, MemoryBudgetIsCheckedBeforeTheRun) {
  Options options;
  options.memory_budget = 1024;
  ModelImpl model(dynamic_graph(), {}, options);
  SessionImpl session(model);
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2}));
  const std::vector<float> large(1000, 1);
  expect_error(ErrorCode::kLimitExceeded, "the memory budget is 1024", [&] { run(session, large); });
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{3, 2})) << "usable after the error";
}

TEST(Session, WrongInputsSayWhatTheModelWants) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  const std::int64_t shape[] = {2, 2};
  const float data[4] = {};
  expect_error(ErrorCode::kInvalidArgument, "input \"x\" is not given: the model wants float32 [batch]",
               [&] { session.run({}); });
  expect_error(ErrorCode::kInvalidArgument, "the model wants float32 [batch], got float32 [2,2]", [&] {
    session.bind_input(0, {DataType::kFloat32, shape, 2, data});
  });
  expect_error(ErrorCode::kInvalidArgument, "got int32 [2]", [&] {
    session.bind_input(0, {DataType::kInt32, shape, 1, data});
  });
  expect_error(ErrorCode::kInvalidArgument, "got no data (null)", [&] {
    session.bind_input(0, {DataType::kFloat32, shape, 1, nullptr});
  });
  expect_error(ErrorCode::kInvalidArgument, "input 1 does not exist", [&] {
    session.bind_input(1, {DataType::kFloat32, shape, 1, data});
  });
  const std::int64_t negative = -1;
  expect_error(ErrorCode::kInvalidArgument, "negative dimension", [&] {
    session.bind_input(0, {DataType::kFloat32, &negative, 1, data});
  });
  const std::int64_t huge = std::int64_t{1} << 62;
  expect_error(ErrorCode::kInvalidArgument, "more bytes than 63 bits can count", [&] {
    session.bind_input(0, {DataType::kFloat32, &huge, 1, data});
  });
  expect_error(ErrorCode::kInvalidArgument, "run the session first", [&] { session.output(0); });
}

TEST(Session, CallersOutputBuffer) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  const std::vector<float> x = {1, 2, 3};
  std::vector<float> y(3);
  const std::int64_t size = 3;
  give(session, x);
  session.bind_output(0, {DataType::kFloat32, &size, 1, y.data()});
  session.run({});
  EXPECT_EQ(y, (std::vector<float>{4, 3, 2}));
  EXPECT_EQ(session.output(0).data, y.data());
  std::vector<float> other(3);
  session.bind_output(0, {DataType::kFloat32, &size, 1, other.data()});
  session.run({});
  EXPECT_EQ(other, y);
  const std::int64_t wrong = 2;
  session.bind_output(0, {DataType::kFloat32, &wrong, 1, y.data()});
  expect_error(ErrorCode::kInvalidArgument,
               "output \"out0\" is float32 [3] for these inputs, the buffer bound is float32 [2]",
               [&] { session.run({}); });
  session.unbind_output(0);
  session.run({});
  EXPECT_EQ(static_cast<const float*>(session.output(0).data)[0], 4.0F);
}

TEST(Session, OverlappingBuffersAreRefused) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  std::vector<float> x(4, 1);
  const std::int64_t size = 4;
  give(session, x);
  session.bind_output(0, {DataType::kFloat32, &size, 1, x.data()});
  expect_error(ErrorCode::kInvalidArgument, "overlaps input \"x\"", [&] { session.run({}); });
}

TEST(Session, CancelledRunLeavesTheSessionUsable) {
  ModelImpl model(dynamic_graph(), {}, {});
  SessionImpl session(model);
  const std::vector<float> x = {1, 2};
  give(session, x);
  CancelToken token;
  token.cancel();
  expect_error(ErrorCode::kCancelled, "cancelled", [&] { session.run(Stop({&token, {}}, "the run")); });
  token.reset();
  session.run(Stop({&token, {}}, "the run"));
  EXPECT_EQ(static_cast<const float*>(session.output(0).data)[0], 3.0F);
  expect_error(ErrorCode::kDeadlineExceeded, "deadline", [&] {
    session.run(Stop({nullptr, std::chrono::nanoseconds(1)}, "the run"));
  });
}

TEST(Session, SharedDimensionMustAgree) {
  ToyGraph toy(4);
  const ValueId a = toy.input("a");
  toy.output(toy.node("Sum", {a, toy.input("b")}, "y"));
  Graph graph = toy.take();
  graph.symbols = {"batch"};
  for (const ValueId input : graph.inputs) graph.values[input].type.dims = {Dim::symbol(0)};
  ModelImpl model(std::move(graph), {}, {});
  SessionImpl session(model);
  const float data[3] = {};
  const std::int64_t two = 2;
  const std::int64_t three = 3;
  session.bind_input(0, {DataType::kFloat32, &two, 1, data});
  session.bind_input(1, {DataType::kFloat32, &three, 1, data});
  expect_error(ErrorCode::kInvalidArgument, "dimension \"batch\" is 2 in input \"a\" but 3 in input \"b\"",
               [&] { session.run({}); });
}

TEST(Session, OptionsOutOfRange) {
  Options options;
  options.threads = -1;
  expect_error(ErrorCode::kInvalidArgument, "option threads is -1", [&] { ModelImpl(dynamic_graph(), {}, options); });
}

}  // namespace
}  // namespace linnet::internal
