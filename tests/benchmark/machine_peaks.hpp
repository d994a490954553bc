// What this core can do at most, measured in this process, to compare kernels with.
#ifndef LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_
#define LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_

#include <cstddef>

namespace linnet::benchmark {

// Operations per second of a loop of independent multiply-adds on registers (two operations each), on the instruction
// set that the kernels run on. Measured at the first call.
double multiply_add_peak();

// Bytes per second of a loop that adds up `bytes` bytes again and again, so that they come from the cache they fit in.
double read_peak(std::size_t bytes);

}  // namespace linnet::benchmark

#endif  // LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_
