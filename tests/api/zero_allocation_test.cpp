// Warm runs allocate nothing: neither with operator new nor with malloc, on any thread of the process.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <tuple>

#include <linnet/tensor_file.hpp>

#include "tests/api/sample_models.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

constexpr int kWarmRuns = 20;

/// Allocations of the whole process during `body`.
template <typename Body>
std::uint64_t allocations_during(const Body& body) {
  const std::uint64_t before = AllocationCounter::allocations();
  body();
  return AllocationCounter::allocations() - before;
}

TEST(AllocationCounter, SeesWhatIsAllocated) {
  EXPECT_EQ(allocations_during([] {}), 0U);
  EXPECT_GE(allocations_during([] { Tensor::of<float>({100}); }), 1U);
  if (AllocationCounter::sees_malloc()) {
    EXPECT_EQ(allocations_during([] {
                void* volatile memory = std::malloc(10);
                std::free(memory);
              }),
              1U);
  }
  const std::int64_t live = AllocationCounter::live_blocks();
  const auto kept = std::make_unique<std::vector<int>>(100);
  EXPECT_EQ(AllocationCounter::live_blocks() - live, 2);
}

class WarmRun : public testing::TestWithParam<std::tuple<Backend, int>> {
 protected:
  Options options() const { return options_for(std::get<Backend>(GetParam()), std::get<int>(GetParam())); }
};

TEST_P(WarmRun, AllocatesNothing) {
  const Model model = load(small_network(), options());
  Session session = model.session();
  const Tensor x = sample_tensor({4, 20});
  Tensor y = Tensor::of<float>({4, 5});
  session.bind_input(0, x.view());
  session.bind_output(0, y.view());
  session.prepare();
  EXPECT_EQ(allocations_during([&] { session.run(); }), 0U) << "the first run after prepare";
  EXPECT_EQ(allocations_during([&] {
              for (int i = 0; i < kWarmRuns; ++i) session.run();
            }),
            0U);
}

TEST_P(WarmRun, AllocatesNothingWithATokenAndADeadline) {
  Session session = load(small_network(), options()).session();
  const Tensor x = sample_tensor({4, 20});
  session.bind_input(0, x.view());
  session.run();
  CancelToken token;
  RunOptions run_options;
  run_options.cancel = &token;
  run_options.timeout = std::chrono::seconds(100);
  EXPECT_EQ(allocations_during([&] {
              for (int i = 0; i < kWarmRuns; ++i) session.run(run_options);
            }),
            0U);
}

TEST_P(WarmRun, AllocatesNothingWhenShapesSeenBeforeComeBack) {
  Session session = load(small_network(), options()).session();
  const std::vector<Tensor> inputs = {sample_tensor({4, 20}), sample_tensor({1, 20}), sample_tensor({37, 20})};
  for (const Tensor& x : inputs) {
    session.bind_input(0, x.view());
    session.run();
  }
  for (const Tensor& x : inputs) {
    EXPECT_EQ(allocations_during([&] {
                session.bind_input(0, x.view());
                session.run();
              }),
              0U)
        << "batch of " << x.shape()[0];
  }
}

/// Work for all threads: 256 x 512 x 512 and an activation, far above the limit below which one thread does it alone.
TEST_P(WarmRun, AllocatesNothingWhenThreadsShareTheWork) {
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {256, 512})
                                .initializer<float>("w", {512, 512}, sample_values(512 * 512))
                                .node("MatMul", {"x", "w"}, {"p"})
                                .node("Tanh", {"p"}, {"t"})
                                .node("Softmax", {"t"}, {"y"})
                                .output("y", DataType::kFloat32, {256, 512})
                                .bytes();
  Session session = load(bytes, options()).session();
  const Tensor x = sample_tensor({256, 512});
  session.bind_input(0, x.view());
  session.run();
  EXPECT_EQ(allocations_during([&] {
              for (int i = 0; i < kWarmRuns; ++i) session.run();
            }),
            0U);
}

TEST_P(WarmRun, AllocatesNothingInAnyExportedModel) {
  for (const ModelRun& run : first_of_each_model(committed_runs())) {
    Session session = Model::load(run.path, options()).session();
    const Tensor input = read_npy(run.input_file);
    session.bind_input(0, input.view());
    session.run();
    EXPECT_EQ(allocations_during([&] { session.run(); }), 0U) << run.path;
  }
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<Backend, int>>& info) {
  return std::string(name_of(std::get<Backend>(info.param))) + "_threads" + std::to_string(std::get<int>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Api, WarmRun,
                         testing::Combine(testing::Values(Backend::kSimd, Backend::kAuto, Backend::kReference),
                                          testing::Values(1, 2)),
                         name_of_case);

}  // namespace
}  // namespace linnet::test
