#include "ops/spectral/fourier.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/kernels/fourier.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMostRadix = 31;
constexpr std::size_t kMostConvolved = std::size_t{1} << 20;
constexpr std::size_t kMostPoints = std::size_t{1} << 40;
constexpr std::size_t kTwiddles = 256;  // made at a time

/// Empty where a prime factor is larger than kMostRadix.
std::vector<std::size_t> radices_of(std::size_t n) {
  std::vector<std::size_t> radices;
  if (n % 8 == 0) {  // rows are vectors as soon as can be, where there is one signal
    radices = {4, 2};
    n /= 8;
  }
  for (std::size_t radix : {std::size_t{4}, std::size_t{2}}) {
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  for (std::size_t radix = 3; radix <= kMostRadix; radix += 2) {
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  return n == 1 ? radices : std::vector<std::size_t>{};
}

/// The least length from `least` on without prime factors above 5.
std::size_t smooth_length(std::size_t least) {
  for (std::size_t n = least;; ++n) {
    std::size_t left = n;
    for (const std::size_t factor : {2, 3, 5}) {
      while (left % factor == 0) left /= factor;
    }
    if (left == 1) return n;
  }
}

/// As the kernel's, for any radix and width. `roots`: of n, with radix * step = n.
void any_pass(const kernels::FourierPass& pass, const Roots& roots, std::size_t step) {
  for (std::size_t p = 0; p < pass.count; ++p) {
    for (std::size_t j = 0; j < pass.radix; ++j) {
      double* const re = pass.y_re + (p * pass.radix + j) * pass.width;
      double* const im = pass.y_im + (p * pass.radix + j) * pass.width;
      std::fill_n(re, pass.width, 0.0);
      std::fill_n(im, pass.width, 0.0);
      for (std::size_t k = 0; k < pass.radix; ++k) {
        std::complex<double> root = roots(j * k % pass.radix * step);
        if (j > 0)
          root = Roots::product(
              root, {pass.w[2 * (p * (pass.radix - 1) + j - 1)], pass.w[2 * (p * (pass.radix - 1) + j - 1) + 1]});
        const double* const x_re = pass.x_re + p * pass.width + k * pass.x_step;
        const double* const x_im = pass.x_im + p * pass.width + k * pass.x_step;
        for (std::size_t q = 0; q < pass.width; ++q) {
          re[q] += x_re[q] * root.real() - x_im[q] * root.imag();
          im[q] += x_re[q] * root.imag() + x_im[q] * root.real();
        }
      }
    }
  }
}

std::size_t checked(std::size_t n) {
  if (n > kMostPoints)
    unsupported("a Fourier transform of ", n, " points, more than ", kMostPoints, ", is not supported");
  return n;
}

}  // namespace

Roots::Roots(std::size_t n) {
  const long double turn = 2 * std::acos(-1.0L) / static_cast<long double>(n);
  const auto root = [turn](std::size_t e) {
    const long double angle = turn * static_cast<long double>(e);
    return std::complex<double>(static_cast<double>(std::cos(angle)), static_cast<double>(-std::sin(angle)));
  };
  while (n >> bits_ >> bits_ > 1) ++bits_;
  const std::size_t low = std::size_t{1} << bits_;
  for (std::size_t e = 0; e < low; ++e) low_.push_back(root(e));
  for (std::size_t e = 0; n > low && e < n; e += low) high_.push_back(root(e));
}

FourierPlan::FourierPlan(std::size_t n) : n_(n), roots_(checked(n)), radices_(radices_of(n)) {
  if (n == 1 || !radices_.empty()) return;
  if (n > kMostConvolved) {
    unsupported("a Fourier transform of ", n, " points has a prime factor above ", kMostRadix,
                ", which is supported up to ", kMostConvolved, " points");
  }
  convolution_ = std::make_unique<FourierPlan>(smooth_length(2 * n - 1));
  const Roots half_steps(2 * n);
  for (std::size_t k = 0; k < n; ++k) chirp_.push_back(half_steps(k * k % (2 * n)));
  const std::size_t length = room();
  std::vector<double> memory(4 * length, 0.0);
  Signals filter = {memory.data(), memory.data() + length};
  Signals scratch = {memory.data() + 2 * length, memory.data() + 3 * length};
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t mirrored = (length - k) % length;
    filter.re[k] = filter.re[mirrored] = chirp_[k].real() / static_cast<double>(length);
    filter.im[k] = filter.im[mirrored] = -chirp_[k].imag() / static_cast<double>(length);
  }
  RunControl alone(nullptr, 1);
  convolution_->run(alone, filter, scratch, 1);
  for (std::size_t k = 0; k < length; ++k) filter_.emplace_back(filter.re[k], filter.im[k]);
}

void FourierPlan::run(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const {
  convolution_ == nullptr ? run_passes(control, x, scratch, signals) : run_convolution(control, x, scratch, signals);
}

void FourierPlan::run_passes(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const {
  std::size_t width = signals;
  std::size_t left = n_;
  for (const std::size_t radix : radices_) {
    const std::size_t groups = left / radix;
    const std::size_t step = n_ / left;
    const std::size_t most = kTwiddles / (radix - 1);
    for (std::size_t first = 0; first < groups; first += most) {
      if (control.abandon_if_stopped()) return;
      double twiddles[2 * kTwiddles];
      const std::size_t count = std::min(most, groups - first);
      double* to = twiddles;
      for (std::size_t p = first; p < first + count; ++p) {
        for (std::size_t j = 1; j < radix; ++j) {
          const std::complex<double> root = roots_(step * p * j);
          *to++ = root.real();
          *to++ = root.imag();
        }
      }
      const kernels::FourierPass pass = {x.re + first * width,
                                         x.im + first * width,
                                         scratch.re + first * radix * width,
                                         scratch.im + first * radix * width,
                                         radix,
                                         count,
                                         width,
                                         groups * width,
                                         twiddles};
      const bool vectors = radix <= 5 && width % kernels::kFourierLanes == 0;
      vectors ? kernels::fourier_pass(pass) : any_pass(pass, roots_, n_ / radix);
    }
    std::swap(x, scratch);
    width *= radix;
    left = groups;
  }
}

void FourierPlan::run_convolution(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const {
  const auto multiply = [&](const std::vector<std::complex<double>>& factors) {
    for (std::size_t k = 0; k < factors.size(); ++k) {
      double* const re = x.re + k * signals;
      double* const im = x.im + k * signals;
      const double a = factors[k].real(), b = factors[k].imag();
      for (std::size_t l = 0; l < signals; ++l) {
        const double real = re[l] * a - im[l] * b;
        im[l] = re[l] * b + im[l] * a;
        re[l] = real;
      }
    }
  };
  multiply(chirp_);
  const std::size_t rest = (room() - n_) * signals;
  std::fill_n(x.re + n_ * signals, rest, 0.0);
  std::fill_n(x.im + n_ * signals, rest, 0.0);
  convolution_->run(control, x, scratch, signals);
  multiply(filter_);
  // The transform of what has its parts exchanged is the inverse one, with parts exchanged.
  std::swap(x.re, x.im);
  convolution_->run(control, x, scratch, signals);
  std::swap(x.re, x.im);
  multiply(chirp_);
}

}  // namespace linnet::internal
