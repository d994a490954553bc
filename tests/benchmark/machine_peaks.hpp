// What this machine can do at most, measured in this process, to compare kernels with.
#ifndef LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_
#define LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_

#include <cstddef>

namespace linnet::benchmark {

// Everything here is the best of many rounds, each timed from the start of the first thread to the end of the last.

// Operations per second of a loop of independent multiply-adds on registers (two operations each), on the instruction
// set that the kernels run on, all threads together. Measured at the first call for so many threads.
double multiply_add_peak(int threads = 1);

// The same of products of bfloat16 numbers added to float32 sums, measured at every call: in tiles where there are any,
// 0 where kernels have no instructions for them (has_bfloat16_instructions).
double bf16_multiply_add_peak(int threads = 1);

// Bytes per second of a loop that adds up `bytes` bytes again and again, so that they come from the cache they fit in.
// Threads share the bytes among them.
double read_peak(std::size_t bytes, int threads = 1);

// Copies floats with the loads and stores of the instruction set that the kernels run on. Requires: no overlap.
void copy_floats(const float* from, float* to, std::size_t count);

// The same with stores past the caches.
void copy_past_caches(const float* from, float* to, std::size_t count);

}  // namespace linnet::benchmark

#endif  // LINNET_TESTS_BENCHMARK_MACHINE_PEAKS_HPP_
