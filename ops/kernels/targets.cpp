#include "ops/kernels/targets.hpp"

#include <cstdlib>

#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm_int8.hpp"

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace linnet::kernels {
namespace {

struct Target {
  const char* name;
  bool (*usable)();  // whether this build contains it and this CPU and system have it
};

#if HWY_ARCH_X86
// What Highway's targets of the same name are compiled with (set_macros-inl.h). __builtin_cpu_supports also asks the
// system whether it saves the wide registers.
bool has_sse4() {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

// Not every compiler knows the names of these two. Asked once: a virtual machine takes tens of microseconds for a
// CPUID, and every load of a model asks which targets there are.
bool has_f16c_and_lzcnt() {
  static const bool kHasThem = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned basic = 0;
    unsigned extended = 0;
    unsigned d = 0;
    const bool f16c = __get_cpuid(1, &a, &b, &basic, &d) != 0 && (basic & bit_F16C) != 0;
    const bool lzcnt = __get_cpuid(0x80000001, &a, &b, &extended, &d) != 0 && (extended & bit_LZCNT) != 0;
    return f16c && lzcnt;
  }();
  return kHasThem;
}

bool has_avx2() {
  return has_sse4() && has_f16c_and_lzcnt() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

// Best first, in the order of LINNET_VERSIONS; what every CPU has that Linnet runs on stands last.
constexpr Target kTargets[] = {
#if HWY_ARCH_X86
    {"avx512", [] { return (HWY_TARGETS & HWY_AVX3) != 0 && has_avx512(); }},
    {"avx2", [] { return (HWY_TARGETS & HWY_AVX2) != 0 && has_avx2(); }},
    {"sse4", [] { return (HWY_TARGETS & HWY_SSE4) != 0 && has_sse4(); }},
#else
#if HWY_ARCH_ARM
    {"neon", [] { return (HWY_TARGETS & HWY_NEON) != 0; }},
#endif
    {"scalar", [] { return true; }},
#endif
};
constexpr std::size_t kTargetCount = sizeof(kTargets) / sizeof(kTargets[0]);

// kTargetCount if the name is unknown or the CPU lacks it.
std::size_t index_of(std::string_view name) {
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    if ((name == "auto" || name == kTargets[i].name) && kTargets[i].usable()) return i;
  }
  return kTargetCount;
}

}  // namespace

namespace internal {

std::atomic<std::size_t> chosen{kNotChosen};

// Threads that come here together find the same; one that comes after set_isa leaves its choice alone.
std::size_t choose_first() {
  const char* const wanted = std::getenv("LINNET_ISA");
  std::size_t index = index_of(wanted != nullptr ? wanted : "auto");
  if (index == kTargetCount) index = index_of("auto");
  if (index == kTargetCount) index = kTargetCount - 1;  // no model is loaded there: cpu_is_supported
  std::size_t before = kNotChosen;
  return chosen.compare_exchange_strong(before, index) ? index : before;
}

}  // namespace internal

bool cpu_is_supported() { return index_of("auto") != kTargetCount; }

bool has_bfloat16_instructions() {
#if HWY_ARCH_X86
  static const bool kCpuHasThem = __builtin_cpu_supports("avx512bf16") != 0;
  return kCpuHasThem && std::string_view(kTargets[chosen_target()].name) == "avx512";
#else
  return false;
#endif
}

bool has_byte_products() {
#if HWY_ARCH_X86
  static const bool kWideOnes = __builtin_cpu_supports("avx512vnni") != 0;
  static const bool kNarrowOnes = [] {  // not every compiler knows the name
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned kAvxVnni = 1U << 4;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvxVnni) != 0;
  }();
  const std::string_view name = kTargets[chosen_target()].name;
  return name == "avx512" ? kWideOnes : name == "avx2" && kNarrowOnes;
#else
  return false;
#endif
}

const char* best_target_name() { return kTargets[chosen_target()].name; }

std::vector<const char*> supported_targets() {
  std::vector<const char*> names;
  for (const Target& target : kTargets) {
    if (target.usable()) names.push_back(target.name);
  }
  return names;
}

bool set_isa(std::string_view name) {
  const std::size_t index = index_of(name);
  if (index == kTargetCount) return false;
  internal::chosen.store(index);
  return true;
}

}  // namespace linnet::kernels
