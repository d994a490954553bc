#include "ops/kernels/targets.hpp"

#include <cstdint>
#include <cstdlib>

#include "ops/kernels/dispatch.h"

namespace linnet::kernels {
namespace {

struct NamedTarget {
  const char* name;
  std::int64_t target;
};

// Best first. HWY_STATIC_TARGET is what the compiler's own flags allow, and always runs.
constexpr NamedTarget kTargets[] = {
#if HWY_ARCH_X86
    {"avx512", HWY_AVX3},
    {"avx2", HWY_AVX2},
    {"sse4", HWY_SSE4},
#elif HWY_ARCH_ARM
    {"neon", HWY_NEON},
#endif
    {"scalar", HWY_SCALAR},
};

std::int64_t usable_targets() { return hwy::SupportedTargets() & (HWY_TARGETS); }

// What the CPU can do, read before set_isa may have narrowed it.
std::int64_t all_targets() {
  static const std::int64_t targets = usable_targets();
  return targets;
}

#if HWY_ARCH_X86
constexpr std::int64_t kBfloat16Target = HWY_AVX3;
bool cpu_has_bfloat16() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") != 0;
}
#else
constexpr std::int64_t kBfloat16Target = 0;
bool cpu_has_bfloat16() { return false; }
#endif

bool choose(std::string_view name) {
  std::int64_t chosen = 0;
  if (name == "auto") chosen = all_targets();
  for (const NamedTarget& entry : kTargets) {
    if (name == entry.name) chosen = all_targets() & entry.target;
  }
  if (chosen == 0) return false;
  hwy::SetSupportedTargetsForTest(chosen);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  internal::bfloat16_instructions.store(cpu_has_bfloat16() && (chosen & kBfloat16Target) != 0);
  return true;
}

}  // namespace

namespace internal {

std::atomic<bool> targets_ready{false};
std::atomic<bool> bfloat16_instructions{false};

void read_isa_from_environment() {
  static const bool once = [] {
    const char* const name = std::getenv("LINNET_ISA");
    if (name == nullptr || !choose(name)) choose("auto");
    return true;
  }();
  targets_ready.store(once, std::memory_order_release);
}

}  // namespace internal

const char* best_target_name() {
  initialize_targets();
  for (const NamedTarget& entry : kTargets) {
    if (usable_targets() & entry.target) return entry.name;
  }
  return "scalar";
}

std::vector<const char*> supported_targets() {
  std::vector<const char*> names;
  for (const NamedTarget& entry : kTargets) {
    if (all_targets() & entry.target) names.push_back(entry.name);
  }
  return names;
}

bool set_isa(std::string_view name) {
  initialize_targets();
  return choose(name);
}

}  // namespace linnet::kernels
