// Which instruction set the kernels run on.
#ifndef LINNET_OPS_KERNELS_TARGETS_HPP_
#define LINNET_OPS_KERNELS_TARGETS_HPP_

#include <atomic>
#include <cstddef>
#include <string_view>
#include <vector>

namespace linnet::kernels {

// Names, best first: "avx512", "avx2" and "sse4" on x86; "neon" and "scalar" elsewhere.

// Whether the kernels run on this CPU: on x86 it has SSE4.2, AES and PCLMULQDQ.
bool cpu_is_supported();

// The instruction set that the next kernel call runs on.
const char* best_target_name();

// Those that this CPU has and this build contains, best first. Not affected by set_isa.
std::vector<const char*> supported_targets();

// Lowers every kernel of the process to one instruction set; "auto" gives back the best. False, and nothing changes, if
// the name is unknown or this CPU lacks it. Not to be called while kernels run in other threads.
bool set_isa(std::string_view name);

namespace internal {
inline constexpr std::size_t kNotChosen = static_cast<std::size_t>(-1);
extern std::atomic<std::size_t> chosen;
std::size_t choose_first();
}  // namespace internal

// Index into the tables of dispatch.h. The first call reads the environment variable LINNET_ISA, once per process; a
// name that set_isa refuses leaves the best instruction set in place. Warm, it is one load.
inline std::size_t chosen_target() {
  const std::size_t index = internal::chosen.load(std::memory_order_relaxed);
  return index != internal::kNotChosen ? index : internal::choose_first();
}

// Whether kernels multiply bfloat16 by instructions of their own now: the CPU has AVX512_BF16 and the kernels run on
// AVX-512.
bool has_bfloat16_instructions();

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_TARGETS_HPP_
