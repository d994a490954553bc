// What gemm_int8() does where there are tiles (tiles.hpp).
#ifndef LINNET_OPS_KERNELS_GEMM_INT8_TILES_HPP_
#define LINNET_OPS_KERNELS_GEMM_INT8_TILES_HPP_

#include <cstddef>
#include <cstdint>

#include "ops/kernels/gemm_int8.hpp"

namespace linnet::kernels {

// Fewer rows leave so much of a tile idle that the other kernels are as fast.
constexpr std::size_t kLeastRowsInTiles = 4;

bool multiplies_int8_in_tiles(const Int8Product& product);

// Requires: multiplies_int8_in_tiles(product).
void gemm_int8_tiles(const Int8Product& product);

// Elements of C from the sums of `rows` rows, kPanelColumns of them a row, of the panel of `width` columns that begins
// with `column`.
void finish_int8(const Int8Product& product, std::size_t row, std::size_t rows, std::size_t column, std::size_t width,
                 const std::int32_t* sums);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_INT8_TILES_HPP_
