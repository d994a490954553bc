// Activations on arrays that L1, L2 and no cache hold, one thread. Name: kind/elements. side_by_side.hpp explains the
// counters. The operations of an activation are not counted: how many there are is the implementation's choice.
#include "ops/kernels/activation.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/benchmark/side_by_side.hpp"

namespace {

using linnet::benchmark::Floats;
using linnet::internal::OnednnEltwise;
using linnet::kernels::Activation;
using linnet::kernels::ActivationKind;

struct Case {
  const char* name;
  Activation activation;
  linnet::internal::OnednnActivation onednn;
};

const Case kCases[] = {
    {"relu", {ActivationKind::kRelu}, {OnednnEltwise::kRelu}},
    {"leaky_relu", {ActivationKind::kLeakyRelu, 0.01F}, {OnednnEltwise::kRelu, 0.01F}},
    {"sigmoid", {ActivationKind::kSigmoid}, {OnednnEltwise::kLogistic}},
    {"tanh", {ActivationKind::kTanh}, {OnednnEltwise::kTanh}},
    {"elu", {ActivationKind::kElu, 1.0F}, {OnednnEltwise::kElu, 1.0F}},
    {"hard_sigmoid", {ActivationKind::kHardSigmoid, 0.2F, 0.5F}, {OnednnEltwise::kHardSigmoid, 0.2F, 0.5F}},
    {"clip", {ActivationKind::kClip, -1.0F, 1.0F}, {OnednnEltwise::kClip, -1.0F, 1.0F}},
    {"gelu", {ActivationKind::kGelu}, {OnednnEltwise::kGeluErf}},
    {"gelu_tanh", {ActivationKind::kGeluTanh}, {OnednnEltwise::kGeluTanh}},
    {"exp", {ActivationKind::kExp}, {OnednnEltwise::kExp}},
};

constexpr std::size_t kCounts[] = {2048, 65536, std::size_t{1} << 24};

void measure(::benchmark::State& state, const Case& which, std::size_t count) {
  const Floats x(count);
  Floats y(count);
  const auto kernel = [&] { linnet::kernels::apply_activation(which.activation, x.data(), y.data(), count); };
  linnet::benchmark::Beside beside;
  beside.bytes = 2.0 * static_cast<double>(count) * sizeof(float);
  beside.onednn = linnet::benchmark::onednn_call({which.onednn, static_cast<std::int64_t>(count)}, x.data(), y.data());
  run_beside(state, kernel, beside);
}

const int registered = [] {
  for (const Case& which : kCases) {
    for (const std::size_t count : kCounts) {
      ::benchmark::RegisterBenchmark((std::string(which.name) + "/" + std::to_string(count)).c_str(),
                                     [&which, count](::benchmark::State& state) { measure(state, which, count); });
    }
  }
  return 0;
}();

}  // namespace
