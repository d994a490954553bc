#include "ops/shared/workspace_layout.hpp"

#include "runtime/error.hpp"

namespace linnet::internal {

WorkspaceLayout::WorkspaceLayout(std::size_t bytes_before) { add(bytes_before); }

std::size_t WorkspaceLayout::add(std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  const std::size_t offset = bytes_;
  std::size_t end = 0;
  if (__builtin_add_overflow(offset, bytes, &end) || __builtin_add_overflow(end, kLine - 1, &end))
    fail(ErrorCode::kLimitExceeded, "its workspace needs more bytes than 64 bits can count");
  bytes_ = end / kLine * kLine;
  return offset;
}

}  // namespace linnet::internal
