#include "ops/kernels/stream.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using testing::on_every_isa;

constexpr std::size_t kMargin = 16;  // of the widest vector

// Every length, from and to every place within a vector: the elements and nothing else.
TEST(Stream, CopiesEveryLengthToEveryPlace) {
  std::vector<float> from(100);
  std::iota(from.begin(), from.end(), 1.0F);
  on_every_isa([&] {
    for (std::size_t count = 0; count <= 70; ++count) {
      for (std::size_t place = 0; place < kMargin; ++place) {
        std::vector<float> to(place + count + kMargin, -1.0F);
        std::vector<float> expected = to;
        stream(from.data() + place % 5, to.data() + place, count);
        finish_streams();
        for (std::size_t i = 0; i < count; ++i) expected[place + i] = from[place % 5 + i];
        ASSERT_EQ(to, expected) << count << " elements at " << place;
      }
    }
  });
}

}  // namespace
}  // namespace linnet::kernels
