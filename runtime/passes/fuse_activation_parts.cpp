// The nodes that an activation is written with become that activation, which products and chains can take in.
#include "runtime/passes/fuse_patterns.hpp"

namespace linnet::internal {

std::size_t fuse_activation_parts(PassContext& context) { return fuse_patterns(context, kFuseActivationParts); }

}  // namespace linnet::internal
