// Arrays of elements of one type to another, as Cast converts them: between the types that models convert in bulk.
#ifndef LINNET_OPS_KERNELS_CAST_HPP_
#define LINNET_OPS_KERNELS_CAST_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

enum class CastType : std::uint8_t { kFloat32, kInt32, kInt64, kUint8, kBool };

// y[i] = x[i] for i < count; x and y are aligned to their types, and are the same array or do not overlap. They may be
// the same only where elements of both types have the same size. Float to integer: towards zero, the nearest end of
// the range for what does not fit, 0 of NaN. Integer to integer: the low bits. Integer to float: rounded once, to
// nearest even. To bool: 0 for both zeros only, else 1. From bool: 1 of any byte but 0.
// Requires: the types differ.
void cast(CastType from, CastType to, const void* x, std::size_t count, void* y);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_CAST_HPP_
