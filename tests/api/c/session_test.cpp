// The C API's sessions: caller's buffers, bad input, cancellation, profile, no allocation in warm runs.
#include <gtest/gtest.h>

#include <linnet/inspect.hpp>

#include <cstring>
#include <functional>
#include <thread>

#include "tests/api/c/c_handles.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

class CSessionTest : public testing::Test {
 protected:
  COptions options_ = c_options();
  CModel model_ = c_model(small_network(), options_.get());
  CSession session_ = c_session(model_.get());
  Tensor x_ = sample_tensor({4, 20});
  std::vector<Tensor> expected_ = [this] {
    Options options;
    options.threads = 1;
    return load(small_network(), options).run({x_});
  }();
  const std::int64_t y_shape_[2] = {4, 5};
};

TEST_F(CSessionTest, RunsOnTheCallersBuffers) {
  Tensor y = Tensor::of<float>({4, 5});
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, y_shape_, 2, y.data()));
  EXPECT_OK(linnet_session_prepare(session_.get()));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_EQ(bit_difference(y.view(), expected_[0].view()), "");
  EXPECT_EQ(output_of(session_.get(), 0).data, y.data());
  EXPECT_EQ(bit_difference(output_of(session_.get(), 1), expected_[1].view()), "");
  EXPECT_OK(linnet_session_unbind_output(session_.get(), 0));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_NE(output_of(session_.get(), 0).data, y.data());
  EXPECT_EQ(bit_difference(output_of(session_.get(), 0), expected_[0].view()), "");
}

TEST_F(CSessionTest, OutlivesItsModelsHandleAndOptions) {
  model_.reset();
  options_.reset();
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_EQ(bit_difference(output_of(session_.get(), 0), expected_[0].view()), "");
}

TEST_F(CSessionTest, OwnedTensorsLeaveNothingBound) {
  Tensor y = Tensor::of<float>({4, 5});
  EXPECT_OK(linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, y_shape_, 2, y.data()));
  CTensor x = c_tensor(x_);
  const linnet_tensor* const inputs[] = {x.get()};
  linnet_tensor* outputs[2] = {};
  EXPECT_OK(linnet_session_run_tensors(session_.get(), inputs, 1, outputs, 2, nullptr));
  const CTensor first(outputs[0]);
  const CTensor second(outputs[1]);
  EXPECT_EQ(bit_difference(view_of(first.get()), expected_[0].view()), "");
  EXPECT_EQ(bit_difference(view_of(second.get()), expected_[1].view()), "");
  x.reset();
  EXPECT_FAILS(linnet_session_run(session_.get(), nullptr), LINNET_INVALID_ARGUMENT,
               "input \"x\" is not given: the model wants float32 [batch,20]");
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_EQ(bit_difference(output_of(session_.get(), 0), expected_[0].view()), "");
}

/// What was bound for a run that failed is gone; the next run must not write there.
TEST_F(CSessionTest, OwnedTensorsOfAFailedRunLeaveNothingBound) {
  linnet_run_options* run_options = nullptr;
  EXPECT_OK(linnet_run_options_create(&run_options));
  const CRunOptions owner(run_options);
  linnet_cancel_token* token = nullptr;
  EXPECT_OK(linnet_cancel_token_create(&token));
  const CCancelToken token_owner(token);
  EXPECT_OK(linnet_run_options_set_cancel_token(run_options, token));
  linnet_cancel_token_cancel(token);
  {
    const CTensor x = c_tensor(x_);
    const linnet_tensor* const inputs[] = {x.get()};
    linnet_tensor* output = nullptr;
    EXPECT_EQ(linnet_session_run_tensors(session_.get(), inputs, 1, &output, 1, run_options), LINNET_CANCELLED);
    EXPECT_EQ(output, nullptr);
  }
  EXPECT_FAILS(linnet_session_run(session_.get(), nullptr), LINNET_INVALID_ARGUMENT,
               "input \"x\" is not given: the model wants float32 [batch,20]");
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_EQ(bit_difference(output_of(session_.get(), 0), expected_[0].view()), "");
}

TEST_F(CSessionTest, WrongInputsSayWhatTheModelWants) {
  const std::string wants = "input \"x\": the model wants float32 [batch,20], ";
  const std::int64_t good[] = {4, 20};
  const std::int64_t narrow[] = {4, 19};
  const std::int64_t deep[] = {4, 20, 1};
  const std::int64_t negative[] = {-4, 20};
  const auto bind = [&](std::size_t index, linnet_type type, const std::int64_t* shape, std::size_t rank,
                        const void* data) {
    EXPECT_EQ(linnet_session_bind_input(session_.get(), index, type, shape, rank, data), LINNET_INVALID_ARGUMENT);
    return std::string(linnet_last_error());
  };
  EXPECT_EQ(bind(0, LINNET_INT64, good, 2, x_.data()), wants + "got int64 [4,20]");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, narrow, 2, x_.data()), wants + "got float32 [4,19]");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, deep, 3, x_.data()), wants + "got float32 [4,20,1]");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, negative, 2, x_.data()), wants + "got the shape [-4,20] with a negative dimension");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, good, 2, nullptr), wants + "got no data (null) for shape [4,20]");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, good, 2, static_cast<const char*>(x_.data()) + 1),
            wants + "the data is not aligned to its element size of 4");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, nullptr, 2, x_.data()), "shape is NULL, but the rank is 2");
  EXPECT_EQ(bind(0, LINNET_FLOAT32, good, SIZE_MAX, x_.data()), "rank 18446744073709551615 is too large: 1024 at most");
  EXPECT_EQ(bind(0, 300, good, 2, x_.data()), "type 300 does not exist");
  EXPECT_EQ(bind(0, -1, good, 2, x_.data()), "type -1 does not exist");
  EXPECT_EQ(bind(0, 30, good, 2, x_.data()), wants + "got type 30 [4,20]");
  EXPECT_EQ(bind(1, LINNET_FLOAT32, good, 2, x_.data()), "input 1 does not exist: the model has 1");
}

TEST_F(CSessionTest, WrongOutputBuffers) {
  Tensor small = Tensor::of<float>({4, 4});
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, small.shape().data(), 2, small.data()));
  EXPECT_FAILS(linnet_session_run(session_.get(), nullptr), LINNET_INVALID_ARGUMENT,
               "output \"y\" is float32 [4,5] for these inputs, the buffer bound is float32 [4,4]");
  EXPECT_FAILS(linnet_session_bind_output(session_.get(), 2, LINNET_FLOAT32, y_shape_, 2, small.data()),
               LINNET_INVALID_ARGUMENT, "output 2 does not exist: the model has 2");
  EXPECT_FAILS(linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, y_shape_, 2, nullptr),
               LINNET_INVALID_ARGUMENT, "output 0: no data (null)");
  EXPECT_FAILS(
      linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, y_shape_, 2, static_cast<char*>(small.data()) + 1),
      LINNET_INVALID_ARGUMENT, "output 0: the data is not aligned to its element size of 4");
  EXPECT_OK(linnet_session_bind_output(session_.get(), 0, LINNET_FLOAT32, y_shape_, 2, x_.data()));
  EXPECT_FAILS(linnet_session_run(session_.get(), nullptr), LINNET_INVALID_ARGUMENT,
               "the buffer of output \"y\" overlaps input \"x\"");
}

TEST_F(CSessionTest, OutputsAreThereAfterARunOnly) {
  linnet_type type = 7;
  const std::int64_t* shape = y_shape_;
  std::size_t rank = 2;
  const void* data = this;
  EXPECT_FAILS(linnet_session_output(session_.get(), 0, &type, &shape, &rank, &data), LINNET_INVALID_ARGUMENT,
               "output 0 is not there yet: run the session first");
  EXPECT_EQ(type, LINNET_UNDEFINED);
  EXPECT_EQ(shape, nullptr);
  EXPECT_EQ(rank, 0U);
  EXPECT_EQ(data, nullptr);
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_OK(linnet_session_output(session_.get(), 0, nullptr, nullptr, nullptr, nullptr));
  EXPECT_FAILS(linnet_session_output(session_.get(), 2, nullptr, nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT,
               "output 2 does not exist: the model has 2");
}

TEST_F(CSessionTest, StopsWhenCancelledAndPastItsTime) {
  linnet_run_options* made = nullptr;
  EXPECT_OK(linnet_run_options_create(&made));
  const CRunOptions run_options(made);
  linnet_cancel_token* made_token = nullptr;
  EXPECT_OK(linnet_cancel_token_create(&made_token));
  const CCancelToken token(made_token);
  EXPECT_OK(linnet_run_options_set_cancel_token(run_options.get(), token.get()));
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_run(session_.get(), run_options.get()));
  EXPECT_EQ(linnet_cancel_token_cancelled(token.get()), 0);
  linnet_cancel_token_cancel(token.get());
  EXPECT_EQ(linnet_cancel_token_cancelled(token.get()), 1);
  EXPECT_FAILS(linnet_session_run(session_.get(), run_options.get()), LINNET_CANCELLED, "the run was cancelled");
  linnet_cancel_token_reset(token.get());
  EXPECT_OK(linnet_session_run(session_.get(), run_options.get()));
  linnet_cancel_token_cancel(token.get());
  EXPECT_OK(linnet_run_options_set_cancel_token(run_options.get(), nullptr));
  EXPECT_OK(linnet_run_options_set_timeout(run_options.get(), 3600000000000));
  EXPECT_OK(linnet_session_run(session_.get(), run_options.get()));
  EXPECT_OK(linnet_run_options_set_timeout(run_options.get(), 1));
  EXPECT_FAILS(linnet_session_run(session_.get(), run_options.get()), LINNET_DEADLINE_EXCEEDED,
               "the run passed its deadline");
  const CSession fresh = c_session(model_.get());
  EXPECT_OK(bind_input(fresh.get(), sample_tensor({5, 20})));
  EXPECT_FAILS(linnet_session_prepare_until(fresh.get(), run_options.get()), LINNET_DEADLINE_EXCEEDED,
               "the run passed its deadline");
  EXPECT_OK(linnet_session_prepare_until(fresh.get(), nullptr));
  const std::string bytes = small_network();
  linnet_model* loaded = nullptr;
  EXPECT_FAILS(linnet_model_load_memory_until(bytes.data(), bytes.size(), nullptr, run_options.get(), &loaded),
               LINNET_DEADLINE_EXCEEDED, "loading passed its deadline");
  EXPECT_EQ(loaded, nullptr);
  EXPECT_OK(linnet_model_trim(model_.get()));
  EXPECT_OK(linnet_session_run(session_.get(), nullptr));
  EXPECT_FAILS(linnet_run_options_set_timeout(run_options.get(), -1), LINNET_INVALID_ARGUMENT,
               "timeout is -1 ns, expected 0 (none) or more");
}

TEST_F(CSessionTest, ProfilesEveryStep) {
  EXPECT_OK(bind_input(session_.get(), x_));
  std::size_t count = 0;
  EXPECT_OK(linnet_session_run_profiled(session_.get(), nullptr, 0, &count));
  Options options;
  options.threads = 1;
  EXPECT_EQ(count, summarize_program(load(small_network(), options), {x_.view()}).steps.size());
  std::vector<std::int64_t> times(count + 1, -7);
  EXPECT_OK(linnet_session_run_profiled(session_.get(), times.data(), count + 1, &count));
  EXPECT_EQ(times.back(), -7);
  for (std::size_t step = 0; step < count; ++step) EXPECT_GE(times[step], 0);
  times[1] = -7;
  EXPECT_OK(linnet_session_run_profiled(session_.get(), times.data(), 1, &count));
  EXPECT_EQ(times[1], -7) << "written beyond the capacity";
  EXPECT_FAILS(linnet_session_run_profiled(session_.get(), nullptr, 1, &count), LINNET_INVALID_ARGUMENT,
               "nanoseconds is NULL");
}

TEST_F(CSessionTest, ProfilesEveryNode) {
  EXPECT_OK(bind_input(session_.get(), x_));
  std::size_t count = 0;
  EXPECT_OK(linnet_session_run_profiled_nodes(session_.get(), nullptr, nullptr, 0, &count));
  Options options;
  options.threads = 1;
  const ProgramSummary program = summarize_program(load(small_network(), options), {x_.view()});
  std::vector<std::size_t> expected;
  for (std::size_t step = 0; step < program.steps.size(); ++step)
    expected.insert(expected.end(), std::max<std::size_t>(program.steps[step].chain.size(), 1), step);
  ASSERT_EQ(count, expected.size());
  std::vector<std::size_t> steps(count);
  std::vector<std::int64_t> times(count, -7);
  EXPECT_OK(linnet_session_run_profiled_nodes(session_.get(), steps.data(), times.data(), count, &count));
  EXPECT_EQ(steps, expected);
  for (const std::int64_t time : times) EXPECT_GE(time, 0);
  EXPECT_FAILS(linnet_session_run_profiled_nodes(session_.get(), nullptr, times.data(), 1, &count),
               LINNET_INVALID_ARGUMENT, "steps is NULL");
}

TEST_F(CSessionTest, WarmRunsAllocateNothing) {
  EXPECT_OK(bind_input(session_.get(), x_));
  EXPECT_OK(linnet_session_prepare(session_.get()));
  const std::uint64_t before = AllocationCounter::allocations();
  for (int run = 0; run < 10; ++run) linnet_session_run(session_.get(), nullptr);
  EXPECT_EQ(AllocationCounter::allocations(), before);
}

/// A pool of the calling thread alone that calls `meanwhile` inside the first loop of the run.
struct Interruption {
  std::function<void()> meanwhile;
  static std::int32_t concurrency(void*) { return 2; }
  static void parallel_for(void* context, std::size_t count, linnet_task task, void* task_context) {
    const std::function<void()> now = std::exchange(static_cast<Interruption*>(context)->meanwhile, nullptr);
    if (now) now();
    for (std::size_t index = 0; index < count; ++index) task(task_context, index);
  }
};

TEST(CSessionInUse, OtherThreadsAreRefusedAndMayNotDestroyIt) {
  constexpr char kInUse[] = "the session is in use by another thread: a session serves one call at a time";
  Interruption interruption;
  const COptions options = c_options(LINNET_BACKEND_SIMD, 0);
  EXPECT_OK(linnet_options_set_thread_pool(options.get(), Interruption::concurrency, Interruption::parallel_for,
                                           &interruption));
  const CModel model = c_model(wide_network(), options.get());
  const CSession session = c_session(model.get());
  const Tensor x = sample_tensor({301, 64});
  EXPECT_OK(bind_input(session.get(), x));
  EXPECT_OK(linnet_session_prepare(session.get()));
  bool interrupted = false;
  interruption.meanwhile = [&] {
    std::thread([&] {
      interrupted = true;
      EXPECT_FAILS(linnet_session_run(session.get(), nullptr), LINNET_INVALID_ARGUMENT, kInUse);
      EXPECT_FAILS(bind_input(session.get(), x), LINNET_INVALID_ARGUMENT, kInUse);
      EXPECT_FAILS(linnet_session_destroy(session.get()), LINNET_INVALID_ARGUMENT, kInUse);
    }).join();
  };
  EXPECT_OK(linnet_session_run(session.get(), nullptr));
  EXPECT_TRUE(interrupted);
  EXPECT_STRNE(linnet_last_error(), kInUse) << "the message belongs to the other thread";
  const Tensor expected = load(wide_network()).run({x}).front();
  EXPECT_EQ(difference(output_of(session.get(), 0), expected.view(), model_tolerance(DataType::kFloat32)), "");
}

}  // namespace
}  // namespace linnet::test
