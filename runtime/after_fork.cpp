#include "runtime/after_fork.hpp"

#include <mutex>
#include <new>

#include <pthread.h>

namespace linnet::internal {
namespace {

/// Held from before a fork to after it, so that the list is whole in the child.
std::mutex list_mutex;
AfterFork* first = nullptr;

void lock_list() { list_mutex.lock(); }
void unlock_list() { list_mutex.unlock(); }

}  // namespace

AfterFork::AfterFork(void (*in_child)(void* context), void* context) : in_child_(in_child), context_(context) {
  static const bool kRegistered = [] {
    if (::pthread_atfork(lock_list, unlock_list, call_all_in_child) != 0) throw std::bad_alloc();
    return true;
  }();
  (void)kRegistered;
  const std::lock_guard<std::mutex> lock(list_mutex);
  next_ = first;
  if (first != nullptr) first->previous_ = this;
  first = this;
}

AfterFork::~AfterFork() {
  const std::lock_guard<std::mutex> lock(list_mutex);
  (previous_ != nullptr ? previous_->next_ : first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

void AfterFork::call_all_in_child() {
  for (AfterFork* entry = first; entry != nullptr; entry = entry->next_) entry->in_child_(entry->context_);
  unlock_list();
}

bool free_after_fork(std::mutex& mutex) noexcept {
  if (mutex.try_lock()) {
    mutex.unlock();
    return false;
  }
  new (&mutex) std::mutex;
  return true;
}

}  // namespace linnet::internal
