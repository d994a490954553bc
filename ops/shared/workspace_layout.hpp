// Parts of a step's workspace.
#pragma once

#include <cstddef>

namespace linnet::internal {

/// Parts of whole cache lines, one after the other.
class WorkspaceLayout {
 public:
  /// What stands before the first part.
  explicit WorkspaceLayout(std::size_t bytes_before = 0);
  /// The offset of a part of so many bytes. Errors: kLimitExceeded when all together cannot be counted.
  std::size_t add(std::size_t bytes);
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace linnet::internal
