#include "ops/kernels/stream.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "ops/kernels/activation.hpp"
#include "ops/kernels/elementwise.hpp"
#include "ops/kernels/unary.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::on_every_isa;

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

struct StreamedCase {
  const char* name;
  std::function<void(const float* a, const float* b, float* y, std::size_t count, Stores stores)> run;
};

std::vector<StreamedCase> streamed_cases() {
  std::vector<StreamedCase> cases;
  for (const auto& [name, kind] : {std::pair{"Relu", ActivationKind::kRelu},
                                   {"LeakyRelu", ActivationKind::kLeakyRelu},
                                   {"HardSigmoid", ActivationKind::kHardSigmoid},
                                   {"Clip", ActivationKind::kClip},
                                   {"Sigmoid", ActivationKind::kSigmoid},
                                   {"Tanh", ActivationKind::kTanh},
                                   {"Gelu", ActivationKind::kGelu}}) {
    cases.push_back({name, [kind = kind](const float* a, const float*, float* y, std::size_t count, Stores stores) {
                       apply_activation({kind, 0.25F, 0.5F}, a, y, count, stores);
                     }});
  }
  for (const auto& [name, kind] : {std::pair{"Neg", UnaryKind::kNeg},
                                   {"Sqrt", UnaryKind::kSqrt},
                                   {"Sign", UnaryKind::kSign},
                                   {"Log", UnaryKind::kLog}}) {
    cases.push_back({name, [kind = kind](const float* a, const float*, float* y, std::size_t count, Stores stores) {
                       unary(kind, a, y, count, stores);
                     }});
  }
  for (const auto& [name, kind] :
       {std::pair{"Add", BinaryKind::kAdd}, {"Div", BinaryKind::kDiv}, {"Max", BinaryKind::kMax}}) {
    for (const auto& [a_repeats, b_repeats] : {std::pair{false, false}, {true, false}, {false, true}, {true, true}}) {
      cases.push_back({name, [kind = kind, a_repeats = a_repeats, b_repeats = b_repeats](
                                 const float* a, const float* b, float* y, std::size_t count, Stores stores) {
                         binary(kind, a, a_repeats, b, b_repeats, y, count, stores);
                       }});
    }
  }
  return cases;
}

// Bit by bit what the kernel gives otherwise, and nothing beside it.
TEST(Stream, KernelsGiveTheSameWithEitherKindOfStores) {
  const std::vector<float> a = test::random_floats(120, 0.0F, 2.0F, 1);
  const std::vector<float> b = test::random_floats(120, 0.0F, 2.0F, 2);
  for (const StreamedCase& c : streamed_cases()) {
    SCOPED_TRACE(c.name);
    on_every_isa([&] {
      for (const std::size_t count : {0u, 1u, 3u, 15u, 16u, 17u, 33u, 64u, 79u, 100u}) {
        for (std::size_t place = 0; place < kMargin; place += 3) {
          std::vector<float> to(place + count + kMargin, -1.0F);
          std::vector<float> expected = to;
          c.run(a.data() + place % 5, b.data(), expected.data() + place, count, Stores::kCached);
          c.run(a.data() + place % 5, b.data(), to.data() + place, count, Stores::kStreamed);
          finish_streams();
          ASSERT_EQ(0, std::memcmp(to.data(), expected.data(), to.size() * sizeof(float))) << count << " at " << place;
        }
      }
    });
  }
}

}  // namespace
}  // namespace linnet::kernels
