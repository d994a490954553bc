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

/// Stores re and im times the pair at w.
HWY_INLINE void StoreTurned(D d, V re, V im, const double* w, double* to_re, double* to_im) {
  const auto cosine = hn::Set(d, w[0]);
  const auto sine = hn::Set(d, w[1]);
  hn::StoreU(hn::NegMulAdd(im, sine, hn::Mul(re, cosine)), d, to_re);
  hn::StoreU(hn::MulAdd(im, cosine, hn::Mul(re, sine)), d, to_im);
}

/// Of radix 4, without products but those with w.
HWY_INLINE void Four(D d, const FourierPass& pass, std::size_t from, std::size_t to, const double* w) {
  V re[4], im[4];
  for (std::size_t k = 0; k < 4; ++k) {
    re[k] = hn::LoadU(d, pass.x_re + from + k * pass.x_step);
    im[k] = hn::LoadU(d, pass.x_im + from + k * pass.x_step);
  }
  const V even_re = hn::Add(re[0], re[2]), even_im = hn::Add(im[0], im[2]);
  const V odd_re = hn::Sub(re[0], re[2]), odd_im = hn::Sub(im[0], im[2]);
  const V sum_re = hn::Add(re[1], re[3]), sum_im = hn::Add(im[1], im[3]);
  const V turned_re = hn::Sub(im[1], im[3]), turned_im = hn::Sub(re[3], re[1]);
  double* const y_re = pass.y_re + to;
  double* const y_im = pass.y_im + to;
  const std::size_t width = pass.width;
  hn::StoreU(hn::Add(even_re, sum_re), d, y_re);
  hn::StoreU(hn::Add(even_im, sum_im), d, y_im);
  StoreTurned(d, hn::Add(odd_re, turned_re), hn::Add(odd_im, turned_im), w, y_re + width, y_im + width);
  StoreTurned(d, hn::Sub(even_re, sum_re), hn::Sub(even_im, sum_im), w + 2, y_re + 2 * width, y_im + 2 * width);
  StoreTurned(d, hn::Sub(odd_re, turned_re), hn::Sub(odd_im, turned_im), w + 4, y_re + 3 * width, y_im + 3 * width);
}

/// By the formula.
HWY_INLINE void Others(D d, const FourierPass& pass, std::size_t from, std::size_t to, const double* w) {
  for (std::size_t j = 0; j < pass.radix; ++j, to += pass.width) {
    V re = hn::Zero(d), im = hn::Zero(d);
    for (std::size_t k = 0, e = 0; k < pass.radix; ++k) {
      const auto cosine = hn::Set(d, pass.units[2 * e]);
      const auto sine = hn::Set(d, pass.units[2 * e + 1]);
      const V x_re = hn::LoadU(d, pass.x_re + from + k * pass.x_step);
      const V x_im = hn::LoadU(d, pass.x_im + from + k * pass.x_step);
      re = hn::NegMulAdd(x_im, sine, hn::MulAdd(x_re, cosine, re));
      im = hn::MulAdd(x_im, cosine, hn::MulAdd(x_re, sine, im));
      e += j;
      if (e >= pass.radix) e -= pass.radix;
    }
    if (j == 0) {
      hn::StoreU(re, d, pass.y_re + to);
      hn::StoreU(im, d, pass.y_im + to);
    } else {
      StoreTurned(d, re, im, w + 2 * (j - 1), pass.y_re + to, pass.y_im + to);
    }
  }
}

}  // namespace

void AnyPass(const FourierPass& pass) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t p = 0; p < pass.count; ++p) {
    const double* const w = pass.w + p * 2 * (pass.radix - 1);
    for (std::size_t q = 0; q < pass.width; q += lanes) {
      const std::size_t from = p * pass.width + q, to = p * pass.radix * pass.width + q;
      pass.radix == 4 ? Four(d, pass, from, to, w) : Others(d, pass, from, to, w);
    }
  }
}

}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(AnyPass);

void fourier_pass(const FourierPass& pass) { LINNET_DISPATCH(AnyPass)(pass); }

}  // namespace linnet::kernels
#endif  // HWY_ONCE
