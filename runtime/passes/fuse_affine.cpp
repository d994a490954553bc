// A per-channel scale and shift (BatchNormalization) goes into the weights of the product that feeds it.
#include "runtime/passes/fuse_consumer.hpp"

namespace linnet::internal {

std::size_t fuse_affine(PassContext& context) { return fuse_consumers(context, &OpFacts::absorb_affine); }

}  // namespace linnet::internal
