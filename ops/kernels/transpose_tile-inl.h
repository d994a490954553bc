// A tile of a transposition in registers. Per-target: see README.md.
//
// It has P rows, P being the elements of 16 bytes, and as many columns as a vector has lanes. Vector k holds, in its
// block b of 16 bytes, P elements of the row b * P + k of `from`. Interleaving the elements of vectors k and k + P/2
// into vectors 2 k and 2 k + 1 moves the topmost bit of an element's vector to the bottom of its place in the block,
// and the topmost bit of the place to the bottom of the vector: after log2(P) times the two have changed places.
#include "ops/kernels/highway_config.h"

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#if defined(LINNET_OPS_KERNELS_TRANSPOSE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_TRANSPOSE_TILE_INL_H_
#undef LINNET_OPS_KERNELS_TRANSPOSE_TILE_INL_H_
#else
#define LINNET_OPS_KERNELS_TRANSPOSE_TILE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

template <class D>
constexpr std::size_t kTurnedRows = 16 / sizeof(hn::TFromD<D>);

// A vector of blocks of 16 bytes that lie `stride` bytes apart, the first at any address.
template <class D>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const std::byte* from, std::ptrdiff_t stride) {
  constexpr std::size_t kBlocks = hn::MaxLanes(d) * sizeof(hn::TFromD<D>) / 16;
  if constexpr (kBlocks == 1) {
    const hn::Repartition<std::uint8_t, D> bytes;
    return hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(from)));
  } else {
    const hn::Half<D> half;
    const auto lower = LoadBlocks(half, from, stride);
    return hn::Combine(d, LoadBlocks(half, from + static_cast<std::ptrdiff_t>(kBlocks / 2) * stride, stride), lower);
  }
}

// turned[i] is element i of each of a vector's lanes of rows, which begin at `from` and lie `stride` bytes apart.
template <class D>
HWY_INLINE void TurnTile(D d, const std::byte* from, std::ptrdiff_t stride, hn::Vec<D> (&turned)[kTurnedRows<D>]) {
  constexpr std::size_t kP = kTurnedRows<D>;
  hn::Vec<D> v[kP];
  HWY_UNROLL(16)
  for (std::size_t k = 0; k < kP; ++k) {
    turned[k] = LoadBlocks(d, from + static_cast<std::ptrdiff_t>(k) * stride, static_cast<std::ptrdiff_t>(kP) * stride);
  }
  HWY_UNROLL(4)
  for (std::size_t distance = 1; distance < kP; distance *= 2) {
    HWY_UNROLL(16)
    for (std::size_t k = 0; k < kP; ++k) v[k] = turned[k];
    HWY_UNROLL(8)
    for (std::size_t k = 0; k < kP / 2; ++k) {
      turned[2 * k] = hn::InterleaveLower(d, v[k], v[k + kP / 2]);
      turned[2 * k + 1] = hn::InterleaveUpper(d, v[k], v[k + kP / 2]);
    }
  }
}

#endif

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_TRANSPOSE_TILE_INL_H_
