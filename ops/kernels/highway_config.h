// The instruction sets that every Highway kernel of Linnet is compiled for. Include before any `hwy/` header.
//
// x86: AVX3 (AVX-512 F/BW/DQ/VL), AVX2 with FMA, and SSE4, which all CPUs since 2011 have: it is the baseline that
// kernels are compiled with. Arm: NEON. Each further one would cost compile time and binary size for little gain:
// machines without SSE4 are gone, and AVX3_DL and SVE bring nothing that float32 kernels use.
#ifndef LINNET_OPS_KERNELS_HIGHWAY_CONFIG_H_
#define LINNET_OPS_KERNELS_HIGHWAY_CONFIG_H_

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

// The fallback is one element at a time on every compiler, not Highway's emulation of 128-bit vectors.
#define HWY_BROKEN_EMU128 1

// Highway's own assertions would call libhwy, of which nothing is linked.
#define HWY_IS_DEBUG_BUILD 0

#endif  // LINNET_OPS_KERNELS_HIGHWAY_CONFIG_H_
