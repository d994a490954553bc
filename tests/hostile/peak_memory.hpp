// How much resident memory a piece of code took at its peak.
#pragma once

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

namespace linnet::test {

/// Linux only, and not under AddressSanitizer, which keeps freed memory: then nothing is measured.
class PeakMemory {
 public:
  /// Begins a measurement: sets the process's high-water mark back to what is resident now.
  PeakMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    std::ofstream clear("/proc/self/clear_refs");
    clear << "5" << std::flush;
    if (clear) base_ = status_bytes("VmRSS:");
#endif
  }
  /// Nothing where it cannot be measured.
  std::optional<std::size_t> growth_bytes() const {
    if (!base_) return std::nullopt;
    const auto peak = status_bytes("VmHWM:");
    if (!peak) return std::nullopt;
    return *peak > *base_ ? *peak - *base_ : 0;
  }

 private:
  static std::optional<std::size_t> status_bytes(const char* key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      std::size_t kibibytes = 0;
      if (line.rfind(key, 0) == 0 && std::sscanf(line.c_str() + std::string(key).size(), "%zu", &kibibytes) == 1)
        return kibibytes << 10;
    }
    return std::nullopt;
  }
  std::optional<std::size_t> base_;
};

}  // namespace linnet::test
