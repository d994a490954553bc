#include "runtime/thread_pool.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace linnet::internal {
namespace {

/// CPUs that the container's quota allows, rounded up; 0 when there is none or it cannot be read.
int quota_cpus() noexcept {
  long quota = 0;
  long period = 0;
  if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {  // version 2: "max 100000" or "150000 100000"
    const int fields = std::fscanf(file, "%ld %ld", &quota, &period);
    std::fclose(file);
    return fields == 2 && quota > 0 && period > 0 ? static_cast<int>((quota + period - 1) / period) : 0;
  }
  const auto read_number = [](const char* path) {
    long number = 0;
    std::FILE* file = std::fopen(path, "re");
    if (file == nullptr) return 0L;
    if (std::fscanf(file, "%ld", &number) != 1) number = 0;
    std::fclose(file);
    return number;
  };
  quota = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  period = read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return quota > 0 && period > 0 ? static_cast<int>((quota + period - 1) / period) : 0;
}

}  // namespace

int available_cpus() noexcept {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cpus = CPU_COUNT(&mask);
#endif
  const int quota = quota_cpus();
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

}  // namespace linnet::internal
