// Conv: Y[n, m, o...] = B[m] + sum over c, k... of X[n, c, o * stride - pad + k * dilation ...] * W[m, c, k...].
// X [N,C,D...] of any number of spatial axes, W [M,C/group,k...], B [M] or left out, Y [N,M,o...]. Output channel m
// belongs to group m / (M / group) and reads the channels of that group only. auto_pad, pads, strides and dilations are
// those of ops/shared/window.hpp. Opsets 1 to newest; types: float, double, float16, bfloat16 (from 22) at every opset.
// kernel_shape may be left out; it must be that of W.
#include "ops/convolution/convolution.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) { return parse_convolution(context, false); }

}  // namespace

void register_conv(Registry& registry) { register_convolution(registry, "Conv", parse); }

}  // namespace linnet::internal
