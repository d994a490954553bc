// Functions by pieces (pieces.hpp), for AVX-512: it picks one of 32 floats for each lane in one instruction, two of
// them a cycle, so a table saves reductions, quotients and their corrections. Per-target: see README.md.
#include "ops/kernels/highway_config.h"

#include <cstddef>

#include "hwy/highway.h"
#include "ops/kernels/pieces.hpp"

#if defined(LINNET_OPS_KERNELS_PIECES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LINNET_OPS_KERNELS_PIECES_INL_H_
#undef LINNET_OPS_KERNELS_PIECES_INL_H_
#else
#define LINNET_OPS_KERNELS_PIECES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3

// table[i mod 32], i being the bits of `index`.
HWY_INLINE __m512 PickedOf32(__m512 index, const float* table) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), _mm512_castps_si512(index), _mm512_load_ps(table + 16));
}
template <std::size_t N>
HWY_INLINE hn::Vec128<float, N> Picked(hn::Vec128<float, N> index, const float* table) {
  return hn::Vec128<float, N>{_mm512_castps512_ps128(PickedOf32(_mm512_castps128_ps512(index.raw), table))};
}
HWY_INLINE hn::Vec256<float> Picked(hn::Vec256<float> index, const float* table) {
  return hn::Vec256<float>{_mm512_castps512_ps256(PickedOf32(_mm512_castps256_ps512(index.raw), table))};
}
HWY_INLINE hn::Vec512<float> Picked(hn::Vec512<float> index, const float* table) {
  return hn::Vec512<float>{PickedOf32(index.raw, table)};
}

// The function at a, which lies in the piece that the bits of `index` count.
template <std::size_t kTerms, class V>
HWY_INLINE V OfPiece(const Pieces<kTerms>& pieces, V a, V index) {
  const auto term = [&](std::size_t k) HWY_ATTR { return Picked(index, pieces.terms[k]); };
  const V t = hn::Sub(a, Picked(index, pieces.centre));
  const V square = hn::Mul(t, t);
  const V p01 = hn::MulAdd(t, term(1), term(0));
  V p23 = hn::MulAdd(t, term(3), term(2));
  if constexpr (kTerms == 5) p23 = hn::MulAdd(square, term(4), p23);
  const V curved = hn::Mul(square, hn::MulAdd(square, p23, p01));
  return hn::Add(Picked(index, pieces.value), hn::MulAdd(t, Picked(index, pieces.slope), curved));
}

// The same of a >= 0 where pieces are 1 / per_unit wide and the first has its middle at 0. Adding 1.5 * 2^23 rounds to
// an integer and leaves it in the low bits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V OfEvenPiece(D d, const Pieces<5>& pieces, V a, float per_unit) {
  return OfPiece(pieces, a, hn::MulAdd(a, hn::Set(d, per_unit), hn::Set(d, 12582912.0f)));
}

#endif  // HWY_TARGET == HWY_AVX3

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LINNET_OPS_KERNELS_PIECES_INL_H_
