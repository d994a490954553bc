#include "runtime/cache_size.hpp"

#include <algorithm>
#include <cstdio>

namespace linnet::internal {
namespace {

constexpr std::size_t kUnknown = std::size_t{32} << 20;

/// Linux keeps "32768K" for each level. (sysconf knows too, but multiplies by what a virtual machine says of its CPUs.)
std::size_t largest_cache() noexcept {
  std::size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    char path[80];
    std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
    std::FILE* file = std::fopen(path, "re");
    if (file == nullptr) break;
    unsigned long number = 0;
    char unit = 0;
    if (std::fscanf(file, "%9lu%c", &number, &unit) == 2 && (unit == 'K' || unit == 'M')) {
      largest = std::max<std::size_t>(largest, number << (unit == 'K' ? 10 : 20));
    }
    std::fclose(file);
  }
  return largest != 0 ? largest : kUnknown;
}

}  // namespace

std::size_t last_level_cache_bytes() noexcept {
  static const std::size_t bytes = largest_cache();
  return bytes;
}

}  // namespace linnet::internal
