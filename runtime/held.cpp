#include "runtime/held.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/data_type.hpp"

namespace linnet::internal {

std::byte* Held::make(DataType type, const std::int64_t* shape, std::size_t rank) {
  shape_.assign(shape, shape + rank);
  const std::size_t bytes = byte_count(type, shape_);
  if (bytes > budget_) {
    fail(ErrorCode::kLimitExceeded, "a result of shape ", shape_, " needs ", bytes, " bytes, the memory budget is ",
         budget_);
  }
  if (memory_ == nullptr || bytes > capacity_) {
    // Twice as much, so that what grows piece by piece is not copied at every piece.
    const std::size_t capacity = std::max(bytes, std::min(2 * capacity_, budget_));
    std::shared_ptr<std::byte> larger;
    try {
      larger = allocate_aligned(capacity);
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::kOutOfMemory, "no memory for a result of ", bytes, " bytes");
    }
    if (bytes_ > 0) std::memcpy(larger.get(), memory_.get(), bytes_);
    memory_ = std::move(larger);
    capacity_ = capacity;
  }
  type_ = type;
  bytes_ = bytes;
  return memory_.get();
}

}  // namespace linnet::internal
