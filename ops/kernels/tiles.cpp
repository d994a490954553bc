#include "ops/kernels/tiles.hpp"

#include <atomic>
#include <string_view>

#include "ops/kernels/targets.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace linnet::kernels {
namespace {

std::atomic<Tiles> allowed{Tiles::kInstructions};

#if defined(__x86_64__) && defined(__linux__)
struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned part) {
  Registers r;
  __get_cpuid_count(leaf, part, &r.a, &r.b, &r.c, &r.d);
  return r;
}

// AMX-TILE, AMX-BF16 and AMX-INT8, and of palette 1 eight tiles of 16 rows of 64 bytes.
bool cpu_has_tiles() {
  constexpr unsigned kBf16 = 1U << 22, kTile = 1U << 24, kInt8 = 1U << 25;
  if ((~cpuid(7, 0).d & (kTile | kBf16 | kInt8)) != 0) return false;
  const Registers palette = cpuid(0x1D, 1);
  return (palette.b & 0xFFFFU) == 64 && palette.b >> 16 >= 8 && (palette.c & 0xFFFFU) >= 16;
}

// Whether the system saves the tiles and their configuration with a thread's registers.
bool system_saves_tiles() {
  if ((cpuid(1, 0).c & bit_OSXSAVE) == 0) return false;
  constexpr unsigned kSaved = 3U << 17;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kSaved) == kSaved;
}

// Linux lets a process use tiles when it asks. No when a thread's signal stack is too small for them.
bool system_permits_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool cpu_has_them() {
  static const bool kHasThem = cpu_has_tiles();
  return kHasThem;
}

bool has_instructions() {
  static const bool kHasThem = cpu_has_them() && system_saves_tiles() && system_permits_tiles();
  return kHasThem;
}
#else
bool cpu_has_them() { return false; }
bool has_instructions() { return false; }
#endif

}  // namespace

Tiles tiles() {
  if (allowed.load(std::memory_order_relaxed) == Tiles::kEmulated) return Tiles::kEmulated;
  const bool usable = std::string_view(best_target_name()) == "avx512" && has_instructions();
  return usable ? allowed.load(std::memory_order_relaxed) : Tiles::kNone;
}

bool bfloat16_pairs_are_fast() { return has_bfloat16_instructions() && !cpu_has_them(); }

void set_tiles(Tiles wanted) { allowed.store(wanted); }

}  // namespace linnet::kernels
