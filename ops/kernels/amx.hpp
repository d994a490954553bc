// The instructions of AMX that gemm_tiles.cpp and gemm_int8_tiles.cpp use, as lines for the assembler: compilers would
// want every function that holds one to be marked, templates too, and older ones do not know what memory their
// intrinsics read.
#ifndef LINNET_OPS_KERNELS_AMX_HPP_
#define LINNET_OPS_KERNELS_AMX_HPP_

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

// The tiles of this thread while it lives. Tiles 0 to 5 have `rows` rows, 6 and 7 all 16; rows in memory lie
// `row_bytes` apart. Requires: tiles() == Tiles::kInstructions, 0 < rows <= 16.
class AmxTiles {
 public:
  explicit AmxTiles(std::size_t rows) {
    Configuration configuration;
    for (int tile = 0; tile < 8; ++tile) {
      configuration.row_bytes[tile] = 64;
      configuration.rows[tile] = static_cast<std::uint8_t>(tile < 6 ? rows : 16);
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(configuration));
  }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;
  ~AmxTiles() { __asm__ volatile("tilerelease"); }

  template <int kTile>
  void zero() {
    __asm__ volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }

  template <int kTile>
  void load(const std::byte* from, std::size_t row_bytes = kRowBytes) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(row_bytes), "i"(kTile) : "memory");
  }

  template <int kTile>
  void store(std::byte* to, std::size_t row_bytes = kRowBytes) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(row_bytes), "i"(kTile) : "memory");
  }

  // Adds the product of tiles kA and kB to tile kSum: of pairs of bfloat16.
  template <int kSum, int kA, int kB>
  void multiply() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kB));
  }

  // The same of quads of bytes, of which A's are signed and B's are not.
  template <int kSum, int kA, int kB>
  void multiply_bytes() {
    __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kB));
  }

 private:
  static constexpr std::size_t kRowBytes = 64;

  struct Configuration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  };
};

}  // namespace linnet::kernels

#endif  // __x86_64__

#endif  // LINNET_OPS_KERNELS_AMX_HPP_
