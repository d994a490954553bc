// One table of function pointers per kernel, filled by Highway's compilation for every instruction set and indexed by
// the choice in targets.cpp. Of Highway only headers are used: its own run-time dispatch lives in libhwy, which Linnet
// does not link.
//
//   LINNET_EXPORT(Function);                   // under HWY_ONCE, in the namespace around HWY_NAMESPACE
//   LINNET_DISPATCH(Function)(arguments...);   // calls the version for this CPU and LINNET_ISA
//
// Warm, a dispatch neither locks nor allocates: two loads and an indirect call.
#ifndef LINNET_OPS_KERNELS_DISPATCH_H_
#define LINNET_OPS_KERNELS_DISPATCH_H_

#include "ops/kernels/highway_config.h"

#include "hwy/highway.h"
#include "ops/kernels/targets.hpp"

// In the order of kTargets in targets.cpp. Null where the compiler's own flags rule an instruction set out.
#if HWY_ARCH_X86
#define LINNET_VERSIONS(function) HWY_CHOOSE_AVX3(function), HWY_CHOOSE_AVX2(function), HWY_CHOOSE_SSE4(function)
#elif HWY_ARCH_ARM
#define LINNET_VERSIONS(function) HWY_CHOOSE_NEON(function), HWY_CHOOSE_FALLBACK(function)
#else
#define LINNET_VERSIONS(function) HWY_CHOOSE_FALLBACK(function)
#endif

#define LINNET_EXPORT(function)                                                  \
  static constexpr decltype(&HWY_STATIC_DISPATCH(function)) HWY_CONCAT(function, \
                                                                       LinnetVersions)[] = {LINNET_VERSIONS(function)}

#define LINNET_DISPATCH(function) (*HWY_CONCAT(function, LinnetVersions)[::linnet::kernels::chosen_target()])

#endif  // LINNET_OPS_KERNELS_DISPATCH_H_
