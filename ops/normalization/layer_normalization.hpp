// What fusions make of nodes that spell LayerNormalization or RMSNormalization out.
#pragma once

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

struct LayerNormalizationAttributes : Attributes {
  std::int64_t axis = -1;
  float epsilon = 1e-5F;
  DataType stash_type = DataType::kFloat32;
  bool centred = true;  ///< else RMSNormalization
};

}  // namespace linnet::internal
