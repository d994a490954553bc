#include "runtime/thread_pool.hpp"

#include <algorithm>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

#include "runtime/control_groups.hpp"

namespace linnet::internal {
int available_cpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cpus = CPU_COUNT(&mask);
#endif
  // Asked once: the files of control groups take as long to read as a small model takes to load.
  static const int kLimit = cpu_limit();
  if (kLimit > 0) cpus = std::min(cpus, kLimit);
  return std::max(cpus, 1);
}

}  // namespace linnet::internal
