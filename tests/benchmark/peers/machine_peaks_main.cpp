// Prints what this machine can do at most, as JSON, to hold measured models against.
//
// usage: machine_peaks THREADS BYTES...
// prints {"threads": N, "multiply_add": OPERATIONS_PER_SECOND, "read": {"BYTES": BYTES_PER_SECOND, ...},
//         "copy": {"BYTES": BYTES_PER_SECOND, ...}}, with THREADS threads at once
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "tests/benchmark/machine_peaks.hpp"

int main(int argc, char** argv) {
  const int threads = argc < 2 ? 0 : std::atoi(argv[1]);
  if (threads < 1) {
    std::fprintf(stderr, "usage: machine_peaks THREADS BYTES...\n");
    return 2;
  }
  std::printf("{\"threads\": %d, \"multiply_add\": %.6g", threads, linnet::benchmark::multiply_add_peak(threads));
  for (const bool copy : {false, true}) {
    std::printf(", \"%s\": {", copy ? "copy" : "read");
    for (int i = 2; i < argc; ++i) {
      const auto bytes = static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10));
      const double rate =
          copy ? linnet::benchmark::copy_peak(bytes, threads) : linnet::benchmark::read_peak(bytes, threads);
      std::printf("%s\"%zu\": %.6g", i == 2 ? "" : ", ", bytes, rate);
    }
    std::printf("}");
  }
  std::printf("}\n");
}
