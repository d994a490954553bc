// Copies to memory past the caches.
#ifndef LINNET_OPS_KERNELS_STREAM_HPP_
#define LINNET_OPS_KERNELS_STREAM_HPP_

#include <cstddef>

namespace linnet::kernels {

// to[i] = from[i] for i < count, with streaming (non-temporal) stores: lines of `to` are neither read before they are
// written nor kept. That pays where `to` is larger than what the caches keep until it is read again. The arrays do not
// overlap; no alignment is needed. Such stores may come late: finish_streams() before another thread is told of them.
void stream(const float* from, float* to, std::size_t count);

// What this thread streamed before is visible to whoever sees what it stores afterwards.
void finish_streams();

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_STREAM_HPP_
