// ConvTranspose: the gradient of Conv. Element i of X, times W, is added to Y at i * stride - pad + k * dilation, to
// which each output adds B once. X [N,C,D...] of any number of spatial axes, W [C,M/group,k...], B [M] or left out,
// Y [N,M,o...]. Along an axis, with span = 1 + (k - 1) * dilation,
//   full = stride * (D - 1) + output_padding + span
//   o    = full - pads; output_shape where it is given; D * stride where auto_pad is SAME_UPPER or SAME_LOWER
// Where o is given or SAME_*, the pads are what is left, full - o, but not below 0: half of it each, an odd one at the
// end with SAME_UPPER and at the beginning otherwise. Y has B alone where no window reaches. Opsets 1 to newest; types:
// float, double, float16, bfloat16 (from 22) at every opset. output_shape may also have N and C in front, as some
// writers have it. Deviation: output_padding may be stride and dilation or more; the elements are B alone.
#include "ops/convolution/convolution.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse(ParseContext& context) { return parse_convolution(context, true); }

}  // namespace

void register_conv_transpose(Registry& registry) { register_convolution(registry, "ConvTranspose", parse); }

}  // namespace linnet::internal
