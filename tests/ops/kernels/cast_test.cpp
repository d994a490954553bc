#include "ops/kernels/cast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::float_of;
using test::kInfinity;
using test::kLargest;
using test::kLeastDenormal;
using test::kNan;
using test::on_every_isa;

constexpr CastType kTypes[] = {CastType::kFloat32, CastType::kInt32, CastType::kInt64, CastType::kUint8,
                               CastType::kBool};

/// A byte that stands for a bool.
struct Truth {
  std::uint8_t byte;
};

/// Calls visitor(element) with a value of the type's C++ type.
template <class Visitor>
void visit(CastType type, const Visitor& visitor) {
  switch (type) {
    case CastType::kFloat32:
      return visitor(float());
    case CastType::kInt32:
      return visitor(std::int32_t());
    case CastType::kInt64:
      return visitor(std::int64_t());
    case CastType::kUint8:
      return visitor(std::uint8_t());
    case CastType::kBool:
      return visitor(Truth());
  }
}

/// The definition of a cast between any two of them.
template <class To, class From>
To definition(From value) {
  if constexpr (std::is_same_v<From, Truth>) {
    return definition<To>(std::uint8_t(value.byte != 0));
  } else if constexpr (std::is_same_v<To, Truth>) {
    return {std::uint8_t(value != 0)};
  } else if constexpr (std::is_same_v<From, float> && std::is_integral_v<To>) {
    const long double whole = std::trunc(static_cast<long double>(value));
    if (std::isnan(value)) return 0;
    if (whole < static_cast<long double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (whole > static_cast<long double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return static_cast<To>(whole);
  } else {
    return static_cast<To>(value);
  }
}

/// Around every power of two, and what each type has of its own.
template <class T>
std::vector<T> hostile_values() {
  std::vector<T> values;
  if constexpr (std::is_same_v<T, float>) {
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 40009)
      values.push_back(float_of(static_cast<std::uint32_t>(bits)));
    for (int power = -2; power <= 65; ++power) {
      for (const float sign : {1.0F, -1.0F}) {
        const float middle = sign * std::ldexp(1.0F, power);
        for (const float value : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, 2 * middle),
                                  middle + 0.5F, middle - 0.5F, middle - 1.0F})
          values.push_back(value);
      }
    }
    for (const float value : {0.0F, -0.0F, kNan, kInfinity, -kInfinity, kLargest, -kLargest, kLeastDenormal})
      values.push_back(value);
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    for (int value = 0; value < 256; ++value) values.push_back(static_cast<T>(value));
  } else if constexpr (std::is_same_v<T, Truth>) {
    for (int value = 0; value < 256; ++value) values.push_back({static_cast<std::uint8_t>(value)});
  } else {
    for (int power = 0; power < 8 * static_cast<int>(sizeof(T)); ++power) {
      for (int step = -3; step <= 3; ++step) {
        const std::uint64_t value = (std::uint64_t{1} << power) + static_cast<std::uint64_t>(step);
        // Ties of float32, and what lies a little above and below them.
        const std::uint64_t tie = power < 24 ? value : value + (std::uint64_t{1} << (power - 24));
        for (const std::uint64_t bits : {value, tie, std::uint64_t{0} - value, std::uint64_t{0} - tie})
          values.push_back(static_cast<T>(bits));
      }
    }
  }
  return values;
}

/// Alone and among others: a vector with one large element takes another way.
template <class T>
std::vector<std::vector<T>> arrays() {
  const std::vector<T> all = hostile_values<T>();
  std::vector<std::vector<T>> result = {all};
  for (std::size_t count = 0; count < 70; ++count) {
    const auto first = static_cast<std::ptrdiff_t>(count * 3 % (all.size() - 70));
    result.emplace_back(all.begin() + first, all.begin() + first + static_cast<std::ptrdiff_t>(count));
  }
  return result;
}

template <class From, class To>
void check(CastType from, CastType to) {
  for (const std::vector<From>& x : arrays<From>()) {
    constexpr std::size_t kMargin = 64;
    std::vector<unsigned char> expected(x.size() * sizeof(To) + kMargin, 0xAB);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const To value = definition<To>(x[i]);
      std::memcpy(expected.data() + i * sizeof(To), &value, sizeof value);
    }
    on_every_isa([&] {
      std::vector<std::uint64_t> y((expected.size() + 7) / 8, 0xABABABABABABABABu);
      cast(from, to, x.data(), x.size(), y.data());
      ASSERT_EQ(std::memcmp(y.data(), expected.data(), expected.size()), 0)
          << static_cast<int>(from) << " to " << static_cast<int>(to) << ", " << x.size() << " elements";
      if (sizeof(From) != sizeof(To)) return;
      std::vector<std::uint64_t> in_place((expected.size() + 7) / 8, 0xABABABABABABABABu);
      if (!x.empty()) std::memcpy(in_place.data(), x.data(), x.size() * sizeof(From));
      cast(from, to, in_place.data(), x.size(), in_place.data());
      ASSERT_EQ(in_place, y) << static_cast<int>(from) << " to " << static_cast<int>(to) << " in place";
    });
  }
}

TEST(CastKernel, DoesWhatTheDefinitionSays) {
  for (const CastType from : kTypes) {
    for (const CastType to : kTypes) {
      if (from == to) continue;
      visit(from, [&](auto x) { visit(to, [&](auto y) { check<decltype(x), decltype(y)>(from, to); }); });
    }
  }
}

}  // namespace
}  // namespace linnet::kernels
