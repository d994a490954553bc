// Stores past the caches.
#ifndef LINNET_OPS_KERNELS_STREAM_HPP_
#define LINNET_OPS_KERNELS_STREAM_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// How a kernel writes its result. Streaming (non-temporal) stores neither read lines before they are written nor keep
// them. That pays where the result is larger than what the caches keep until it is read again. It does not overlap the
// operands then, and such stores may come late: finish_streams() before another thread is told of them. kStreamed
// allows it, and a kernel that gains nothing by it stores as ever.
enum class Stores : std::uint8_t { kCached, kStreamed };

// to[i] = from[i] for i < count, streamed. No alignment is needed.
void stream(const float* from, float* to, std::size_t count);

// What this thread streamed before is visible to whoever sees what it stores afterwards.
void finish_streams();

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_STREAM_HPP_
