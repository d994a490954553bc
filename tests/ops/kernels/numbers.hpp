// What the kernel tests share: distances between floats, every instruction set in turn, buffers with canaries.
#ifndef LINNET_TESTS_OPS_KERNELS_NUMBERS_HPP_
#define LINNET_TESTS_OPS_KERNELS_NUMBERS_HPP_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "ops/kernels/targets.hpp"

namespace linnet::kernels::test {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kLeastDenormal = std::numeric_limits<float>::denorm_min();

inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Of all 2^32 floats, in the order of their bits, the first and every step-th after it.
inline std::vector<float> sampled_floats(std::uint64_t step) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step)
    x.push_back(float_of(static_cast<std::uint32_t>(bits)));
  return x;
}

// How many floats apart; both zeros are one, two NaNs are equal, NaN is far from everything else.
inline std::int64_t ulp_distance(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b) ? 0 : std::int64_t{1} << 40;
  const auto ordinal = [](float x) {
    const std::int64_t magnitude = bits_of(x) & 0x7fffffffu;
    return std::signbit(x) ? -magnitude : magnitude;
  };
  return std::abs(ordinal(a) - ordinal(b));
}

// Same bits, or both NaN.
inline ::testing::AssertionResult same(float a, float b) {
  if (bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b))) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << a << " is not " << b;
}

// Runs `body` on every instruction set that this CPU has.
template <class Body>
void on_every_isa(Body body) {
  for (const char* isa : supported_targets()) {
    SCOPED_TRACE(isa);
    ASSERT_TRUE(set_isa(isa));
    body();
  }
  ASSERT_TRUE(set_isa("auto"));
}

// `count` floats at an address that is a multiple of no vector's size, with canaries on both sides.
class Guarded {
 public:
  explicit Guarded(const std::vector<float>& values)
      : values_(values.size() + 2 * kMargin, kCanary), count_(values.size()) {
    std::copy(values.begin(), values.end(), data());
  }
  explicit Guarded(std::size_t count) : Guarded(std::vector<float>(count, kCanary)) {}

  float* data() { return values_.data() + kMargin; }
  std::vector<float> values() const {
    return {values_.begin() + kMargin, values_.begin() + kMargin + static_cast<std::ptrdiff_t>(count_)};
  }
  bool intact() const {
    for (std::size_t i = 0; i < kMargin; ++i) {
      if (values_[i] != kCanary || values_[kMargin + count_ + i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kMargin = 17;
  static constexpr float kCanary = 12345.678f;
  std::vector<float> values_;
  std::size_t count_;
};

inline std::vector<float> random_floats(std::size_t count, float mean, float deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution(mean, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(generator);
  return values;
}

}  // namespace linnet::kernels::test

#endif  // LINNET_TESTS_OPS_KERNELS_NUMBERS_HPP_
