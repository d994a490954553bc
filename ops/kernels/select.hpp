// Masks: where float32 arrays compare, and the choice between two arrays by a mask.
#ifndef LINNET_OPS_KERNELS_SELECT_HPP_
#define LINNET_OPS_KERNELS_SELECT_HPP_

#include <cstddef>
#include <cstdint>

namespace linnet::kernels {

enum class CompareKind : std::uint8_t { kLess, kLessOrEqual, kEqual };

// c[i] = a[i] op b[i] ? 1 : 0 for i < count, with NaN the answer is no. c overlaps no operand; no alignment is needed.
void compare(CompareKind kind, const float* a, const float* b, std::size_t count, std::uint8_t* c);

// y[i] = condition[i] != 0 ? a[i] : b[i] for i < count, of elements of 4 bytes, whatever they are. y may be a or b; no
// alignment is needed.
void select(const std::uint8_t* condition, const std::uint32_t* a, const std::uint32_t* b, std::size_t count,
            std::uint32_t* y);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_SELECT_HPP_
