// The matrix product on the layers of dense networks, one thread. Beside the time: operations and bytes of weights per
// second, and the shares that they are of what this core can do at most (machine_peaks.hpp): `of_peak` of multiply-adds
// on registers, `of_read` of reading as many bytes as the weights have. A layer is as fast as it can be when one of
// them is near 1. LINNET_ISA=avx2 and the like choose the instruction set.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tiles.hpp"
#include "ops/kernels/targets.hpp"
#include "ops/kernels/tiles.hpp"
#include "runtime/constant.hpp"
#include "tests/benchmark/machine_peaks.hpp"

namespace {

using ::benchmark::Counter;
using linnet::kernels::ActivationKind;

std::vector<float> values(std::size_t count) {
  std::vector<float> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = static_cast<float>(i * 7919 % 1000) / 1000.0f - 0.5f;
  return result;
}

// Counters from the operations and the bytes of weights of one run.
void count_work(::benchmark::State& state, double operations, std::size_t packed_bytes, double peak) {
  const double runs = static_cast<double>(state.iterations());
  const double bytes = static_cast<double>(packed_bytes) * runs;
  state.counters["GFLOP/s"] = Counter(operations * runs / 1e9, Counter::kIsRate);
  state.counters["GB/s"] = Counter(bytes / 1e9, Counter::kIsRate);
  state.counters["of_peak"] = Counter(operations * runs / peak, Counter::kIsRate);
  state.counters["of_read"] = Counter(bytes / linnet::benchmark::read_peak(packed_bytes), Counter::kIsRate);
}

// Arguments: rows, depth, columns.
void gemm_layer(::benchmark::State& state) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto n = static_cast<std::size_t>(state.range(2));
  const std::vector<float> a = values(m * k);
  const std::vector<float> b = values(k * n);
  const std::vector<float> bias = values(n);
  const std::size_t packed_bytes = linnet::kernels::packed_b_bytes(k, n);
  const std::shared_ptr<std::byte> memory = linnet::internal::allocate_aligned(packed_bytes);
  auto* packed = reinterpret_cast<float*>(memory.get());
  linnet::kernels::pack_b(b.data(), n, 1, k, n, 1.0f, packed);
  std::vector<float> c(m * n);
  linnet::kernels::GemmEpilogue epilogue;
  epilogue.bias = bias.data();
  epilogue.activation.kind = ActivationKind::kRelu;

  for (auto _ : state) {
    linnet::kernels::gemm(m, n, k, a.data(), k, packed, epilogue, c.data(), n, 0, linnet::kernels::panel_count(n));
    ::benchmark::ClobberMemory();
  }
  count_work(state, 2.0 * static_cast<double>(m * n * k), packed_bytes, linnet::benchmark::multiply_add_peak());
}

// The same of bfloat16 operands; A is in pairs beforehand, as all slices of a layer share them.
void gemm_layer_bf16(::benchmark::State& state) {
  if (!linnet::kernels::has_bfloat16_instructions()) {
    state.SkipWithError("this CPU has no AVX512_BF16");
    return;
  }
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto n = static_cast<std::size_t>(state.range(2));
  const std::size_t pairs = linnet::kernels::pair_count(k);
  std::vector<linnet::kernels::Bfloat16Pair> a(m * pairs);
  linnet::kernels::to_bfloat16_pairs(values(m * k).data(), k, m, k, a.data());
  const std::size_t packed_bytes = linnet::kernels::packed_b_bytes(pairs, n);
  const std::shared_ptr<std::byte> memory = linnet::internal::allocate_aligned(packed_bytes);
  auto* packed = reinterpret_cast<linnet::kernels::Bfloat16Pair*>(memory.get());
  linnet::kernels::pack_b_bfloat16(values(k * n).data(), n, 1, k, n, 1.0f, packed);
  std::vector<float> c(m * n);
  for (auto _ : state) {
    linnet::kernels::gemm_bfloat16(m, n, pairs, a.data(), pairs, packed, {}, c.data(), n, 0,
                                   linnet::kernels::panel_count(n));
    ::benchmark::ClobberMemory();
  }
  count_work(state, 2.0 * static_cast<double>(m * n * k), packed_bytes, linnet::benchmark::bf16_multiply_add_peak());
}

void network(::benchmark::internal::Benchmark* benchmark, int batch, const std::vector<int>& widths) {
  for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
    benchmark->Args({batch, widths[layer], widths[layer + 1]});
  }
}

// In tiles, with A rounded in each iteration, as a run does once for all slices.
void gemm_layer_tiles(::benchmark::State& state) {
  namespace kernels = linnet::kernels;
  if (kernels::tiles() != kernels::Tiles::kInstructions) {
    state.SkipWithError("this CPU has no AMX-BF16");
    return;
  }
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto n = static_cast<std::size_t>(state.range(2));
  const std::vector<float> a = values(m * k);
  const std::vector<float> b = values(k * n);
  const std::shared_ptr<std::byte> tiled_b = linnet::internal::allocate_aligned(kernels::tiled_b_bytes(k, n));
  for (std::size_t panel = 0; panel < kernels::panel_count(n); ++panel)
    kernels::pack_b_tiles(b.data() + panel * kernels::kPanelColumns, n, 1, k, n, 1.0f, panel, 0, k, tiled_b.get());
  const kernels::GemmSlices slices = kernels::choose_tile_slices(m, n, k, 1);
  const std::size_t a_bytes = kernels::tiled_a_bytes(m, k);
  const std::shared_ptr<std::byte> workspace =
      linnet::internal::allocate_aligned(a_bytes + kernels::tile_sums_bytes(slices, m, k) + 64);
  std::vector<float> c(m * n);
  const kernels::TiledProduct product = {m, n, k, workspace.get(), tiled_b.get(), {}, c.data(), n};
  for (auto _ : state) {
    for (std::size_t tile = 0; tile < kernels::row_tile_count(m); ++tile)
      kernels::to_bfloat16_tiles(a.data(), k, m, k, tile, 0, kernels::tile_steps(k), workspace.get());
    for (std::size_t i = 0; i < slices.count(); ++i)
      kernels::gemm_tiles(product, slices.slice(i), workspace.get() + a_bytes);
    ::benchmark::ClobberMemory();
  }
  count_work(state, 2.0 * static_cast<double>(m * n * k), kernels::tiled_b_bytes(k, n),
             linnet::benchmark::bf16_multiply_add_peak());
}

void layers(::benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "depth", "columns"});
  network(benchmark, 1, {16, 32, 32, 1});
  network(benchmark, 4, {100, 64, 32, 5});
  network(benchmark, 1, {256, 256, 10});
  network(benchmark, 64, {256, 256, 10});
  network(benchmark, 1, {512, 1024, 1024, 256});
  network(benchmark, 64, {512, 1024, 1024, 256});
  network(benchmark, 1, {1024, 4096, 4096, 1000});
  network(benchmark, 256, {1024, 4096, 4096, 1000});
  benchmark->Args({512, 1024, 1024});
}
BENCHMARK(gemm_layer)->Apply(layers);

// Products of networks with tokens: docs/performance.md says how near to the peak they come.
void cases(::benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "depth", "columns"});
  benchmark->Args({128, 768, 768})->Args({128, 384, 1536})->Args({128, 1536, 384})->Args({128, 384, 1152});
  benchmark->Args({512, 512, 512})->Args({64, 784, 512})->Args({16, 256, 256})->Args({16, 128, 512});
  benchmark->Args({128, 64, 128})->Args({128, 128, 64})->Args({4096, 64, 64})->Args({49, 32, 49});
}
BENCHMARK(gemm_layer)->Name("gemm_case")->Apply(cases);

void bf16_layers(::benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "depth", "columns"});
  benchmark->Args({128, 768, 768});
  network(benchmark, 1, {1024, 4096, 4096, 1000});
  network(benchmark, 256, {1024, 4096, 4096, 1000});
}
BENCHMARK(gemm_layer_bf16)->Apply(bf16_layers);

void tile_layers(::benchmark::internal::Benchmark* benchmark) {
  bf16_layers(benchmark);
  network(benchmark, 1, {512, 1024, 1024, 256});
  network(benchmark, 64, {512, 1024, 1024, 256});
}
BENCHMARK(gemm_layer_tiles)->Apply(tile_layers);

// Arguments: depth, columns, whether B is stored transposed. Bytes are those read and those written.
void gemm_pack(::benchmark::State& state) {
  const auto k = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const bool transposed = state.range(2) != 0;
  const std::vector<float> b = values(k * n);
  std::vector<float> packed(linnet::kernels::packed_b_bytes(k, n) / sizeof(float));
  for (auto _ : state) {
    linnet::kernels::pack_b(b.data(), transposed ? 1 : n, transposed ? k : 1, k, n, 1.0f, packed.data());
    ::benchmark::ClobberMemory();
  }
  const double bytes =
      static_cast<double>((k * n + packed.size()) * sizeof(float)) * static_cast<double>(state.iterations());
  state.counters["GB/s"] = Counter(bytes / 1e9, Counter::kIsRate);
}
BENCHMARK(gemm_pack)->ArgNames({"depth", "columns", "transposed"})->ArgsProduct({{256, 1024, 4096}, {1024}, {0, 1}});

// A product whose B only a run knows: packed first, and with B where it lies. Bytes are those of B.
void gemm_of_unpacked(::benchmark::State& state) {
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const auto n = static_cast<std::size_t>(state.range(2));
  const bool in_place = state.range(3) != 0;
  const std::vector<float> a = values(m * k);
  const std::vector<float> b = values(k * n);
  const std::shared_ptr<std::byte> memory = linnet::internal::allocate_aligned(
      linnet::kernels::packed_b_bytes(k, std::min(n, linnet::kernels::kPanelColumns)));
  auto* packed = reinterpret_cast<float*>(memory.get());
  std::vector<float> c(m * n);
  for (auto _ : state) {
    if (in_place) {
      linnet::kernels::gemm_in_place(m, k, a.data(), k, b.data(), n, {}, c.data(), n, 0, n);
    } else {
      for (std::size_t column = 0; column < n; column += linnet::kernels::kPanelColumns) {
        const std::size_t columns = std::min(linnet::kernels::kPanelColumns, n - column);
        linnet::kernels::pack_b(b.data() + column, n, 1, k, columns, 1.0f, packed);
        linnet::kernels::gemm(m, columns, k, a.data(), k, packed, {}, c.data() + column, n, 0, 1);
      }
    }
    ::benchmark::ClobberMemory();
  }
  count_work(state, 2.0 * static_cast<double>(m * n * k), k * n * sizeof(float),
             linnet::benchmark::multiply_add_peak());
}
BENCHMARK(gemm_of_unpacked)
    ->ArgNames({"rows", "depth", "columns", "in_place"})
    ->ArgsProduct({{1, 2, 4, 6}, {64}, {512}, {0, 1}})
    ->ArgsProduct({{1, 2, 4, 6}, {1024}, {1024}, {0, 1}})
    ->ArgsProduct({{1, 4}, {768}, {3072}, {0, 1}})
    ->ArgsProduct({{1, 4, 6}, {4096}, {4096}, {0, 1}});

}  // namespace
