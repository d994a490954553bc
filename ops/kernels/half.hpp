// Arrays of 16-bit floating-point elements to float32 and back.
#ifndef LINNET_OPS_KERNELS_HALF_HPP_
#define LINNET_OPS_KERNELS_HALF_HPP_

#include <cstddef>

#include "ops/kernels/elementwise.hpp"

namespace linnet::kernels {

// IEEE 754 binary16, and the upper half of a float.
enum class HalfType { kFloat16, kBfloat16 };

// Writes `count` floats, which are exactly the elements at `from`; these need no alignment. NaN stays NaN, denormals
// are kept whatever the mode for denormals is. The arrays do not overlap.
void widen(HalfType type, const void* from, std::size_t count, float* to);

// Rounds `count` floats to nearest, ties to even; what is too large becomes an infinity, NaN stays NaN. Float16's
// denormals are kept, and so are bfloat16's, which float32 has, too. `to` needs no alignment. The arrays do not
// overlap.
void narrow(HalfType type, const float* from, std::size_t count, void* to);

// y[i] = a[i] op b[i] for i < count, op being one of the first four kinds: widened, computed in float32 and narrowed as
// above. Any array may have any address; `y` may be the array `a` or `b`, other overlaps are not allowed.
void binary_halves(HalfType type, BinaryKind kind, const void* a, const void* b, std::size_t count, void* y);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_HALF_HPP_
