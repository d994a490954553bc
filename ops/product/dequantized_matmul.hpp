// DequantizedMatMul: what the fusion that makes it needs to know.
#pragma once

#include "ops/product/n_bits.hpp"

namespace linnet::internal {

inline constexpr const char* kDequantizedMatMul = "DequantizedMatMul";
/// Of its weights.
inline constexpr TypeSet kCodeTypes{DataType::kInt8,  DataType::kUint8, DataType::kInt4,
                                    DataType::kUint4, DataType::kInt2,  DataType::kUint2};

struct DequantizedMatMulAttributes : NBitsAttributes {
  DequantizedMatMulAttributes();

  std::int64_t block_size = 0;  ///< along K; 0: not in blocks
  bool transpose_b = false;
};

}  // namespace linnet::internal
