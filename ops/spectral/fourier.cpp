#include "ops/spectral/fourier.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/kernels/fourier.hpp"
#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

constexpr std::uint8_t kMostRadix = 31;
constexpr std::size_t kMostConvolved = std::size_t{1} << 20;
constexpr std::size_t kMostPoints = std::size_t{1} << 40;
constexpr std::size_t kTwiddles = 256;  // made at a time

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

/// As the kernel's, for rows of any width.
void any_pass(const kernels::FourierPass& pass) {
  for (std::size_t row = 0; row < pass.count * pass.radix; ++row) {
    const std::size_t p = row / pass.radix, j = row % pass.radix;
    double* const re = pass.y_re + row * pass.width;
    double* const im = pass.y_im + row * pass.width;
    std::fill_n(re, pass.width, 0.0);
    std::fill_n(im, pass.width, 0.0);
    for (std::size_t k = 0; k < pass.radix; ++k) {
      const double* const unit = pass.units + 2 * (j * k % pass.radix);
      std::complex<double> root(unit[0], unit[1]);
      if (j > 0) {
        const double* const w = pass.w + 2 * (p * (pass.radix - 1) + j - 1);
        root = Roots::product(root, {w[0], w[1]});
      }
      const double* const x_re = pass.x_re + p * pass.width + k * pass.x_step;
      const double* const x_im = pass.x_im + p * pass.width + k * pass.x_step;
      for (std::size_t q = 0; q < pass.width; ++q) {
        re[q] += x_re[q] * root.real() - x_im[q] * root.imag();
        im[q] += x_re[q] * root.imag() + x_im[q] * root.real();
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
  low_.resize(low);
  for (std::size_t e = 0; e < low; ++e) low_[e] = root(e);
  if (n > low) high_.resize(((n - 1) >> bits_) + 1);
  for (std::size_t i = 0; i < high_.size(); ++i) high_[i] = root(i * low);
}

void FourierPlan::find_radices() {
  static constexpr std::uint8_t kRadices[] = {4, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, kMostRadix};
  std::size_t left = n_;
  const auto take = [&](std::uint8_t radix) {
    radices_[passes_++] = radix;
    left /= radix;
  };
  if (left % 8 == 0) {  // rows are vectors as soon as can be, where there is one signal
    take(4);
    take(2);
  }
  for (const std::uint8_t radix : kRadices) {
    while (left % radix == 0) take(radix);
  }
  if (left != 1) passes_ = 0;
}

FourierPlan::FourierPlan(std::size_t n) : n_(n), roots_(checked(n)) {
  find_radices();
  if (n == 1 || passes_ > 0) return;
  if (n > kMostConvolved) {
    unsupported("a Fourier transform of ", n, " points has a prime factor above ", kMostRadix,
                ", which is supported up to ", kMostConvolved, " points");
  }
  convolution_ = std::make_unique<FourierPlan>(smooth_length(2 * n - 1));
  const Roots half_steps(2 * n);
  const std::size_t length = room();
  std::vector<double> memory(4 * length, 0.0);
  Signals filter = {memory.data(), memory.data() + length};
  Signals scratch = {memory.data() + 2 * length, memory.data() + 3 * length};
  chirp_.resize(n);
  for (std::size_t k = 0; k < n; ++k) {
    chirp_[k] = half_steps(k * k % (2 * n));
    const std::size_t mirrored = (length - k) % length;
    filter.re[k] = filter.re[mirrored] = chirp_[k].real() / static_cast<double>(length);
    filter.im[k] = filter.im[mirrored] = -chirp_[k].imag() / static_cast<double>(length);
  }
  RunControl alone(nullptr, 1);
  convolution_->run(alone, filter, scratch, 1);
  filter_.resize(length);
  for (std::size_t k = 0; k < length; ++k) filter_[k] = {filter.re[k], filter.im[k]};
}

void FourierPlan::run(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const {
  convolution_ == nullptr ? run_passes(control, x, scratch, signals) : run_convolution(control, x, scratch, signals);
}

void FourierPlan::run_passes(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const {
  std::size_t width = signals;
  std::size_t step = 1;
  for (std::size_t i = 0; i < passes_; ++i) {
    const std::size_t radix = radices_[i];
    const std::size_t groups = n_ / step / radix;
    const std::size_t most = kTwiddles / (radix - 1);
    double units[2 * kMostRadix];
    for (std::size_t e = 0; e < radix; ++e) {
      const std::complex<double> unit = roots_(n_ / radix * e);
      units[2 * e] = unit.real();
      units[2 * e + 1] = unit.imag();
    }
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
                                         twiddles,
                                         units};
      width % kernels::kFourierLanes == 0 ? kernels::fourier_pass(pass) : any_pass(pass);
    }
    std::swap(x, scratch);
    width *= radix;
    step *= radix;
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
