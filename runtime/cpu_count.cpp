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
  if (const int limit = cpu_limit(); limit > 0) cpus = std::min(cpus, limit);
  return std::max(cpus, 1);
}

}  // namespace linnet::internal
