// Arithmetic on pairs of float32 arrays.
#ifndef LINNET_OPS_KERNELS_ELEMENTWISE_HPP_
#define LINNET_OPS_KERNELS_ELEMENTWISE_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/stream.hpp"

namespace linnet::kernels {

// kMin and kMax give NaN where either operand is NaN, as numpy's minimum and maximum do; where the operands are equal
// (zeros of different sign), `b`.
enum class BinaryKind : std::uint8_t { kAdd, kSub, kMul, kDiv, kMin, kMax };

// y[i] = a[i] op b[i] for i < count, rounded once. An operand marked scalar is a single number, used for every i (also
// where `y` overwrites it). `y` may be the array `a` or `b`; other overlaps are not allowed. No alignment is needed.
// Streaming is for sums, differences, products and quotients of arrays; stores are cached otherwise.
void binary(BinaryKind kind, const float* a, bool a_is_scalar, const float* b, bool b_is_scalar, float* y,
            std::size_t count, Stores stores = Stores::kCached);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_ELEMENTWISE_HPP_
