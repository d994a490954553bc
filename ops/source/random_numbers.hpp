// Random numbers by their position: element i of a run is made of the run's key and i alone, so that tasks may make
// them in any order, and every machine and number of threads gets the same.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Keys of a node's runs. With a seed every run has the same; without one every run, node and program has its own.
class RandomKeys {
 public:
  /// Nothing: no seed.
  explicit RandomKeys(std::optional<std::uint64_t> seed);
  /// Thread-safety: all threads.
  std::uint64_t next() const noexcept {
    return seeded_ ? first_ : first_ + 0x9e3779b97f4a7c15U * runs_.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  bool seeded_ = false;
  std::uint64_t first_ = 0;
  mutable std::atomic<std::uint64_t> runs_{0};
};

/// The bits of the float attribute "seed"; nothing where it is left out, or NaN.
std::optional<std::uint64_t> parse_seed(ParseContext& context);

/// line[i] is number first + i of those evenly spread over [0, 1), all multiples of 2^-53. Requires: first is even.
void random_uniforms(std::uint64_t key, std::size_t first, std::size_t count, double* line);
/// The same of the normal distribution with mean 0 and deviation 1 (by Box and Muller's method).
void random_normals(std::uint64_t key, std::size_t first, std::size_t count, double* line);

}  // namespace linnet::internal
