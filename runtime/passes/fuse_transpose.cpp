// Transposes become one with their neighbours: with another Transpose, and with a matrix product, which reads and
// writes its operands in another order of axes where they lie.
#include "runtime/passes/fuse_consumer.hpp"

namespace linnet::internal {

std::size_t fuse_transpose(PassContext& context) { return fuse_consumers(context, &OpFacts::absorb_transpose); }

}  // namespace linnet::internal
