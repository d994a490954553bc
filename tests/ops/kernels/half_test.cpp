#include "ops/kernels/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "runtime/float16.hpp"
#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::bits_of;
using test::float_of;
using test::on_every_isa;

std::uint16_t rounded(HalfType type, float value) {
  return type == HalfType::kFloat16 ? ::linnet::internal::float16_bits(value)
                                    : ::linnet::internal::bfloat16_bits(value);
}

float value_of(HalfType type, std::uint16_t bits) {
  if (type == HalfType::kFloat16) return ::linnet::internal::float16_value(bits);
  return float_of(static_cast<std::uint32_t>(bits) << 16);
}

constexpr HalfType kTypes[] = {HalfType::kFloat16, HalfType::kBfloat16};

TEST(Half, WidensEveryElementExactly) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  for (const HalfType type : kTypes) {
    on_every_isa([&] {
      std::vector<float> floats(halves.size());
      widen(type, halves.data(), halves.size(), floats.data());
      for (std::size_t i = 0; i < halves.size(); ++i) {
        const float expected = value_of(type, halves[i]);
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(floats[i])) << i;
        } else {
          ASSERT_EQ(bits_of(floats[i]), bits_of(expected)) << i;
        }
      }
    });
  }
}

TEST(Half, RoundsToNearestEven) {
  // Every 4093rd float, and all around each boundary between two neighbouring float16 and bfloat16.
  std::vector<float> floats;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4093) {
    floats.push_back(float_of(static_cast<std::uint32_t>(bits)));
  }
  for (std::uint32_t half = 0; half < 65536; ++half) {
    for (const std::uint32_t middle :
         {bits_of(value_of(HalfType::kFloat16, static_cast<std::uint16_t>(half))) + 0x1000u, (half << 16) + 0x8000u}) {
      for (const std::uint32_t near : {middle - 1, middle, middle + 1}) floats.push_back(float_of(near));
    }
  }
  for (const HalfType type : kTypes) {
    on_every_isa([&] {
      std::vector<std::uint16_t> halves(floats.size());
      narrow(type, floats.data(), floats.size(), halves.data());
      for (std::size_t i = 0; i < floats.size(); ++i) {
        if (std::isnan(floats[i])) {
          ASSERT_TRUE(std::isnan(value_of(type, halves[i]))) << bits_of(floats[i]);
        } else {
          ASSERT_EQ(halves[i], rounded(type, floats[i])) << floats[i];
        }
      }
    });
  }
}

TEST(Half, EveryLengthAtAnyAddressAndNothingBehindIt) {
  for (const HalfType type : kTypes) {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<std::uint16_t> halves(count);
      for (std::size_t i = 0; i < count; ++i) halves[i] = rounded(type, static_cast<float>(i) - 7.5F);
      std::vector<unsigned char> bytes(2 * count + 3, 0xAB);
      if (count != 0) std::memcpy(bytes.data() + 1, halves.data(), 2 * count);
      on_every_isa([&] {
        test::Guarded floats(count);
        widen(type, bytes.data() + 1, count, floats.data());
        EXPECT_TRUE(floats.intact());
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(floats.data()[i], static_cast<float>(i) - 7.5F);
        std::vector<unsigned char> back(2 * count + 3, 0xAB);
        narrow(type, floats.data(), count, back.data() + 1);
        EXPECT_EQ(back, bytes) << count;
      });
    }
  }
}

float joined(BinaryKind kind, float a, float b) {
  float y = 0;
  binary(kind, &a, false, &b, false, &y, 1);
  return y;
}

// Operands of every kind of number, at any address; into a third array and over either operand.
TEST(BinaryHalves, RoundsTheResultOfFloats) {
  constexpr std::size_t kMost = 80;
  std::mt19937 generator(1);
  std::uniform_int_distribution<std::uint32_t> any(0, 65535);
  for (const HalfType type : kTypes) {
    for (const BinaryKind kind : {BinaryKind::kAdd, BinaryKind::kSub, BinaryKind::kMul, BinaryKind::kDiv}) {
      for (std::size_t count = 0; count < kMost; ++count) {
        std::vector<std::uint16_t> a(count), b(count), expected(count);
        for (std::size_t i = 0; i < count; ++i) {
          a[i] = static_cast<std::uint16_t>(any(generator));
          b[i] = static_cast<std::uint16_t>(any(generator));
          expected[i] = rounded(type, joined(kind, value_of(type, a[i]), value_of(type, b[i])));
        }
        const auto bytes_of = [](const std::vector<std::uint16_t>& halves) {
          std::vector<unsigned char> bytes(2 * halves.size() + 3, 0xAB);
          if (!halves.empty()) std::memcpy(bytes.data() + 1, halves.data(), 2 * halves.size());
          return bytes;
        };
        on_every_isa([&] {
          for (const int place : {0, 1, 2}) {
            std::vector<unsigned char> x = bytes_of(a), z = bytes_of(b), other(x.size(), 0xAB);
            std::vector<unsigned char>& y = place == 0 ? other : place == 1 ? x : z;
            binary_halves(type, kind, x.data() + 1, z.data() + 1, count, y.data() + 1);
            EXPECT_EQ(y[0], 0xAB);
            EXPECT_EQ(y[2 * count + 1], 0xAB);
            for (std::size_t i = 0; i < count; ++i) {
              std::uint16_t half = 0;
              std::memcpy(&half, y.data() + 1 + 2 * i, sizeof half);
              const bool both_nan = std::isnan(value_of(type, half)) && std::isnan(value_of(type, expected[i]));
              ASSERT_TRUE(half == expected[i] || both_nan)
                  << static_cast<int>(kind) << ": " << value_of(type, a[i]) << ", " << value_of(type, b[i]);
            }
          }
        });
      }
    }
  }
}

}  // namespace
}  // namespace linnet::kernels
