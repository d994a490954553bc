// Products of dequantised numbers become those of integers. What ends in a QuantizeLinear comes before what ends in a
// sum, and that before a bare product, for each takes in more than the next.
#include "runtime/passes/fuse_patterns.hpp"

namespace linnet::internal {

std::size_t fuse_quantized(PassContext& context) {
  return fuse_patterns(context, kFuseQuantized) + fuse_patterns(context, kFuseQuantizedSums) +
         fuse_patterns(context, kFuseQuantizedProducts);
}

}  // namespace linnet::internal
