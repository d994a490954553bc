// The nodes that a layer's operator is written with become that operator, which reads its operands once.
#include "runtime/passes/fuse_patterns.hpp"

namespace linnet::internal {

std::size_t fuse_layer_parts(PassContext& context) { return fuse_patterns(context, kFuseLayerParts); }

}  // namespace linnet::internal
