// Counters that hold a kernel against a copy of as many bytes and against oneDNN, both measured in the same run.
#ifndef LINNET_TESTS_BENCHMARK_SIDE_BY_SIDE_HPP_
#define LINNET_TESTS_BENCHMARK_SIDE_BY_SIDE_HPP_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "ops/onednn/onednn_backend.hpp"

namespace linnet::benchmark {

// Floats that start at a multiple of 64 bytes, with values in [-4, 4) that look random.
class Floats {
 public:
  explicit Floats(std::size_t count);
  Floats(Floats&&) = default;
  float* data() { return data_; }
  const float* data() const { return data_; }
  std::size_t size() const { return count_; }

 private:
  std::vector<float> storage_;
  float* data_;
  std::size_t count_;
};

// What a benchmark of a kernel is measured beside.
struct Beside {
  double bytes = 0;       // that one call reads and writes, each once
  double operations = 0;  // of one call, for GFLOP/s; 0 where an implementation chooses how many there are
  // One call of oneDNN's primitive for the same function; empty where it has none.
  std::function<void()> onednn = {};
  // Copies of as many bytes, half of them read, of which the fastest counts; by one thread, with plain stores and with
  // stores past the caches, where none is given.
  std::vector<std::function<void()>> copies = {};
  // The kernel's arithmetic without memory: as many elements, the same ones of L1 again and again.
  std::function<void()> in_l1 = {};
};

// Runs `kernel` as the benchmark's loop, then kernel, copy, oneDNN and the kernel in L1 in turn for some rounds, and
// sets the counters:
//   GB/s, GFLOP/s   of the benchmark's loop
//   of_copy         the kernel's bandwidth by that of the fastest copy of as many bytes; 1 is the copy's
//   of_in_l1        the time of its arithmetic alone by its own; 1 is as fast as the arithmetic goes
//   of_peak         its operations per second by those of multiply-adds on registers
//   by_onednn       its time by oneDNN's; below 1 it is faster
//   large           1 where the bytes are more than caches hold
// Shares are medians over rounds in which the sides take turns.
void run_beside(::benchmark::State& state, const std::function<void()>& kernel, const Beside& beside);

// A primitive of oneDNN with its buffers, as a call; empty where oneDNN cannot be used.
std::function<void()> onednn_call(const linnet::internal::OnednnEltwiseProblem& problem, const float* x, float* y);
std::function<void()> onednn_call(const linnet::internal::OnednnSoftmaxProblem& problem, const float* x, float* y);

}  // namespace linnet::benchmark

#endif  // LINNET_TESTS_BENCHMARK_SIDE_BY_SIDE_HPP_
