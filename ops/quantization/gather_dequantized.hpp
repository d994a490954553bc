// GatherDequantized: what the fusion that makes it needs to know.
#pragma once

#include "runtime/data_type.hpp"

namespace linnet::internal {

inline constexpr const char* kGatherDequantized = "GatherDequantized";
/// Of its tables.
inline constexpr TypeSet kTableTypes{DataType::kInt8,  DataType::kUint8, DataType::kInt4,
                                     DataType::kUint4, DataType::kInt2,  DataType::kUint2};

}  // namespace linnet::internal
