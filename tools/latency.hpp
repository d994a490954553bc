// Latencies in a histogram of fixed size, so that measuring long does not grow the memory that is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace linnet::tools {

/// Nanoseconds. Exact below 1024, then within 1/512.
class LatencyHistogram {
 public:
  LatencyHistogram();
  void add(std::int64_t nanoseconds);
  std::uint64_t count() const { return count_; }
  double mean() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }
  double min() const { return static_cast<double>(min_); }
  double max() const { return static_cast<double>(max_); }
  /// The smallest latency that at least this fraction of the runs did not exceed.
  double quantile(double fraction) const;

 private:
  std::vector<std::uint32_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0.0;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace linnet::tools
