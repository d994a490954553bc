// Elementwise operators on arrays that no cache holds, through a session, beside a copy by as many threads and beside
// the operator's arithmetic on arrays that L1 holds. Name: operator/Op/elements/threads.
#include <linnet/linnet.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ops/kernels/activation.hpp"
#include "ops/kernels/elementwise.hpp"
#include "runtime/run_control.hpp"
#include "runtime/thread_pool.hpp"
#include "tests/benchmark/machine_peaks.hpp"
#include "tests/benchmark/side_by_side.hpp"
#include "tests/support/onnx_writer.hpp"

namespace {

using linnet::benchmark::Floats;
using linnet::kernels::ActivationKind;
using linnet::kernels::BinaryKind;

constexpr std::size_t kCount = std::size_t{1} << 24;
constexpr std::size_t kInL1 = 2048;  // elements of each array

struct Case {
  const char* op;
  std::size_t inputs;
  void (*in_l1)(const float* x, float* y);
};

template <ActivationKind kKind>
void activate(const float* x, float* y) {
  linnet::kernels::apply_activation({kKind, 0.01F}, x, y, kInL1);
}

template <BinaryKind kKind>
void combine(const float* x, float* y) {
  linnet::kernels::binary(kKind, x, false, x, false, y, kInL1);
}

const Case kCases[] = {
    {"Relu", 1, activate<ActivationKind::kRelu>},
    {"LeakyRelu", 1, activate<ActivationKind::kLeakyRelu>},
    {"Sigmoid", 1, activate<ActivationKind::kSigmoid>},
    {"Tanh", 1, activate<ActivationKind::kTanh>},
    {"Add", 2, combine<BinaryKind::kAdd>},
    {"Mul", 2, combine<BinaryKind::kMul>},
};

linnet::Model load(const Case& which, int threads) {
  const std::vector<std::string> names = {"a", "b"};
  linnet::test::ModelWriter writer = linnet::test::model();
  std::vector<std::string> inputs(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(which.inputs));
  for (const std::string& name : inputs) {
    writer.input(name, linnet::DataType::kFloat32, {static_cast<std::int64_t>(kCount)});
  }
  const std::string bytes = writer.node(which.op, inputs, {"y"})
                                .output("y", linnet::DataType::kFloat32, {static_cast<std::int64_t>(kCount)})
                                .bytes();
  linnet::Options options;
  options.threads = threads;
  return linnet::Model::load(bytes.data(), bytes.size(), options);
}

void measure(::benchmark::State& state, const Case& which, int threads) {
  const linnet::Model model = load(which, threads);
  linnet::Session session = model.session();
  std::vector<Floats> x;
  for (std::size_t i = 0; i < which.inputs; ++i) x.emplace_back(kCount);
  Floats y(kCount);
  const std::int64_t shape[] = {static_cast<std::int64_t>(kCount)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    session.bind_input(i, {linnet::DataType::kFloat32, shape, 1, x[i].data()});
  }
  session.bind_output(0, {linnet::DataType::kFloat32, shape, 1, y.data()});

  linnet::internal::ThreadPool pool(threads);
  linnet::internal::RunControl control(&pool, threads);
  const double bytes = static_cast<double>((which.inputs + 1) * kCount * sizeof(float));
  const auto copy_by = [&](void (*copy)(const float*, float*, std::size_t)) {
    // Of as many bytes, half of them read: half as many arrays.
    constexpr std::size_t kChunk = 16384;
    const std::size_t chunks = (which.inputs + 1) * kCount / 2 / kChunk;
    control.parallel_for(chunks, bytes, [&](std::size_t chunk) {
      const std::size_t first = chunk * kChunk % kCount;
      copy(x[0].data() + first, y.data() + first, kChunk);
    });
  };
  const auto plain_copy = [&] { copy_by(linnet::benchmark::copy_floats); };
  const auto streamed_copy = [&] { copy_by(linnet::benchmark::copy_past_caches); };
  const auto arithmetic = [&] {
    // As many elements by as many threads, each piece of work on its own that fit L1.
    constexpr std::size_t kPieces = 32;
    control.parallel_for(kPieces, bytes, [&](std::size_t piece) {
      for (std::size_t done = 0; done < kCount / kPieces; done += kInL1) {
        which.in_l1(x[0].data() + piece * kInL1, y.data() + piece * kInL1);
        ::benchmark::ClobberMemory();
      }
    });
  };
  linnet::benchmark::run_beside(state, [&] { session.run(); },
                                {bytes, 0.0, {}, {plain_copy, streamed_copy}, arithmetic});
}

const int registered = [] {
  for (const Case& which : kCases) {
    for (const int threads : {1, 2}) {
      const std::string name =
          std::string("operator/") + which.op + "/" + std::to_string(kCount) + "/" + std::to_string(threads);
      ::benchmark::RegisterBenchmark(name.c_str(), [&which, threads](::benchmark::State& state) {
        measure(state, which, threads);
      })->UseRealTime();
    }
  }
  return 0;
}();

}  // namespace
