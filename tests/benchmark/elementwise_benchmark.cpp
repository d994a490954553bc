// Arithmetic on pairs of arrays, with a scalar, (x - mean) * scale + bias, and the copy that all kernels are held
// against, on arrays that L1, L2 and no cache hold, one thread. Name: kind/elements. side_by_side.hpp explains the
// counters.
#include "ops/kernels/elementwise.hpp"

#include <cstring>
#include <string>

#include "ops/kernels/shift_scale.hpp"
#include "tests/benchmark/side_by_side.hpp"

namespace {

using linnet::benchmark::Beside;
using linnet::benchmark::Floats;
using linnet::benchmark::run_beside;
using linnet::kernels::BinaryKind;

constexpr std::size_t kCounts[] = {2048, 65536, std::size_t{1} << 24};

double bytes_of(int arrays, std::size_t count) {
  return static_cast<double>(arrays) * static_cast<double>(count) * sizeof(float);
}

void measure_binary(::benchmark::State& state, BinaryKind kind, bool scalar, std::size_t count) {
  const Floats a(count);
  Floats b(scalar ? 1 : count);
  for (std::size_t i = 0; i < b.size(); ++i) b.data()[i] += b.data()[i] < 0.0F ? -1.0F : 1.0F;  // no division by 0
  Floats y(count);
  const auto kernel = [&] { linnet::kernels::binary(kind, a.data(), false, b.data(), scalar, y.data(), count); };
  run_beside(state, kernel, {bytes_of(scalar ? 2 : 3, count), static_cast<double>(count)});
}

void measure_shift_scale(::benchmark::State& state, bool each, std::size_t count) {
  const Floats x(count);
  const Floats lists(each ? 3 * count : 3);
  Floats y(count);
  const std::function<void()> one = [&] {
    linnet::kernels::shift_scale(x.data(), lists.data()[0], lists.data()[1], lists.data()[2], y.data(), count);
  };
  const std::function<void()> many = [&] {
    linnet::kernels::shift_scale_each(x.data(), lists.data(), lists.data() + count, lists.data() + 2 * count, y.data(),
                                      count);
  };
  run_beside(state, each ? many : one, {bytes_of(each ? 5 : 2, count), 3.0 * static_cast<double>(count)});
}

void measure_memcpy(::benchmark::State& state, std::size_t count) {
  const Floats x(count);
  Floats y(count);
  run_beside(state, [&] { std::memcpy(y.data(), x.data(), count * sizeof(float)); }, {bytes_of(2, count), 0.0});
}

struct Binary {
  const char* name;
  BinaryKind kind;
};
constexpr Binary kBinaries[] = {{"add", BinaryKind::kAdd}, {"sub", BinaryKind::kSub}, {"mul", BinaryKind::kMul},
                                {"div", BinaryKind::kDiv}, {"min", BinaryKind::kMin}, {"max", BinaryKind::kMax}};

template <typename Measure>
void add(const std::string& name, std::size_t count, const Measure& measure) {
  ::benchmark::RegisterBenchmark((name + "/" + std::to_string(count)).c_str(), measure);
}

const int registered = [] {
  using ::benchmark::State;
  for (const std::size_t count : kCounts) {
    for (const Binary& binary : kBinaries) {
      const BinaryKind kind = binary.kind;
      add(binary.name, count, [=](State& state) { measure_binary(state, kind, false, count); });
      add(std::string(binary.name) + "_scalar", count, [=](State& state) { measure_binary(state, kind, true, count); });
    }
    add("shift_scale", count, [=](State& state) { measure_shift_scale(state, false, count); });
    add("shift_scale_each", count, [=](State& state) { measure_shift_scale(state, true, count); });
    add("memcpy", count, [=](State& state) { measure_memcpy(state, count); });
  }
  return 0;
}();

}  // namespace
