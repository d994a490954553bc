// What C is before and after the tiles of a product: its start values, and activations of what was stored. Per-target:
// see README.md.
#include "ops/kernels/highway_config.h"

#include <algorithm>
#include <cstddef>

#include "hwy/highway.h"
#include "ops/kernels/gemm_product.hpp"
#include "ops/kernels/gemm_tile-inl.h"

#if defined(LINNET_OPS_KERNELS_GEMM_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_GEMM_EPILOGUE_INL_H_
#undef LINNET_OPS_KERNELS_GEMM_EPILOGUE_INL_H_
#else
#define LINNET_OPS_KERNELS_GEMM_EPILOGUE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

// Whether the start values of C are what stands there.
bool starts_in_place(const Product& product) {
  const GemmEpilogue& epilogue = product.epilogue;
  return epilogue.addend == product.c && epilogue.addend_row_stride == product.c_row_stride &&
         epilogue.addend_column_stride == 1 && epilogue.addend_scale == 1.0f && epilogue.bias == nullptr;
}

// Writes the start values of `count` elements of some rows of C, from `column` on. Requires: there is an addend.
HWY_NOINLINE void StoreStart(const Product& product, std::size_t row, std::size_t rows, std::size_t column,
                             std::size_t count) {
  if (starts_in_place(product)) return;
  const TileTag d;
  const GemmEpilogue& epilogue = product.epilogue;
  const auto scale = hn::Set(d, epilogue.addend_scale);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const std::size_t lanes = std::min(kLanes, count - i);
    float* c = product.c + row * product.c_row_stride + column + i;
    if (lanes == kLanes && epilogue.addend_column_stride == 1) {  // as StartVector has it
      const auto bias = epilogue.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, epilogue.bias + column + i);
      const float* addend = epilogue.addend + row * epilogue.addend_row_stride + column + i;
      for (std::size_t left = rows; left != 0; --left) {
        hn::StoreU(hn::MulAdd(scale, hn::LoadU(d, addend), bias), d, c);
        addend += epilogue.addend_row_stride;
        c += product.c_row_stride;
      }
      continue;
    }
    for (std::size_t j = 0; j < rows; ++j) {
      StorePartial(d, StartVector(epilogue, row + j, column + i, lanes), c + j * product.c_row_stride, lanes);
    }
  }
}

bool adds_column(const GemmEpilogue& epilogue) {
  return epilogue.addend != nullptr && epilogue.addend_column_stride == 0;
}

// Relu and Clip are applied in registers, other activations in a pass over the whole vectors that were just stored;
// tiles have done it for vectors that are stored in part.
bool is_bounded(const GemmEpilogue& epilogue) {
  return epilogue.activation.kind == ActivationKind::kRelu || epilogue.activation.kind == ActivationKind::kClip;
}
bool activates_stored(const GemmEpilogue& epilogue) {
  return epilogue.activation.kind != ActivationKind::kNone && !is_bounded(epilogue);
}

HWY_NOINLINE void ActivateStored(const Product& product, std::size_t row, std::size_t rows, std::size_t column,
                                 std::size_t count) {
  const std::size_t whole = (product.epilogue.fills_padding ? divide_up(count, kLanes) : count / kLanes) * kLanes;
  if (whole == 0) return;
  const Activation& activation = product.epilogue.activation;
  if (whole == product.c_row_stride) {  // the rows of short products one after another: their latencies overlap
    float* c = product.c + row * whole;
    return apply_activation(activation, c, c, rows * whole);
  }
  for (std::size_t i = row; i < row + rows; ++i) {
    float* c = product.c + i * product.c_row_stride + column;
    apply_activation(activation, c, c, whole);
  }
}

// Where a tile's start value lies: in C, where an addend or the block before has left it, in the bias, or nowhere. Of
// the last columns it is copied, since a tile reads whole vectors. An addend of one value a row is not worth the way
// through C.
class TileStart {
 public:
  HWY_INLINE void Set(const Product& product, bool from_c, std::size_t rows, std::size_t column, Tile& tile) {
    const float* const bias = product.epilogue.bias;
    tile.start = from_c ? tile.c : bias == nullptr ? nullptr : bias + column;
    tile.start_row_stride = from_c ? tile.c_row_stride : 0;
    const std::size_t rest = tile.columns % kLanes;
    if (rest != 0 && tile.start != nullptr) Copy(from_c ? rows : 1, tile);
  }

  // Requires: adds_column(product.epilogue).
  HWY_NOINLINE void SetColumn(const Product& product, std::size_t row, std::size_t rows, std::size_t column,
                              Tile& tile) {
    const TileTag d;
    const GemmEpilogue& epilogue = product.epilogue;
    const auto scale = hn::Set(d, epilogue.addend_scale);
    const float* const addend = epilogue.addend + row * epilogue.addend_row_stride;
    for (std::size_t j = 0; j < tile.columns; j += kLanes) {
      const std::size_t lanes = std::min(kLanes, tile.columns - j);
      const auto bias = epilogue.bias == nullptr ? hn::Zero(d) : LoadPartial(d, epilogue.bias + column + j, lanes);
      for (std::size_t i = 0; i < rows; ++i) {
        hn::Store(hn::MulAdd(scale, hn::Set(d, addend[i * epilogue.addend_row_stride]), bias), d,
                  copy_ + i * kWidth + j);
      }
    }
    tile.start = copy_;
    tile.start_row_stride = kWidth;
  }

 private:
  HWY_NOINLINE void Copy(std::size_t rows, Tile& tile) {
    const TileTag d;
    const std::size_t whole = tile.columns / kLanes * kLanes;
    for (std::size_t row = 0; row < rows; ++row) {
      const float* from = tile.start + row * tile.start_row_stride;
      float* to = copy_ + row * kWidth;
      for (std::size_t i = 0; i < whole; i += kLanes) hn::Store(hn::LoadU(d, from + i), d, to + i);
      hn::Store(LoadPartial(d, from + whole, tile.columns - whole), d, to + whole);
    }
    tile.start = copy_;
    if (tile.start_row_stride != 0) tile.start_row_stride = kWidth;
  }

  static constexpr std::size_t kWidth = kMaxVectors * kLanes;
  HWY_ALIGN float copy_[kMaxRows * kWidth];
};

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_GEMM_EPILOGUE_INL_H_
