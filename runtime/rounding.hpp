// Whole numbers divided and rounded up.
#pragma once

#include <cstddef>

namespace linnet::internal {

inline std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
/// To a multiple of `step`.
inline std::size_t round_up(std::size_t a, std::size_t step) { return divide_up(a, step) * step; }

}  // namespace linnet::internal
