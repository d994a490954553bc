// Tiles: registers of 16 rows of 64 bytes, and an instruction that multiplies two of them (Intel's AMX).
#ifndef LINNET_OPS_KERNELS_TILES_HPP_
#define LINNET_OPS_KERNELS_TILES_HPP_

namespace linnet::kernels {

enum class Tiles {
  kNone,
  kInstructions,  // the CPU's
  kEmulated,      // plain C++, to the same bits: for tests on other CPUs
};

// What gemm_tiles() and gemm_int8() multiply with now: instructions where the CPU has AMX for both, the system saves
// its registers and gives this process leave to use them, and the kernels run on AVX-512. The system is asked once, by
// the first call: a process that may use tiles has larger signal frames.
Tiles tiles();

// Whether pairs of bfloat16 are multiplied faster than floats where there are no tiles: has_bfloat16_instructions(),
// but not on CPUs that have AMX, whose AVX512_BF16 takes twice the time of the same multiply-adds of floats.
bool bfloat16_pairs_are_fast();

// kEmulated: from now on they are, wherever this runs. kNone: products are not multiplied in tiles. kInstructions: as
// at the beginning. Not to be called while kernels run in other threads.
void set_tiles(Tiles wanted);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_TILES_HPP_
