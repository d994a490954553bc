#include "ops/spectral/transforms.hpp"

#include <algorithm>
#include <cmath>

#include "ops/kernels/fourier.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/workspace_layout.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMostTogether = 4096;  // points of signals that are transformed side by side
constexpr std::size_t kPiece = 512;          // elements read or written at a time

struct State {
  Transforms of;
  /// A real signal of even length is transformed as a complex one of half the length.
  bool halved = false;
  FourierPlan plan;
  Roots roots;  ///< of `length`
  std::size_t signals = 1;
  std::size_t buffer = 0;  ///< doubles of one of a worker's four

  State(const Transforms& transforms, bool halved_)
      : of(transforms),
        halved(halved_),
        plan(halved_ ? transforms.length / 2 : transforms.length),
        roots(transforms.length) {}
};

/// A batch of signals on its way.
struct Batch {
  std::size_t first = 0, count = 0;
  Signals x, scratch;
};

/// Calls put(signal, k, re, im) for the numbers of the input that count.
template <typename Put>
void for_input(const State& state, const RunArguments& args, const Batch& batch, const Put& put) {
  const SignalLayout& from = state.of.from;
  const std::size_t numbers = std::min(from.count, state.of.half_input ? state.of.length / 2 + 1 : state.of.length);
  double line[kPiece];
  const auto part = [&](std::size_t i) { return from.parts == 2 ? line[2 * i + 1] : 0.0; };
  if (!from.dense()) {
    for (std::size_t k = 0; k < numbers; ++k) {
      const std::size_t element = from.base(batch.first) + k * from.stride;
      load_line(state.of.type, args.inputs[0], element, batch.count * from.parts, line);
      for (std::size_t l = 0; l < batch.count; ++l) put(l, k, line[l * from.parts], part(l));
    }
    return;
  }
  const void* const window = state.of.window_input == 0 ? nullptr : args.inputs[state.of.window_input];
  for (std::size_t l = 0; l < batch.count; ++l) {
    for (std::size_t first = 0; first < numbers; first += kPiece / 2) {
      const std::size_t size = std::min(kPiece / 2, numbers - first);
      const std::size_t element = from.base(batch.first + l) + first * from.parts;
      load_line(state.of.type, args.inputs[0], element, size * from.parts, line);
      if (window != nullptr) {
        double factors[kPiece / 2];
        load_line(state.of.type, window, first, size, factors);
        for (std::size_t i = 0; i < size * from.parts; ++i) line[i] *= factors[i / from.parts];
      }
      for (std::size_t i = 0; i < size; ++i) put(l, first + i, line[i * from.parts], part(i));
    }
  }
}

/// Fills x: as what the plan transforms, where that is not halved.
void load_whole(const State& state, const RunArguments& args, const Batch& batch) {
  double* const re = state.of.inverse ? batch.x.im : batch.x.re;
  double* const im = state.of.inverse ? batch.x.re : batch.x.im;
  const std::size_t n = state.of.length, signals = state.signals;
  if (!state.of.half_input) {
    return for_input(state, args, batch, [=](std::size_t l, std::size_t k, double a, double b) {
      re[k * signals + l] = a;
      im[k * signals + l] = b;
    });
  }
  for_input(state, args, batch, [=](std::size_t l, std::size_t k, double a, double b) {
    const bool single = k == 0 || 2 * k == n;
    re[k * signals + l] = re[(n - k) % n * signals + l] = a;
    im[(n - k) % n * signals + l] = single ? 0 : -b;
    im[k * signals + l] = single ? 0 : b;
  });
}

/// The same where it is: of a real signal the even numbers are real parts, and the odd ones imaginary parts; half a
/// spectrum X becomes E + i O with E = X[k] + conj X[h - k] and O = (X[k] - conj X[h - k]) / w^k, h = length / 2.
void load_halved(const State& state, const RunArguments& args, const Batch& batch) {
  const std::size_t signals = state.signals, half = state.of.length / 2;
  if (!state.of.inverse) {
    double* const parts[] = {batch.x.re, batch.x.im};
    return for_input(state, args, batch,
                     [=](std::size_t l, std::size_t k, double a, double) { parts[k % 2][k / 2 * signals + l] = a; });
  }
  double* const re = batch.x.im;
  double* const im = batch.x.re;
  for_input(state, args, batch, [=, &state](std::size_t l, std::size_t k, double a, double b) {
    if (k == 0 || k == half) b = 0;
    // In the sum for k, and as conjugate in that for h - k.
    for (const bool conjugate : {false, true}) {
      const std::size_t to = conjugate ? half - k : k;
      if (to == half) continue;
      const std::complex<double> root = state.roots(to);
      const double sign = conjugate ? -1 : 1;
      const std::complex<double> x(a, sign * b);
      // 1 + i / w^k or 1 - i / w^k times that.
      const std::complex<double> sum = Roots::product({1 + sign * root.imag(), sign * root.real()}, x);
      re[to * signals + l] += sum.real();
      im[to * signals + l] += sum.imag();
    }
  });
}

/// Scratch becomes the first half of the spectrum of real signals, of whose halves x is the transform Z:
/// 2 X[k] = Z[k] + conj Z[h - k] - i w^k (Z[k] - conj Z[h - k]) with h = length / 2.
void unfold(const State& state, const Batch& batch) {
  const std::size_t half = state.of.length / 2, signals = state.signals;
  const std::size_t numbers = std::min(half + 1, state.of.to.count);
  for (std::size_t k = 0; k < numbers; ++k) {
    const std::complex<double> root = state.roots(k);
    const double a = root.real() / 2, b = root.imag() / 2;
    const std::size_t here = k % half * signals, there = (half - k) % half * signals;
    for (std::size_t l = 0; l < signals; ++l) {
      const double even_re = batch.x.re[here + l] + batch.x.re[there + l];
      const double even_im = batch.x.im[here + l] - batch.x.im[there + l];
      const double odd_re = batch.x.im[here + l] + batch.x.im[there + l];
      const double odd_im = batch.x.re[there + l] - batch.x.re[here + l];
      batch.scratch.re[k * signals + l] = even_re / 2 + odd_re * a - odd_im * b;
      batch.scratch.im[k * signals + l] = even_im / 2 + odd_re * b + odd_im * a;
    }
  }
}

/// Calls get(signal, k, re, im) for what the output wants, and stores it.
template <typename Get>
void for_output(const State& state, const RunArguments& args, const Batch& batch, const Get& get) {
  const SignalLayout& to = state.of.to;
  double line[kPiece];
  if (!to.dense()) {
    for (std::size_t k = 0; k < to.count; ++k) {
      for (std::size_t l = 0; l < batch.count; ++l) get(l, k, line + l * to.parts);
      store_line(state.of.type, line, to.base(batch.first) + k * to.stride, batch.count * to.parts, args.outputs[0]);
    }
    return;
  }
  for (std::size_t l = 0; l < batch.count; ++l) {
    for (std::size_t first = 0; first < to.count; first += kPiece / 2) {
      const std::size_t size = std::min(kPiece / 2, to.count - first);
      for (std::size_t i = 0; i < size; ++i) get(l, first + i, line + i * to.parts);
      const std::size_t element = to.base(batch.first + l) + first * to.parts;
      store_line(state.of.type, line, element, size * to.parts, args.outputs[0]);
    }
  }
}

void store(const State& state, const RunArguments& args, const Batch& batch) {
  const std::size_t signals = state.signals, n = state.of.length;
  const bool complex = state.of.to.parts == 2;
  if (!state.of.inverse) {
    const Signals& y = state.halved ? batch.scratch : batch.x;
    const bool halved = state.halved;
    return for_output(state, args, batch, [=](std::size_t l, std::size_t k, double* to) {
      const bool mirrored = halved && k > n / 2;  // conjugate
      const std::size_t at = (mirrored ? n - k : k) * signals + l;
      to[0] = y.re[at];
      if (complex) to[1] = mirrored ? -y.im[at] : y.im[at];
    });
  }
  const double scale = 1 / static_cast<double>(n);
  const double* const re = batch.x.im;
  const double* const im = batch.x.re;
  if (state.halved) {
    return for_output(state, args, batch, [=](std::size_t l, std::size_t k, double* to) {
      const double* const part = k % 2 == 0 ? re : im;
      to[0] = part[k / 2 * signals + l] * scale;
    });
  }
  for_output(state, args, batch, [=](std::size_t l, std::size_t k, double* to) {
    to[0] = re[k * signals + l] * scale;
    if (complex) to[1] = im[k * signals + l] * scale;
  });
}

void transform(const State& state, const RunArguments& args, Batch batch) {
  for (double* part : {batch.x.re, batch.x.im}) std::fill_n(part, state.plan.size() * state.signals, 0.0);
  state.halved ? load_halved(state, args, batch) : load_whole(state, args, batch);
  state.plan.run(args.control, batch.x, batch.scratch, state.signals);
  if (state.halved && !state.of.inverse) unfold(state, batch);
  store(state, args, batch);
}

}  // namespace

double transforms_ns(std::size_t count, std::size_t length) {
  const auto n = static_cast<double>(length);
  return static_cast<double>(count) * n * (4 + 2 * std::log2(n + 1));
}

Prepared prepare_transforms(const PrepareContext& context, const Transforms& transforms) {
  const bool real = transforms.inverse ? transforms.half_input : transforms.from.parts == 1;
  auto state = new_shared<State>(transforms, real && transforms.length % 2 == 0);
  const std::size_t length = std::max(state->plan.room(), state->plan.size() + 1);
  state->signals = transforms.length <= kMostTogether ? kernels::kFourierLanes : 1;
  state->buffer = (length * state->signals + 7) / 8 * 8;
  WorkspaceLayout layout;
  const auto buffers = 4 * static_cast<std::size_t>(context.threads());
  for (std::size_t i = 0; i < buffers; ++i) layout.add(state->buffer * sizeof(double));
  return {std::move(state), layout.bytes(), 0};
}

void run_transforms(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Transforms& of = state.of;
  // Where neighbours lie next to each other, a batch is of one group.
  const std::size_t group = of.from.dense() ? std::max<std::size_t>(of.count, 1) : of.from.group;
  const std::size_t batches = (group + state.signals - 1) / state.signals;
  const std::size_t tasks = of.count / group * batches;
  args.control.parallel_for(tasks, transforms_ns(of.count, of.length), [&](std::size_t task, std::size_t worker) {
    double* const memory = static_cast<double*>(args.workspace) + worker * 4 * state.buffer;
    Batch batch;
    batch.first = task / batches * group + task % batches * state.signals;
    batch.count = std::min(state.signals, group - task % batches * state.signals);
    batch.x = {memory, memory + state.buffer};
    batch.scratch = {memory + 2 * state.buffer, memory + 3 * state.buffer};
    transform(state, args, batch);
  });
}

}  // namespace linnet::internal
