#include "runtime/copy_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace linnet::internal {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr double kNanosecondsPerByte = 0.1;

}  // namespace

void copy_bytes(RunControl& control, void* to, const void* from, std::size_t bytes) {
  if (to == from || bytes == 0) return;
  const std::size_t chunks = (bytes + kChunkBytes - 1) / kChunkBytes;
  control.parallel_for(chunks, static_cast<double>(bytes) * kNanosecondsPerByte, [=](std::size_t chunk) {
    const std::size_t offset = chunk * kChunkBytes;
    std::memcpy(static_cast<std::byte*>(to) + offset, static_cast<const std::byte*>(from) + offset,
                std::min(kChunkBytes, bytes - offset));
  });
}

}  // namespace linnet::internal
