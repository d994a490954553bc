#include "runtime/weights_store.hpp"

#include <new>

#include "runtime/after_fork.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {

std::shared_ptr<const std::byte> WeightsStore::get(const ConstantPtr& source, const std::string& key, std::size_t bytes,
                                                   const std::function<void(std::byte*)>& pack) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Where where(source->data, source->type, bytes, key);
  const auto found = entries_.find(where);
  if (found != entries_.end()) return found->second.packed;
  if (bytes > most_bytes_ - total_bytes_) {
    fail(ErrorCode::kLimitExceeded, "packed weights of ", bytes, " bytes beside ", total_bytes_,
         " bytes packed before exceed the machine's ", most_bytes_, " bytes of memory");
  }
  std::shared_ptr<std::byte> memory = allocate_aligned(bytes);
  pack(memory.get());
  entries_.emplace(where, Entry{source, memory});
  total_bytes_ += bytes;
  return memory;
}

void WeightsStore::start_anew_after_fork() noexcept {
  if (!free_after_fork(mutex_)) return;
  new (&entries_) decltype(entries_);
  total_bytes_ = 0;
}

std::size_t WeightsStore::total_bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return total_bytes_;
}

}  // namespace linnet::internal
