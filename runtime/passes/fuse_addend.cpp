// MatMul + constant addend becomes Gemm, and the like: the sum goes into the product that feeds it.
#include "runtime/passes/fuse_consumer.hpp"

namespace linnet::internal {

std::size_t fuse_addend(PassContext& context) { return fuse_consumers(context, &OpFacts::absorb_addend); }

}  // namespace linnet::internal
