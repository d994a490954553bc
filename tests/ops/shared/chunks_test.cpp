// Loops in chunks, and results written past the caches.
#include "ops/shared/chunks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

struct OutputCase {
  const char* name;
  std::size_t count;
  std::size_t chunk;
  std::size_t place;  ///< elements before the result
};

TEST(OutputChunks, EachElementIsWrittenOnceStreamedOrNot) {
  const OutputCase cases[] = {
      {"nothing", 0, 16, 0},
      {"one element", 1, 16, 3},
      {"pieces of chunks", 10000, 4999, 0},
      {"whole chunks and pieces", 4 * 16384, 16384, 0},
      {"from the middle of a vector", 3 * 16384 + 5, 16384, 7},
  };
  ThreadPool pool(2);
  for (const OutputCase& c : cases) {
    for (const bool streamed : {false, true}) {
      for (const int threads : {1, 2}) {
        SCOPED_TRACE(testing::Message() << c.name << (streamed ? ", streamed, " : ", ") << threads << " threads");
        RunControl control(&pool, threads);
        std::vector<float> result(c.place + c.count + 16, -1.0F);
        std::vector<float> expected = result;
        for (std::size_t i = 0; i < c.count; ++i) expected[c.place + i] = static_cast<float>(i);
        for_output_chunks(control, c.count, c.chunk, 1000.0, {result.data() + c.place, streamed},
                          [&](std::size_t first, std::size_t size, float* to) {
                            for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<float>(first + i);
                          });
        EXPECT_EQ(result, expected);

        std::fill(result.begin(), result.end(), -1.0F);
        for_stored_chunks(control, c.count, c.chunk, 1000.0, streamed,
                          [&](std::size_t first, std::size_t size, kernels::Stores stores) {
                            EXPECT_EQ(stores == kernels::Stores::kStreamed, streamed);
                            for (std::size_t i = first; i < first + size; ++i) {
                              result[c.place + i] = static_cast<float>(i);
                            }
                          });
        EXPECT_EQ(result, expected);
      }
    }
  }
}

}  // namespace
}  // namespace linnet::internal
