// What a fusion makes of nodes that spell a rotary embedding out.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

struct RotaryEmbeddingAttributes : Attributes {
  bool interleaved = false;
  std::int64_t heads = 0;   ///< of X with 3 dimensions
  std::int64_t turned = 0;  ///< elements at the front of a head; 0: all
  /// A fusion's: cos and sin have as many columns as is turned or half as many, and all three broadcast but for
  /// their columns.  /// X has up to 4 dimensions.
  bool broadcasts = false;
};

}  // namespace linnet::internal
