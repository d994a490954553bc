#include "tools/latency.hpp"

#include <algorithm>
#include <cmath>

namespace linnet::tools {
namespace {

constexpr int kExactBits = 10;  // one bucket a nanosecond below 2^10
constexpr int kBucketsPerDoubling = 1 << (kExactBits - 1);
constexpr int kMostBits = 44;  // about five hours

std::size_t bucket_of(std::int64_t value) {
  const auto clamped =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(value, 0, (std::int64_t{1} << kMostBits) - 1));
  if (clamped < (1U << kExactBits)) return clamped;
  const int bits = 64 - __builtin_clzll(clamped);
  const int shift = bits - kExactBits;
  const std::size_t doubling = static_cast<std::size_t>(shift) * kBucketsPerDoubling;
  return doubling + static_cast<std::size_t>(clamped >> shift);
}

/// The middle of a bucket.
double value_of(std::size_t bucket) {
  if (bucket < (1U << kExactBits)) return static_cast<double>(bucket);
  const std::size_t shift = bucket / kBucketsPerDoubling - 1;
  const std::size_t mantissa = bucket - shift * kBucketsPerDoubling;
  return (static_cast<double>(mantissa) + 0.5) * std::ldexp(1.0, static_cast<int>(shift));
}

}  // namespace

LatencyHistogram::LatencyHistogram()
    : buckets_(static_cast<std::size_t>(kMostBits - kExactBits + 2) * kBucketsPerDoubling, 0) {}

void LatencyHistogram::add(std::int64_t nanoseconds) {
  ++buckets_[bucket_of(nanoseconds)];
  min_ = count_ == 0 ? nanoseconds : std::min(min_, nanoseconds);
  max_ = std::max(max_, nanoseconds);
  sum_ += static_cast<double>(nanoseconds);
  ++count_;
}

double LatencyHistogram::quantile(double fraction) const {
  const double wanted = std::ceil(fraction * static_cast<double>(count_));
  double seen = 0.0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0.0) return std::clamp(value_of(bucket), min(), max());
  }
  return max();
}

}  // namespace linnet::tools
