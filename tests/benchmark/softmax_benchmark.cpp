// Softmax and LogSoftmax on rows and on columns, one thread. Name: kind/rows/columns, or kind/axis/inner for the
// strided ones. side_by_side.hpp explains the counters.
#include "ops/kernels/softmax.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/benchmark/side_by_side.hpp"

namespace {

using linnet::benchmark::Floats;
using Kernel = void (*)(const float*, float*, std::size_t, std::size_t);

struct Case {
  const char* name;
  Kernel kernel;
  bool strided;
  bool logarithm;
};

const Case kCases[] = {
    {"softmax", linnet::kernels::softmax, false, false},
    {"log_softmax", linnet::kernels::log_softmax, false, true},
    {"softmax_strided", linnet::kernels::softmax_strided, true, false},
    {"log_softmax_strided", linnet::kernels::log_softmax_strided, true, true},
};

struct Size {
  std::size_t outer, inner;
};
constexpr Size kSizes[] = {{64, 10}, {2, 1000}, {64, 1000}, {1, 65536}, {16384, 1000}};

void measure(::benchmark::State& state, const Case& which, Size size) {
  const std::size_t count = size.outer * size.inner;
  const Floats x(count);
  Floats y(count);
  const auto kernel = [&] { which.kernel(x.data(), y.data(), size.outer, size.inner); };
  linnet::internal::OnednnSoftmaxProblem problem;
  problem.outer = which.strided ? 1 : static_cast<std::int64_t>(size.outer);
  problem.axis = static_cast<std::int64_t>(which.strided ? size.outer : size.inner);
  problem.inner = which.strided ? static_cast<std::int64_t>(size.inner) : 1;
  problem.logarithm = which.logarithm;
  linnet::benchmark::Beside beside;
  beside.bytes = 2.0 * static_cast<double>(count) * sizeof(float);
  beside.onednn = linnet::benchmark::onednn_call(problem, x.data(), y.data());
  run_beside(state, kernel, beside);
}

const int registered = [] {
  for (const Case& which : kCases) {
    for (const Size size : kSizes) {
      const std::string name =
          std::string(which.name) + "/" + std::to_string(size.outer) + "/" + std::to_string(size.inner);
      ::benchmark::RegisterBenchmark(name.c_str(),
                                     [&which, size](::benchmark::State& state) { measure(state, which, size); });
    }
  }
  return 0;
}();

}  // namespace
