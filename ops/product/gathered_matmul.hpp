// GatheredMatMul: what the fusion that makes it needs to know.
#pragma once

#include "ops/product/n_bits.hpp"

namespace linnet::internal {

inline constexpr const char* kGatheredMatMul = "GatheredMatMul";

/// How rows and results of GatheredMatMul lie.
enum class GatheredForm : std::uint8_t {
  kRows,     ///< A [..., K], Y has the dimensions of the indices, and N
  kRow,      ///< A [R, 1, K], Y [R, 1, N]; one row of A, or one index, serves all
  kColumns,  ///< A [R, K, 1], Y [R, N, 1]; likewise
};

struct GatheredMatMulAttributes : NBitsAttributes {
  GatheredMatMulAttributes();

  GatheredForm form = GatheredForm::kRows;
  std::int64_t repeats = 1;     ///< kRows: neighbouring rows of Y that have the same row of A
  bool transpose_w = true;      ///< W [G, N, K], else [G, K, N]
  std::int64_t block_size = 0;  ///< of weights of few bits; 0: one scale for a row of W
};

}  // namespace linnet::internal
