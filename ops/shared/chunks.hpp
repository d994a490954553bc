// Cuts a flat loop into tasks for RunControl::parallel_for.
#pragma once

#include <algorithm>
#include <cstddef>

#include "ops/kernels/stream.hpp"
#include "runtime/cache_size.hpp"
#include "runtime/run_control.hpp"

namespace linnet::internal {

/// Calls body(first, size) for consecutive chunks of `chunk` elements (the last may be shorter) that cover [0, count).
/// `cost`: nanoseconds per element on one thread. Errors: those of RunControl::parallel_for.
template <typename Body>
void for_chunks(RunControl& control, std::size_t count, std::size_t chunk, double cost, const Body& body) {
  control.parallel_for((count + chunk - 1) / chunk, static_cast<double>(count) * cost, [&](std::size_t index) {
    const std::size_t first = index * chunk;
    body(first, std::min(chunk, count - first));
  });
}

/// The result of a step that computes each float32 of it once.
struct Output {
  float* data;
  bool streamed;  ///< Written past the caches. Not for results in place: their lines are in the cache already.
};

/// Whether a step that reads and writes so many bytes in all, none of them twice, had better stream its result: its end
/// has pushed its beginning out of every cache, so that keeping the result there only costs. From this size on Relu
/// and Add took 0.75 of the time (`linnet_benchmark --benchmark_filter=^operator`); copies of less than the caches
/// hold take up to twice as long. Not for steps bound by their arithmetic. Asked at load.
inline bool exceeds_caches(std::size_t bytes) { return bytes >= last_level_cache_bytes(); }

inline kernels::Stores stores_of(bool streamed) {
  return streamed ? kernels::Stores::kStreamed : kernels::Stores::kCached;
}

/// As for_chunks, for body(first, size, stores) that writes elements [first, first + size) of the result with these
/// stores.
template <typename Body>
void for_stored_chunks(RunControl& control, std::size_t count, std::size_t chunk, double cost, bool streamed,
                       const Body& body) {
  for_chunks(control, count, chunk, cost, [&](std::size_t first, std::size_t size) {
    body(first, size, stores_of(streamed));
    if (streamed) kernels::finish_streams();
  });
}

/// For kernels that do not stream by themselves, and results in short runs: as for_chunks, for body(first, size, to)
/// that computes elements [first, first + size) of the result and writes them
/// to to[0] ... to[size - 1].
template <typename Body>
void for_output_chunks(RunControl& control, std::size_t count, std::size_t chunk, double cost, const Output& output,
                       const Body& body) {
  if (!output.streamed) {
    return for_chunks(control, count, chunk, cost,
                      [&](std::size_t first, std::size_t size) { body(first, size, output.data + first); });
  }
  for_chunks(control, count, chunk, cost, [&](std::size_t first, std::size_t size) {
    constexpr std::size_t kPiece = 192;  // short enough for reading to go on while the last piece is written
    alignas(64) float piece[kPiece];
    for (const std::size_t end = first + size; first < end; first += kPiece) {
      const std::size_t elements = std::min(kPiece, end - first);
      body(first, elements, piece);
      kernels::stream(piece, output.data + first, elements);
    }
    kernels::finish_streams();
  });
}

}  // namespace linnet::internal
