#include "tests/api/lock_counter.hpp"

#include <atomic>

#if defined(__has_feature)
#define LINNET_HAS_FEATURE(name) __has_feature(name)
#else
#define LINNET_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || LINNET_HAS_FEATURE(address_sanitizer) || \
    LINNET_HAS_FEATURE(thread_sanitizer) || LINNET_HAS_FEATURE(memory_sanitizer) || !defined(__GLIBC__)
#define LINNET_COUNT_LOCKS 0
#else
#define LINNET_COUNT_LOCKS 1
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#endif

namespace linnet::test {
namespace {
// Constant-initialised: the first locks come before any constructor.
std::atomic<std::uint64_t> operation_count{0};
}  // namespace

std::uint64_t LockCounter::operations() noexcept { return operation_count.load(std::memory_order_relaxed); }
bool LockCounter::works() noexcept { return LINNET_COUNT_LOCKS != 0; }

}  // namespace linnet::test

#if LINNET_COUNT_LOCKS

namespace {

/// Counts, and returns the C library's own function.
template <typename Function>
Function* counted(std::atomic<Function*>& own, const char* name) noexcept {
  linnet::test::operation_count.fetch_add(1, std::memory_order_relaxed);
  Function* function = own.load(std::memory_order_relaxed);
  if (function == nullptr) {
    function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
    own.store(function, std::memory_order_relaxed);
  }
  return function;
}

template <typename Object>
using Simple = int(Object*);

template <typename Object>
using Pointer = std::atomic<Simple<Object>*>;

Pointer<pthread_mutex_t> mutex_lock{nullptr};
Pointer<pthread_mutex_t> mutex_trylock{nullptr};
Pointer<pthread_mutex_t> mutex_unlock{nullptr};
Pointer<pthread_rwlock_t> rwlock_rdlock{nullptr};
Pointer<pthread_rwlock_t> rwlock_wrlock{nullptr};
Pointer<pthread_spinlock_t volatile> spin_lock{nullptr};
Pointer<pthread_cond_t> cond_signal{nullptr};
Pointer<pthread_cond_t> cond_broadcast{nullptr};
Pointer<sem_t> semaphore_wait{nullptr};
Pointer<sem_t> semaphore_post{nullptr};
std::atomic<int (*)(pthread_cond_t*, pthread_mutex_t*)> cond_wait{nullptr};

}  // namespace

// The C library names its parameters with underscores.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {
int pthread_mutex_lock(pthread_mutex_t* lock) noexcept { return counted(mutex_lock, "pthread_mutex_lock")(lock); }
int pthread_mutex_trylock(pthread_mutex_t* lock) noexcept {
  return counted(mutex_trylock, "pthread_mutex_trylock")(lock);
}
int pthread_mutex_unlock(pthread_mutex_t* lock) noexcept { return counted(mutex_unlock, "pthread_mutex_unlock")(lock); }
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  return counted(rwlock_rdlock, "pthread_rwlock_rdlock")(lock);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  return counted(rwlock_wrlock, "pthread_rwlock_wrlock")(lock);
}
int pthread_spin_lock(pthread_spinlock_t* lock) noexcept { return counted(spin_lock, "pthread_spin_lock")(lock); }
int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  return counted(cond_signal, "pthread_cond_signal")(condition);
}
int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  return counted(cond_broadcast, "pthread_cond_broadcast")(condition);
}
int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* lock) {
  return counted(cond_wait, "pthread_cond_wait")(condition, lock);
}
int sem_wait(sem_t* semaphore) { return counted(semaphore_wait, "sem_wait")(semaphore); }
int sem_post(sem_t* semaphore) noexcept { return counted(semaphore_post, "sem_post")(semaphore); }
}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

#endif
