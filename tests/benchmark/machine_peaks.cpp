#include "tests/benchmark/machine_peaks.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/benchmark/machine_peaks.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::benchmark::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

float Sum(V a, V b) { return hn::GetLane(hn::SumOfLanes(D(), hn::Add(a, b))); }

// 12 chains: more than latency times units on any CPU so far, and they fit 16 registers. Returns the operations done.
double MultiplyAdd(std::size_t repetitions, float* result) {
  const D d;
  const V factor = hn::Set(d, 0.999f);
  const V term = hn::Set(d, 0.001f);
  // Equal chains would be computed once.
  V c0 = hn::Set(d, 0.0f), c1 = hn::Set(d, 0.1f), c2 = hn::Set(d, 0.2f), c3 = hn::Set(d, 0.3f);
  V c4 = hn::Set(d, 0.4f), c5 = hn::Set(d, 0.5f), c6 = hn::Set(d, 0.6f), c7 = hn::Set(d, 0.7f);
  V c8 = hn::Set(d, 0.8f), c9 = hn::Set(d, 0.9f), c10 = hn::Set(d, 1.0f), c11 = hn::Set(d, 1.1f);
  for (std::size_t i = 0; i < repetitions; ++i) {
    c0 = hn::MulAdd(c0, factor, term);
    c1 = hn::MulAdd(c1, factor, term);
    c2 = hn::MulAdd(c2, factor, term);
    c3 = hn::MulAdd(c3, factor, term);
    c4 = hn::MulAdd(c4, factor, term);
    c5 = hn::MulAdd(c5, factor, term);
    c6 = hn::MulAdd(c6, factor, term);
    c7 = hn::MulAdd(c7, factor, term);
    c8 = hn::MulAdd(c8, factor, term);
    c9 = hn::MulAdd(c9, factor, term);
    c10 = hn::MulAdd(c10, factor, term);
    c11 = hn::MulAdd(c11, factor, term);
  }
  *result = Sum(c0, c1) + Sum(c2, c3) + Sum(c4, c5) + Sum(c6, c7) + Sum(c8, c9) + Sum(c10, c11);
  return static_cast<double>(repetitions) * 12 * 2 * static_cast<double>(hn::Lanes(d));
}

// Requires: count is a multiple of 128.
float Read(const float* from, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  V s4 = hn::Zero(d), s5 = hn::Zero(d), s6 = hn::Zero(d), s7 = hn::Zero(d);
  for (std::size_t i = 0; i < count; i += 8 * lanes) {
    s0 = hn::Add(s0, hn::LoadU(d, from + i));
    s1 = hn::Add(s1, hn::LoadU(d, from + i + lanes));
    s2 = hn::Add(s2, hn::LoadU(d, from + i + 2 * lanes));
    s3 = hn::Add(s3, hn::LoadU(d, from + i + 3 * lanes));
    s4 = hn::Add(s4, hn::LoadU(d, from + i + 4 * lanes));
    s5 = hn::Add(s5, hn::LoadU(d, from + i + 5 * lanes));
    s6 = hn::Add(s6, hn::LoadU(d, from + i + 6 * lanes));
    s7 = hn::Add(s7, hn::LoadU(d, from + i + 7 * lanes));
  }
  return Sum(s0, s1) + Sum(s2, s3) + Sum(s4, s5) + Sum(s6, s7);
}

}  // namespace
}  // namespace linnet::benchmark::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::benchmark {
namespace {

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(Read);

volatile float sink;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double measure_multiply_adds() {
  double best = 0.0;
  for (int round = 0; round < 200; ++round) {
    float result = 0.0f;
    const double begin = seconds();
    const double operations = LINNET_DISPATCH(MultiplyAdd)(20000, &result);
    best = std::max(best, operations / (seconds() - begin));
    sink = result;
  }
  return best;
}

}  // namespace

double multiply_add_peak() {
  static const double peak = measure_multiply_adds();
  return peak;
}

double read_peak(std::size_t bytes) {
  const std::size_t count = std::max<std::size_t>(1, bytes / sizeof(float) / 128) * 128;
  const std::vector<float> values(count, 1.0f);
  const std::size_t repetitions = (1 << 20) / count + 1;
  double best = 0.0;
  for (int round = 0; round < 50; ++round) {
    const double begin = seconds();
    for (std::size_t i = 0; i < repetitions; ++i) sink = LINNET_DISPATCH(Read)(values.data(), count);
    best = std::max(best, static_cast<double>(repetitions * count * sizeof(float)) / (seconds() - begin));
  }
  return best;
}

}  // namespace linnet::benchmark
#endif  // HWY_ONCE
