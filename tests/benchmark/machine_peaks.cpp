#include "tests/benchmark/machine_peaks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/benchmark/machine_peaks.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/amx.hpp"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/stream.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/kernels/tiles.hpp"
#include "runtime/constant.hpp"

HWY_BEFORE_NAMESPACE();
namespace linnet::benchmark::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

float Sum(V a, V b) { return hn::GetLane(hn::SumOfLanes(D(), hn::Add(a, b))); }

// A step of a chain: sum + a b.
struct FloatStep {
  static constexpr double kOperations = 2.0;  // per float of the sum
  static HWY_INLINE V MulAdd(V a, V b, V sum) { return hn::MulAdd(a, b, sum); }
};

#if HWY_TARGET == HWY_AVX3
// Pairs of bfloat16, as the kernels multiply them (ops/kernels/gemm_tile-inl.h).
struct PairStep {
  static constexpr double kOperations = 4.0;
  static HWY_INLINE V MulAdd(V a, V b, V sum) {
    __asm__("vdpbf16ps %[b], %[a], %[sum]" : [sum] "+v"(sum.raw) : [a] "v"(a.raw), [b] "v"(b.raw));
    return sum;
  }
};
#endif

// 12 chains: more than latency times units on any CPU so far, and they fit 16 registers. Returns the operations done.
template <typename Step>
double Chains(std::size_t repetitions, float* result) {
  const D d;
  const V a = hn::Set(d, 0.999f), b = hn::Set(d, 0.001f);
  // Equal chains would be computed once.
  V c0 = hn::Set(d, 0.0f), c1 = hn::Set(d, 0.1f), c2 = hn::Set(d, 0.2f), c3 = hn::Set(d, 0.3f);
  V c4 = hn::Set(d, 0.4f), c5 = hn::Set(d, 0.5f), c6 = hn::Set(d, 0.6f), c7 = hn::Set(d, 0.7f);
  V c8 = hn::Set(d, 0.8f), c9 = hn::Set(d, 0.9f), c10 = hn::Set(d, 1.0f), c11 = hn::Set(d, 1.1f);
  for (std::size_t i = 0; i < repetitions; ++i) {
    c0 = Step::MulAdd(a, b, c0);
    c1 = Step::MulAdd(a, b, c1);
    c2 = Step::MulAdd(a, b, c2);
    c3 = Step::MulAdd(a, b, c3);
    c4 = Step::MulAdd(a, b, c4);
    c5 = Step::MulAdd(a, b, c5);
    c6 = Step::MulAdd(a, b, c6);
    c7 = Step::MulAdd(a, b, c7);
    c8 = Step::MulAdd(a, b, c8);
    c9 = Step::MulAdd(a, b, c9);
    c10 = Step::MulAdd(a, b, c10);
    c11 = Step::MulAdd(a, b, c11);
  }
  *result = Sum(c0, c1) + Sum(c2, c3) + Sum(c4, c5) + Sum(c6, c7) + Sum(c8, c9) + Sum(c10, c11);
  return static_cast<double>(repetitions) * 12 * Step::kOperations * static_cast<double>(hn::Lanes(d));
}

double MultiplyAdd(std::size_t repetitions, float* result) { return Chains<FloatStep>(repetitions, result); }

double MultiplyAddPairs(std::size_t repetitions, float* result) {
#if HWY_TARGET == HWY_AVX3
  return Chains<PairStep>(repetitions, result);
#else
  *result = 0.0f;
  return static_cast<double>(repetitions) * 0.0;
#endif
}

void Copy(const float* from, float* to, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const V v0 = hn::LoadU(d, from + i), v1 = hn::LoadU(d, from + i + lanes);
    const V v2 = hn::LoadU(d, from + i + 2 * lanes), v3 = hn::LoadU(d, from + i + 3 * lanes);
    hn::StoreU(v0, d, to + i);
    hn::StoreU(v1, d, to + i + lanes);
    hn::StoreU(v2, d, to + i + 2 * lanes);
    hn::StoreU(v3, d, to + i + 3 * lanes);
  }
  for (; i < count; ++i) to[i] = from[i];
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

LINNET_EXPORT(MultiplyAdd);
LINNET_EXPORT(MultiplyAddPairs);
LINNET_EXPORT(Copy);
LINNET_EXPORT(Read);

// Written by every thread, so that no result is computed for nothing.
std::atomic<float> sink;

using Clock = std::chrono::steady_clock;

// Calls work(thread) on so many threads at once, `rounds` times. Seconds of the shortest round.
template <typename Work>
double shortest_round(int threads, int rounds, const Work& work) {
  std::atomic<int> ready{0};
  std::atomic<int> done{0};
  std::atomic<int> round{-1};
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) {
    others.emplace_back([&, thread] {
      for (int mine = 0; mine < rounds; ++mine) {
        ready.fetch_add(1);
        while (round.load() < mine) {
        }
        work(thread);
        done.fetch_add(1);
      }
    });
  }
  double best = 1e30;
  for (int mine = 0; mine < rounds; ++mine) {
    while (ready.load() < (threads - 1) * (mine + 1)) {
    }
    const auto begin = Clock::now();
    round.store(mine);
    work(0);
    while (done.load() < (threads - 1) * (mine + 1)) {
    }
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  for (std::thread& other : others) other.join();
  return best;
}

// loop(repetitions, result) gives the operations that it did.
template <typename Loop>
double measure_operations(int threads, const Loop& loop) {
  std::atomic<double> operations{0.0};
  const double seconds = shortest_round(threads, 100, [&](int) {
    float result = 0.0f;
    operations.store(loop(std::size_t{100000}, &result));
    sink.store(result);
  });
  return operations.load() * threads / seconds;
}

#if defined(__x86_64__)
// Four sums of tiles in turn. Requires: tiles() == Tiles::kInstructions.
double multiply_tiles(std::size_t repetitions, float* result) {
  constexpr std::size_t kRows = 16, kColumns = 16, kDepth = 32;
  alignas(64) constexpr std::byte kZeros[kRows * 64] = {};
  kernels::AmxTiles tiles(kRows);
  tiles.zero<0>();
  tiles.zero<1>();
  tiles.zero<2>();
  tiles.zero<3>();
  tiles.load<4>(kZeros);
  tiles.load<5>(kZeros);
  tiles.load<6>(kZeros);
  tiles.load<7>(kZeros);
  for (std::size_t i = 0; i < repetitions; ++i) {
    tiles.multiply<0, 4, 6>();
    tiles.multiply<1, 4, 7>();
    tiles.multiply<2, 5, 6>();
    tiles.multiply<3, 5, 7>();
  }
  *result = 0.0f;
  return static_cast<double>(repetitions) * 4 * 2 * kRows * kColumns * kDepth;
}
#endif

// Arrays of one thread each, a multiple of 128 floats, that have `bytes` together or a little less. In huge pages where
// Linnet's weights are: a limit that is measured in small ones is none.
struct Shares {
  Shares(std::size_t bytes, int threads)
      : count(std::max<std::size_t>(1, bytes / sizeof(float) / static_cast<std::size_t>(threads) / 128) * 128) {
    for (int thread = 0; thread < threads; ++thread) {
      blocks.push_back(linnet::internal::allocate_aligned(count * sizeof(float)));
      std::fill_n(data(thread), count, 1.0f);
    }
  }
  float* data(int thread) const { return reinterpret_cast<float*>(blocks[static_cast<std::size_t>(thread)].get()); }

  std::size_t count;
  std::vector<std::shared_ptr<std::byte>> blocks;
};

}  // namespace

double multiply_add_peak(int threads) {
  static std::map<int, double> peaks;
  const auto found = peaks.find(threads);
  if (found != peaks.end()) return found->second;
  return peaks[threads] = measure_operations(threads, LINNET_DISPATCH(MultiplyAdd));
}

double bf16_multiply_add_peak(int threads) {
#if defined(__x86_64__)
  if (kernels::tiles() == kernels::Tiles::kInstructions) return measure_operations(threads, multiply_tiles);
#endif
  return kernels::has_bfloat16_instructions() ? measure_operations(threads, LINNET_DISPATCH(MultiplyAddPairs)) : 0.0;
}

double read_peak(std::size_t bytes, int threads) {
  const Shares arrays(bytes, threads);
  const std::size_t count = arrays.count;
  const std::size_t repetitions = (1 << 23) / count + 1;
  const double seconds = shortest_round(threads, 50, [&](int thread) {
    for (std::size_t i = 0; i < repetitions; ++i) sink.store(LINNET_DISPATCH(Read)(arrays.data(thread), count));
  });
  return static_cast<double>(static_cast<std::size_t>(threads) * repetitions * count * sizeof(float)) / seconds;
}

void copy_floats(const float* from, float* to, std::size_t count) { LINNET_DISPATCH(Copy)(from, to, count); }

void copy_past_caches(const float* from, float* to, std::size_t count) {
  kernels::stream(from, to, count);
  kernels::finish_streams();
}

}  // namespace linnet::benchmark
#endif  // HWY_ONCE
