// Prints what this machine can do at most, as JSON, to hold measured models against.
//
// usage: machine_peaks THREADS PRECISION BYTES
// prints {"multiply_add": OPERATIONS_PER_SECOND, "read": BYTES_PER_SECOND}: of multiply-adds in the arithmetic of
// PRECISION, f32 or bf16, and of reading BYTES bytes again and again, with THREADS threads at once
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/benchmark/machine_peaks.hpp"

int main(int argc, char** argv) {
  const int threads = argc == 4 ? std::atoi(argv[1]) : 0;
  const std::string_view precision = argc == 4 ? argv[2] : "";
  const std::size_t bytes = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (threads < 1 || bytes == 0 || (precision != "f32" && precision != "bf16")) {
    std::fprintf(stderr, "usage: machine_peaks THREADS f32|bf16 BYTES\n");
    return 2;
  }
  using linnet::benchmark::bf16_multiply_add_peak;
  using linnet::benchmark::multiply_add_peak;
  using linnet::benchmark::read_peak;
  const double operations = precision == "f32" ? multiply_add_peak(threads) : bf16_multiply_add_peak(threads);
  if (operations == 0.0) {
    std::fprintf(stderr, "machine_peaks: this CPU has no instructions that multiply bfloat16 numbers\n");
    return 1;
  }
  std::printf("{\"multiply_add\": %.6g, \"read\": %.6g}\n", operations, read_peak(bytes, threads));
}
