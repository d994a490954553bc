// Fast Fourier transforms of any length, in float64: y[j] = sum over k of x[k] exp(-2 pi i j k / n).
//
// Lengths of small prime factors take a pass over the data for each (of 4, 2, or another prime up to 31), from
// one buffer to another and in order (Stockham's form). Others become a convolution of a length that is such
// (Bluestein's form: j k = (j^2 + k^2 - (j - k)^2) / 2).
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/run_control.hpp"

namespace linnet::internal {

/// exp(-2 pi i e / n), from tables of about the square root of n.
class Roots {
 public:
  explicit Roots(std::size_t n);
  /// Requires: e < n.
  std::complex<double> operator()(std::size_t e) const {
    const std::complex<double> low = low_[e & (low_.size() - 1)];
    return high_.empty() ? low : product(low, high_[e >> bits_]);
  }
  /// Without what the standard wants of NaN.
  static std::complex<double> product(std::complex<double> a, std::complex<double> b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  }

 private:
  unsigned bits_ = 10;
  std::vector<std::complex<double>> low_;   ///< for the last bits of e
  std::vector<std::complex<double>> high_;  ///< for the others; empty where there are none
};

/// Several complex signals side by side: number k of signal l at [k * signals + l].
struct Signals {
  double* re;
  double* im;
};

/// Thread-safety: immutable.
class FourierPlan {
 public:
  /// Requires: n > 0. Errors: kUnsupported for a large n of large prime factors.
  explicit FourierPlan(std::size_t n);
  std::size_t size() const { return n_; }
  /// Numbers of a signal that the buffers of `run` need room for.
  std::size_t room() const { return convolution_ == nullptr ? n_ : convolution_->n_; }
  /// x becomes its transform. The two may change places. What a stopped run leaves counts for nothing.
  void run(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const;

 private:
  void find_radices();
  void run_passes(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const;
  void run_convolution(RunControl& control, Signals& x, Signals& scratch, std::size_t signals) const;

  std::size_t n_;
  Roots roots_;
  std::array<std::uint8_t, 64> radices_{};
  std::size_t passes_ = 0;                    ///< of radices_; 0 too where there is a convolution
  std::unique_ptr<FourierPlan> convolution_;  ///< null where passes do
  std::vector<std::complex<double>> chirp_;   ///< exp(-pi i k^2 / n)
  std::vector<std::complex<double>> filter_;  ///< the transform of the conjugate chirp, over its length
};

}  // namespace linnet::internal
