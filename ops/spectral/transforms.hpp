// Fourier transforms of many signals that lie in a tensor: what DFT and STFT come down to.
#pragma once

#include <cstddef>

#include "ops/spectral/fourier.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Where the elements of signal t lie: number k from element t / group * group_stride + t % group * step + k * stride
/// on, one element or the two parts of a complex one.
struct SignalLayout {
  std::size_t group = 1, group_stride = 0, step = 0, stride = 1;
  std::size_t parts = 1;  ///< 1: real, 2: complex
  std::size_t count = 0;  ///< numbers of a signal
  std::size_t base(std::size_t t) const { return t / group * group_stride + t % group * step; }
  /// Whether a signal's numbers lie next to each other.
  bool dense() const { return stride == parts; }
};

/// Input 0 to output 0.
struct Transforms {
  DataType type{};
  std::size_t count = 0;   ///< of signals
  std::size_t length = 1;  ///< of each transform: what the input has less is 0, and what it has more is left out
  bool inverse = false;
  bool half_input = false;       ///< the rest of the spectrum is the conjugate of what is there
  std::size_t window_input = 0;  ///< of as many factors as the input has numbers; 0: none
  SignalLayout from, to;
};

/// Requires: length > 0. Errors: those of FourierPlan.
Prepared prepare_transforms(const PrepareContext& context, const Transforms& transforms);
void run_transforms(const RunArguments& args);
/// For OpFacts::folding_ns.
double transforms_ns(std::size_t count, std::size_t length);

}  // namespace linnet::internal
