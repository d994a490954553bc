// Which instruction set the kernels run on.
#ifndef LINNET_OPS_KERNELS_TARGETS_HPP_
#define LINNET_OPS_KERNELS_TARGETS_HPP_

#include <atomic>
#include <string_view>
#include <vector>

namespace linnet::kernels {

// Names, best first: "avx512", "avx2", "sse4" and "scalar" on x86; "neon" and "scalar" elsewhere.

// The instruction set that the next kernel call runs on.
const char* best_target_name();

// Those that this CPU has and this build contains, best first. Not affected by set_isa.
std::vector<const char*> supported_targets();

// Lowers every kernel of the process to one instruction set; "auto" gives back the best. False, and nothing changes, if
// the name is unknown or this CPU lacks it. Not to be called while kernels run in other threads.
bool set_isa(std::string_view name);

namespace internal {
extern std::atomic<bool> targets_ready;
extern std::atomic<bool> bfloat16_instructions;
void read_isa_from_environment();
}  // namespace internal

// Applies the environment variable LINNET_ISA, once per process; a name that set_isa refuses leaves the best
// instruction set in place. Every kernel calls this before it dispatches: warm, it is one load.
inline void initialize_targets() {
  if (!internal::targets_ready.load(std::memory_order_acquire)) internal::read_isa_from_environment();
}

// Whether kernels multiply bfloat16 by instructions of their own now: the CPU has AVX512_BF16 and the kernels run on
// AVX-512.
inline bool has_bfloat16_instructions() {
  initialize_targets();
  return internal::bfloat16_instructions.load(std::memory_order_relaxed);
}

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_TARGETS_HPP_
