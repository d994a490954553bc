#include "tests/benchmark/side_by_side.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

#include "tests/benchmark/machine_peaks.hpp"

namespace linnet::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
using linnet::internal::OnednnBuffers;
using linnet::internal::OnednnPrimitivePtr;

constexpr double kLargeBytes = 64.0 * (1 << 20);
constexpr int kRounds = 11;

// Seconds of one call, from as many calls as take about 50 us.
double time_of(const std::function<void()>& call, int calls) {
  const auto begin = Clock::now();
  for (int i = 0; i < calls; ++i) {
    call();
    ::benchmark::ClobberMemory();
  }
  return std::chrono::duration<double>(Clock::now() - begin).count() / calls;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Medians of the times of several calls that take turns.
std::vector<double> times_in_turn(const std::vector<std::function<void()>>& calls) {
  const double first = std::max(time_of(calls[0], 1), 1e-9);
  const int repetitions = std::clamp(static_cast<int>(50e-6 / first), 1, 100000);
  std::vector<std::vector<double>> times(calls.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < calls.size(); ++i) times[i].push_back(time_of(calls[i], repetitions));
  }
  std::vector<double> medians;
  medians.reserve(times.size());
  for (const std::vector<double>& of_one : times) medians.push_back(median(of_one));
  return medians;
}

std::function<void()> call_of(const std::shared_ptr<linnet::internal::OnednnPrimitive>& primitive, const float* x,
                              float* y) {
  const linnet::internal::OnednnApi* const api = linnet::internal::onednn_api(nullptr);
  const auto workspace = std::make_shared<Floats>(api->workspace_bytes(primitive.get()) / sizeof(float) + 1);
  OnednnBuffers buffers;
  buffers.src = x;
  buffers.dst = y;
  buffers.workspace = workspace->data();
  return [=] { linnet::internal::check_onednn(api->execute(primitive.get(), &buffers)); };
}

bool have_onednn() { return linnet::internal::onednn_api(nullptr) != nullptr; }

}  // namespace

Floats::Floats(std::size_t count) : storage_(count + 16), data_(storage_.data()), count_(count) {
  while (reinterpret_cast<std::uintptr_t>(data_) % 64 != 0) ++data_;
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    data_[i] = static_cast<float>(static_cast<std::int32_t>(state)) / 536870912.0F;
  }
}

void run_beside(::benchmark::State& state, const std::function<void()>& kernel, const Beside& beside) {
  for (auto _ : state) {
    kernel();
    ::benchmark::ClobberMemory();
  }
  using ::benchmark::Counter;
  const double runs = static_cast<double>(state.iterations());
  state.counters["GB/s"] = Counter(beside.bytes * runs / 1e9, Counter::kIsRate);
  const bool own_copies = beside.copies.empty();
  const std::size_t half = own_copies ? static_cast<std::size_t>(beside.bytes / 2.0 / sizeof(float)) : 0;
  Floats from(half);
  Floats to(half);
  std::vector<std::function<void()>> calls = {kernel};
  calls.insert(calls.end(), beside.copies.begin(), beside.copies.end());
  if (own_copies) {
    calls.emplace_back([&] { copy_floats(from.data(), to.data(), half); });
    calls.emplace_back([&] { copy_past_caches(from.data(), to.data(), half); });
  }
  const std::size_t copies_end = calls.size();
  if (beside.onednn) calls.push_back(beside.onednn);
  if (beside.in_l1) calls.push_back(beside.in_l1);
  const std::vector<double> times = times_in_turn(calls);
  const auto first_copy = times.begin() + 1;
  state.counters["of_copy"] =
      *std::min_element(first_copy, times.begin() + static_cast<std::ptrdiff_t>(copies_end)) / times[0];
  if (beside.onednn) state.counters["by_onednn"] = times[0] / times[copies_end];
  if (beside.in_l1) state.counters["of_in_l1"] = times.back() / times[0];
  if (beside.operations > 0) {
    state.counters["GFLOP/s"] = Counter(beside.operations * runs / 1e9, Counter::kIsRate);
    state.counters["of_peak"] = beside.operations / times[0] / multiply_add_peak();
  }
  state.counters["large"] = beside.bytes >= kLargeBytes ? 1.0 : 0.0;
}

std::function<void()> onednn_call(const linnet::internal::OnednnEltwiseProblem& problem, const float* x, float* y) {
  if (!have_onednn()) return {};
  return call_of(linnet::internal::make_onednn_eltwise(problem, 1), x, y);
}

std::function<void()> onednn_call(const linnet::internal::OnednnSoftmaxProblem& problem, const float* x, float* y) {
  if (!have_onednn()) return {};
  return call_of(linnet::internal::make_onednn_softmax(problem, 1), x, y);
}

}  // namespace linnet::benchmark
