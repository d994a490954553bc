// An element-wise function becomes the epilogue of the product that feeds it: one pass over memory less.
#include "runtime/passes/fuse_consumer.hpp"

namespace linnet::internal {

std::size_t fuse_activation(PassContext& context) { return fuse_consumers(context, &OpFacts::absorb_activation); }

}  // namespace linnet::internal
