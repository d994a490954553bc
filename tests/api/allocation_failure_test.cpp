// Every allocation failing in turn, through load, session and runs: a linnet::Error each time, nothing leaked, and the
// session gives the same bits afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <linnet/tensor_file.hpp>

#include "tests/api/cached_attention.hpp"
#include "tests/api/sample_models.hpp"
#include "tests/api/value_models.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/graph_writer.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

enum class Mode { kNthOnly, kFromNth };

/// No workload here makes more allocations than this; a loop that gets so far never ends by itself.
constexpr std::uint64_t kMostAllocations = 200000;

void arm(Mode mode, std::uint64_t n) {
  if (mode == Mode::kNthOnly) {
    AllocationCounter::fail_nth(n);
  } else {
    AllocationCounter::fail_from(n);
  }
}

enum class Outcome { kSuccess, kError, kOtherException };

/// Runs `body` with its n-th allocation failing. Nothing here allocates while the counter is armed.
template <typename Body>
Outcome outcome_of(Mode mode, std::uint64_t n, const Body& body) {
  Outcome outcome = Outcome::kSuccess;
  arm(mode, n);
  try {
    body();
  } catch (const Error&) {
    outcome = Outcome::kError;
  } catch (...) {
    outcome = Outcome::kOtherException;
  }
  AllocationCounter::fail_none();
  return outcome;
}

/// Calls `body` with n = 1, 2, ... failing until none fails any more; checks outcome and leaks each time.
template <typename Body>
void fail_every_allocation(Mode mode, const Body& body) {
  body();  // fills caches that live as long as the process
  std::uint64_t errors = 0;
  for (std::uint64_t n = 1; n < kMostAllocations; ++n) {
    const std::int64_t live = AllocationCounter::live_blocks();
    const Outcome outcome = outcome_of(mode, n, body);
    const bool failed = AllocationCounter::has_failed();
    ASSERT_EQ(AllocationCounter::live_blocks(), live) << "allocation " << n << " failing leaks";
    ASSERT_NE(outcome, Outcome::kOtherException)
        << "allocation " << n << " failing throws something else than linnet::Error";
    if (outcome == Outcome::kError) ++errors;
    if (failed) continue;
    ASSERT_EQ(outcome, Outcome::kSuccess) << "an error although nothing failed";
    EXPECT_GT(errors, 0U);
    std::printf("%llu allocations failed in turn, %llu of them with an error\n", static_cast<unsigned long long>(n - 1),
                static_cast<unsigned long long>(errors));
    return;
  }
  FAIL() << "still failing after " << kMostAllocations << " allocations";
}

class FailingAllocation : public testing::TestWithParam<Mode> {};

TEST_P(FailingAllocation, FromMemoryThroughLoadAndRun) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string bytes = small_network();
  const Tensor x = sample_tensor({4, 20});
  const Tensor expected = load(bytes, options).run({x}).front();
  Tensor y = Tensor::of<float>({4, 5});
  bool same = true;
  fail_every_allocation(GetParam(), [&] {
    const Model model = load(bytes, options);
    Session session = model.session();
    session.bind_input(0, x.view());
    session.bind_output(0, y.view());
    session.run();
    same = same && std::equal(y.data<float>(), y.data<float>() + y.count(), expected.data<float>());
  });
  EXPECT_TRUE(same) << "a run that succeeded gave other bits";
}

/// A loop that makes a list longer, a branch in it, and a scan over what it stacks.
std::string branches_and_loops() {
  const GraphWriter step =
      GraphWriter().input("s").input("a").node("Add", {"s", "a"}, {"s2"}).output("s2").output("s2");
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("list")
                               .node("If", {"condition"}, {"more"},
                                     {GraphWriter().node("Relu", {"x"}, {"t"}).output("t").as("then_branch"),
                                      GraphWriter().node("Neg", {"x"}, {"e"}).output("e").as("else_branch")})
                               .node("Concat", {"list", "more"}, {"longer"}, {attribute("axis", 0)})
                               .output("goes_on")
                               .output("longer")
                               .output("more");
  return model()
      .opset(16)
      .input("condition", DataType::kBool, {})
      .input("x", DataType::kFloat32, {4})
      .initializer<std::int64_t>("M", {}, {3})
      .node("Loop", {"M", "", "x"}, {"list", "all"}, {body.as("body")})
      .node("Scan", {"x", "all"}, {"y", "sums"}, {step.as("body"), attribute("num_scan_inputs", 1)})
      .output("list")
      .output("sums")
      .bytes();
}

TEST_P(FailingAllocation, WithBranchesAndLoops) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string bytes = branches_and_loops();
  Tensor condition = Tensor::of<bool>({});
  *condition.data<bool>() = false;
  const Tensor x = sample_tensor({4});
  const std::vector<Tensor> expected = load(bytes, options).run({condition, x});
  ASSERT_EQ(expected[0].shape(), (Shape{16}));
  EXPECT_EQ(expected[1].data<float>()[8], x.data<float>()[0] - 3 * x.data<float>()[0]);
  bool same = true;
  fail_every_allocation(GetParam(), [&] {
    const Model model = load(bytes, options);
    Session session = model.session();
    session.bind_input(0, condition.view());
    session.bind_input(1, x.view());
    session.run();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto* y = static_cast<const float*>(session.output(i).data);
      same = same && std::equal(y, y + expected[i].count(), expected[i].data<float>());
    }
  });
  EXPECT_TRUE(same) << "a run that succeeded gave other bits";
}

/// What is positive, and a loop that data ends and that stacks it, twice as much at every iteration.
std::string stages() {
  const GraphWriter body = GraphWriter()
                               .input("i")
                               .input("goes_on")
                               .input("s")
                               .node("Add", {"s", "s"}, {"s2"})
                               .node("ReduceMax", {"s2"}, {"largest"}, {attribute("keepdims", 0)})
                               .node("Less", {"largest", "limit"}, {"next"})
                               .output("next")
                               .output("s2")
                               .output("s2");
  return model()
      .opset(13)
      .input("x", DataType::kFloat32, {"n"})
      .initializer<float>("zero", {}, {0})
      .initializer<float>("limit", {}, {100})
      .node("Greater", {"x", "zero"}, {"positive"})
      .node("Compress", {"x", "positive"}, {"chosen"})
      .node("Loop", {"", "", "chosen"}, {"last", "all"}, {body.as("body")})
      .node("NonZero", {"all"}, {"indices"})
      .output("all")
      .output("indices")
      .bytes();
}

TEST_P(FailingAllocation, WithShapesThatDataDecides) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string bytes = stages();
  const std::vector<Tensor> inputs = {sample_tensor({6})};
  const std::vector<Tensor> expected = load(bytes, options).run(inputs);
  ASSERT_EQ(expected[0].shape().size(), 2U);
  ASSERT_GT(expected[0].count(), 6U);
  bool same = true;
  fail_every_allocation(GetParam(), [&] {
    const std::vector<Tensor> outputs = load(bytes, options).run(inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      same = same && outputs[i].bytes() == expected[i].bytes() &&
             std::memcmp(outputs[i].data(), expected[i].data(), outputs[i].bytes()) == 0;
    }
  });
  EXPECT_TRUE(same) << "a run that succeeded gave other bits";
}

TEST_P(FailingAllocation, WithCachesThatGrow) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string bytes = attention().bytes();
  const Tensor x = tokens(2, 1, 1);
  std::vector<Tensor> masks;
  std::vector<Tensor> expected;
  {
    const Model model = load(bytes, options);
    ByHand by_hand(model, 2);
    for (std::int64_t i = 1; i <= 6; ++i) {
      masks.push_back(mask_of(i));
      expected = by_hand.run(x);
    }
  }
  bool same = true;
  fail_every_allocation(GetParam(), [&] {
    const Model model = load(bytes, options);
    Session session = carrying(model);
    session.bind_input(kX, x.view());
    for (const Tensor& mask : masks) {
      session.bind_input(kMask, mask.view());
      session.run();
    }
    for (std::size_t i = 0; i < expected.size(); ++i)
      same = same && std::memcmp(session.output(i).data, expected[i].data(), expected[i].bytes()) == 0;
  });
  EXPECT_TRUE(same) << "a run that succeeded gave other bits";
}

/// Strings and sequences from Values to Values.
TEST_P(FailingAllocation, WithValues) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string strings = strings_model();
  const std::string sequences = sequence_model();
  const Tensor x = sample_tensor({6});
  const std::string text(100, 'x');
  const std::vector<Value> texts = {Value::strings({2, 2}, {"a", text, "c", "d"})};
  const std::vector<Value> items = {x};
  bool same = true;
  fail_every_allocation(GetParam(), [&] {
    const Value made = run_values(load(strings, options), texts)[0];
    same = same && made.strings()[0] == "a" && made.strings()[2] == text;
    Session session = load(sequences, options).session();
    bind_value(session, 0, Value::sequence(DataType::kFloat32, items));
    bind_value(session, 1, x);
    session.run();
    const Value longer = output_value(session, 0);
    same = same && longer.size() == 2 && std::memcmp(longer.at(1).view().data, x.data(), x.bytes()) == 0;
  });
  EXPECT_TRUE(same) << "a run that succeeded gave other values";
}

TEST_P(FailingAllocation, FromAFileWithExternalData) {
  const Options options = options_for(Backend::kSimd, 1);
  const std::string folder = LINNET_SOURCE_DIR "/models/activation_sampler";
  const std::string path = folder + "/dynamo_external_dynamic.onnx";
  const Tensor x = read_npy(folder + "/input.npy");
  fail_every_allocation(GetParam(), [&] {
    const Model model = Model::load(path, options);
    Session session = model.session();
    session.bind_input(0, x.view());
    session.run();
  });
}

TEST_P(FailingAllocation, OwnedTensorsThroughTheModelsPool) {
  const Model model = load(small_network(), options_for(Backend::kSimd, 1));
  const std::vector<Tensor> inputs = {sample_tensor({4, 20})};
  const Tensor expected = model.run(inputs).front();
  fail_every_allocation(GetParam(), [&] { model.run(inputs); });
  EXPECT_EQ(bit_difference(model.run(inputs).front().view(), expected.view()), "");
}

TEST_P(FailingAllocation, SessionIsUsableAfterwards) {
  const std::string bytes = small_network();
  const Tensor small = sample_tensor({4, 20}, 1);
  const Tensor large = sample_tensor({64, 20}, 2);
  const Model warm = load(bytes, options_for(Backend::kSimd, 1));
  const Tensor expected_small = warm.run({small}).front();
  const Tensor expected_large = warm.run({large}).front();
  for (std::uint64_t n = 1; n < kMostAllocations; ++n) {
    // The model is new each time, so that the second shape has to be compiled, and the arena has to grow.
    const Model model = load(bytes, options_for(Backend::kSimd, 1));
    Session session = model.session();
    session.bind_input(0, small.view());
    session.run();
    const Outcome outcome = outcome_of(GetParam(), n, [&] {
      session.bind_input(0, large.view());
      session.run();
    });
    ASSERT_NE(outcome, Outcome::kOtherException) << "allocation " << n;
    const bool failed = AllocationCounter::has_failed();
    session.bind_input(0, large.view());
    session.run();
    ASSERT_EQ(bit_difference(session.output(0), expected_large.view()), "") << "after allocation " << n << " failed";
    session.bind_input(0, small.view());
    session.run();
    ASSERT_EQ(bit_difference(session.output(0), expected_small.view()), "") << "after allocation " << n << " failed";
    if (failed) continue;
    EXPECT_GT(n, 1U) << "the second shape allocated nothing, so nothing was tested";
    return;
  }
  FAIL() << "still failing after " << kMostAllocations << " allocations";
}

/// Helpers that cannot be started are done without.
TEST_P(FailingAllocation, WithThreads) {
  const Options options = options_for(Backend::kSimd, 2);
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {64, 256})
                                .initializer<float>("w", {256, 256}, sample_values(256 * 256))
                                .node("MatMul", {"x", "w"}, {"p"})
                                .node("Tanh", {"p"}, {"y"})
                                .output("y", DataType::kFloat32, {64, 256})
                                .bytes();
  const Tensor x = sample_tensor({64, 256});
  const Tensor expected = load(bytes, options_for(Backend::kSimd, 1)).run({x}).front();
  for (std::uint64_t n = 1; n < kMostAllocations; ++n) {
    const Outcome outcome = outcome_of(GetParam(), n, [&] {
      Session session = load(bytes, options).session();
      session.bind_input(0, x.view());
      session.run();
    });
    ASSERT_NE(outcome, Outcome::kOtherException) << "allocation " << n;
    if (!AllocationCounter::has_failed()) break;
    ASSERT_LT(n + 1, kMostAllocations);
  }
  EXPECT_EQ(bit_difference(load(bytes, options).run({x}).front().view(), expected.view()), "");
}

INSTANTIATE_TEST_SUITE_P(Api, FailingAllocation, testing::Values(Mode::kNthOnly, Mode::kFromNth),
                         [](const testing::TestParamInfo<Mode>& info) {
                           return info.param == Mode::kNthOnly ? "NthOnly" : "FromNthOn";
                         });

}  // namespace
}  // namespace linnet::test
