// Layer normalisation, and sums over rows and over columns, one thread. Name: kind/rows/columns.
// side_by_side.hpp explains the counters; the bytes of a sum are those that it reads, a copy's those on both sides.
#include "ops/kernels/normalization.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/kernels/reduction.hpp"
#include "tests/benchmark/side_by_side.hpp"

namespace {

using linnet::benchmark::Floats;
using linnet::benchmark::run_beside;
using linnet::kernels::reduce_columns;
using linnet::kernels::reduce_row;
using linnet::kernels::ReduceKind;

struct Size {
  std::size_t outer, inner;
};
constexpr Size kSizes[] = {{4, 512}, {64, 1024}, {16384, 1024}};

double count_of(Size size) { return static_cast<double>(size.outer * size.inner); }

// Operations of layer_norm: the mean's sum, difference, square and sum for the variance, difference, two products and a
// sum for the result.
void measure_layer_norm(::benchmark::State& state, Size size) {
  const Floats x(size.outer * size.inner);
  const Floats scale(size.inner);
  const Floats bias(size.inner);
  Floats y(x.size());
  const auto kernel = [&] {
    linnet::kernels::layer_norm(x.data(), scale.data(), bias.data(), 1e-5F, y.data(), nullptr, nullptr, size.outer,
                                size.inner);
  };
  run_beside(state, kernel, {2.0 * count_of(size) * sizeof(float), 8.0 * count_of(size)});
}

void measure_reduce_row(::benchmark::State& state, Size size) {
  const Floats x(size.outer * size.inner);
  double sum = 0.0;
  const auto kernel = [&] {
    for (std::size_t row = 0; row < size.outer; ++row)
      ::benchmark::DoNotOptimize(sum = reduce_row(ReduceKind::kSum, x.data() + row * size.inner, size.inner));
  };
  run_beside(state, kernel, {count_of(size) * sizeof(float), count_of(size)});
}

void measure_reduce_columns(::benchmark::State& state, Size size) {
  const Floats x(size.outer * size.inner);
  std::vector<double> sums(size.inner);
  const auto kernel = [&] {
    reduce_columns(ReduceKind::kSum, x.data(), sums.data(), size.outer, size.inner, size.inner);
  };
  run_beside(state, kernel, {count_of(size) * sizeof(float), count_of(size)});
}

struct Case {
  const char* name;
  void (*measure)(::benchmark::State&, Size);
};
constexpr Case kCases[] = {
    {"layer_norm", measure_layer_norm}, {"reduce_row", measure_reduce_row}, {"reduce_columns", measure_reduce_columns}};

const int registered = [] {
  for (const Case& which : kCases) {
    for (const Size size : kSizes) {
      const std::string name =
          std::string(which.name) + "/" + std::to_string(size.outer) + "/" + std::to_string(size.inner);
      ::benchmark::RegisterBenchmark(
          name.c_str(), [measure = which.measure, size](::benchmark::State& state) { measure(state, size); });
    }
  }
  return 0;
}();

}  // namespace
