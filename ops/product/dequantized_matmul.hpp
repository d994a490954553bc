// DequantizedMatMul: what the fusion that makes it needs to know.
#pragma once

#include "ops/product/n_bits.hpp"

namespace linnet::internal {

inline constexpr const char* kDequantizedMatMul = "DequantizedMatMul";

struct DequantizedMatMulAttributes : NBitsAttributes {
  DequantizedMatMulAttributes();

  std::int64_t block_size = 0;  ///< along K; 0: not in blocks
  bool transpose_b = false;
};

}  // namespace linnet::internal
