// The part of unary.hpp that is computed in double throughout.
#ifndef LINNET_OPS_KERNELS_TRIGONOMETRY_HPP_
#define LINNET_OPS_KERNELS_TRIGONOMETRY_HPP_

#include "ops/kernels/unary.hpp"

namespace linnet::kernels {

// As unary. Requires: `kind` is kTan or one behind it.
void trigonometry(UnaryKind kind, const float* x, float* y, std::size_t count);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_TRIGONOMETRY_HPP_
