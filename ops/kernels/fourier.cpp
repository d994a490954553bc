#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/fourier.cpp"

#include "ops/kernels/fourier.hpp"

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = HWY_CAPPED(double, kFourierLanes);
using V = hn::Vec<D>;

/// A transform of kRadix complex numbers, in place. The constants are cosines and sines of multiples of a turn's part.
template <std::size_t kRadix>
HWY_INLINE void Transform(D d, V* re, V* im) {
  if constexpr (kRadix == 2) {
    const V a = re[0], b = im[0];
    re[0] = hn::Add(a, re[1]);
    im[0] = hn::Add(b, im[1]);
    re[1] = hn::Sub(a, re[1]);
    im[1] = hn::Sub(b, im[1]);
  } else if constexpr (kRadix == 3) {
    const auto half = hn::Set(d, 0.5);
    const auto sine = hn::Set(d, 0.86602540378443864676);
    const V sum_re = hn::Add(re[1], re[2]), sum_im = hn::Add(im[1], im[2]);
    const V turned_re = hn::Mul(sine, hn::Sub(im[1], im[2])), turned_im = hn::Mul(sine, hn::Sub(re[2], re[1]));
    const V mean_re = hn::NegMulAdd(half, sum_re, re[0]), mean_im = hn::NegMulAdd(half, sum_im, im[0]);
    re[0] = hn::Add(re[0], sum_re);
    im[0] = hn::Add(im[0], sum_im);
    re[1] = hn::Add(mean_re, turned_re);
    im[1] = hn::Add(mean_im, turned_im);
    re[2] = hn::Sub(mean_re, turned_re);
    im[2] = hn::Sub(mean_im, turned_im);
  } else if constexpr (kRadix == 4) {
    const V even_re = hn::Add(re[0], re[2]), even_im = hn::Add(im[0], im[2]);
    const V odd_re = hn::Sub(re[0], re[2]), odd_im = hn::Sub(im[0], im[2]);
    const V sum_re = hn::Add(re[1], re[3]), sum_im = hn::Add(im[1], im[3]);
    const V turned_re = hn::Sub(im[1], im[3]), turned_im = hn::Sub(re[3], re[1]);
    re[0] = hn::Add(even_re, sum_re);
    im[0] = hn::Add(even_im, sum_im);
    re[1] = hn::Add(odd_re, turned_re);
    im[1] = hn::Add(odd_im, turned_im);
    re[2] = hn::Sub(even_re, sum_re);
    im[2] = hn::Sub(even_im, sum_im);
    re[3] = hn::Sub(odd_re, turned_re);
    im[3] = hn::Sub(odd_im, turned_im);
  } else {
    const auto cosine1 = hn::Set(d, 0.30901699437494742410), cosine2 = hn::Set(d, -0.80901699437494742410);
    const auto sine1 = hn::Set(d, 0.95105651629515357212), sine2 = hn::Set(d, 0.58778525229247312917);
    const V outer_re = hn::Add(re[1], re[4]), outer_im = hn::Add(im[1], im[4]);
    const V inner_re = hn::Add(re[2], re[3]), inner_im = hn::Add(im[2], im[3]);
    const V apart1_re = hn::Sub(im[1], im[4]), apart1_im = hn::Sub(re[4], re[1]);
    const V apart2_re = hn::Sub(im[2], im[3]), apart2_im = hn::Sub(re[3], re[2]);
    const V mean1_re = hn::MulAdd(cosine2, inner_re, hn::MulAdd(cosine1, outer_re, re[0]));
    const V mean1_im = hn::MulAdd(cosine2, inner_im, hn::MulAdd(cosine1, outer_im, im[0]));
    const V mean2_re = hn::MulAdd(cosine1, inner_re, hn::MulAdd(cosine2, outer_re, re[0]));
    const V mean2_im = hn::MulAdd(cosine1, inner_im, hn::MulAdd(cosine2, outer_im, im[0]));
    const V turned1_re = hn::MulAdd(sine2, apart2_re, hn::Mul(sine1, apart1_re));
    const V turned1_im = hn::MulAdd(sine2, apart2_im, hn::Mul(sine1, apart1_im));
    const V turned2_re = hn::NegMulAdd(sine1, apart2_re, hn::Mul(sine2, apart1_re));
    const V turned2_im = hn::NegMulAdd(sine1, apart2_im, hn::Mul(sine2, apart1_im));
    re[0] = hn::Add(hn::Add(re[0], outer_re), inner_re);
    im[0] = hn::Add(hn::Add(im[0], outer_im), inner_im);
    re[1] = hn::Add(mean1_re, turned1_re);
    im[1] = hn::Add(mean1_im, turned1_im);
    re[2] = hn::Add(mean2_re, turned2_re);
    im[2] = hn::Add(mean2_im, turned2_im);
    re[3] = hn::Sub(mean2_re, turned2_re);
    im[3] = hn::Sub(mean2_im, turned2_im);
    re[4] = hn::Sub(mean1_re, turned1_re);
    im[4] = hn::Sub(mean1_im, turned1_im);
  }
}

template <std::size_t kRadix>
void Pass(const FourierPass& pass) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t p = 0; p < pass.count; ++p) {
    const double* const w = pass.w + p * 2 * (kRadix - 1);
    for (std::size_t q = 0; q < pass.width; q += lanes) {
      V re[kRadix], im[kRadix];
      for (std::size_t k = 0; k < kRadix; ++k) {
        re[k] = hn::LoadU(d, pass.x_re + p * pass.width + k * pass.x_step + q);
        im[k] = hn::LoadU(d, pass.x_im + p * pass.width + k * pass.x_step + q);
      }
      Transform<kRadix>(d, re, im);
      const std::size_t to = p * kRadix * pass.width + q;
      hn::StoreU(re[0], d, pass.y_re + to);
      hn::StoreU(im[0], d, pass.y_im + to);
      for (std::size_t j = 1; j < kRadix; ++j) {
        const auto cosine = hn::Set(d, w[2 * j - 2]);
        const auto sine = hn::Set(d, w[2 * j - 1]);
        hn::StoreU(hn::NegMulAdd(im[j], sine, hn::Mul(re[j], cosine)), d, pass.y_re + to + j * pass.width);
        hn::StoreU(hn::MulAdd(im[j], cosine, hn::Mul(re[j], sine)), d, pass.y_im + to + j * pass.width);
      }
    }
  }
}

}  // namespace

void AnyPass(const FourierPass& pass) {
  if (pass.radix == 2) return Pass<2>(pass);
  if (pass.radix == 3) return Pass<3>(pass);
  if (pass.radix == 4) return Pass<4>(pass);
  Pass<5>(pass);
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(AnyPass);

void fourier_pass(const FourierPass& pass) { LINNET_DISPATCH(AnyPass)(pass); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
