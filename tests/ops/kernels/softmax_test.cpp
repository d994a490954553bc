#include "ops/kernels/softmax.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/kernels/numbers.hpp"

namespace linnet::kernels {
namespace {

using test::Guarded;
using test::kInfinity;
using test::kLargest;
using test::kNan;
using test::on_every_isa;
using test::random_floats;
using test::same;
using test::ulp_distance;

constexpr std::int64_t kBound = 4;

using Rows = void (*)(const float*, float*, std::size_t, std::size_t);

// In long double, with the terms beside one maximum summed apart.
struct Reference {
  std::vector<float> softmax, log_softmax;

  explicit Reference(const std::vector<float>& x) {
    const std::size_t first = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
    const long double m = x[first];
    long double others = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i != first) others += std::exp(x[i] - m);
    }
    for (const float value : x) {
      softmax.push_back(static_cast<float>(std::exp(value - m) / (1 + others)));
      log_softmax.push_back(static_cast<float>((value - m) - std::log1p(others)));
    }
  }
};

void expect_close(const std::vector<float>& y, const std::vector<float>& expected, const std::string& what) {
  ASSERT_EQ(y.size(), expected.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    ASSERT_LE(ulp_distance(y[i], expected[i]), kBound)
        << what << " [" << i << "] is " << y[i] << ", not " << expected[i];
  }
}

std::vector<float> softmax_of(const std::vector<float>& x) {
  std::vector<float> y(x.size());
  softmax(x.data(), y.data(), 1, x.size());
  return y;
}

std::vector<float> log_softmax_of(const std::vector<float>& x) {
  std::vector<float> y(x.size());
  log_softmax(x.data(), y.data(), 1, x.size());
  return y;
}

struct Row {
  std::string name;
  std::vector<float> x;
};

std::vector<float> joined(std::vector<float> first, const std::vector<float>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<Row> rows() {
  std::vector<Row> result = {
      {"one", {3.5f}},
      {"equal", {2.0f, 2.0f, 2.0f}},
      {"far apart", {0.0f, -90.0f, -100.0f, -104.0f, -1000.0f}},
      {"one dominates by little more than float's precision", {20.0f, 0.25f, 1.125f}},
      {"one dominates down to denormals", joined({100.0f}, std::vector<float>(300, 12.2f))},
      {"one dominates by less than 2^10", {7.0f, 0.1f}},
      {"one dominates by more than 2^10", {7.0f, 0.05f}},
      {"one dominates a thousand by about 2^10", joined({14.0f}, random_floats(1000, 0.1f, 0.1f, 70))},
      // Each alike loses the same in a sum of floats.
      {"one dominates many that are equal", joined({0.0f}, std::vector<float>(4095, -14.8237f))},
      {"one dominates many that are equal, away from 0", joined({0.3467f}, std::vector<float>(4095, -14.2151f))},
      {"one dominates very many that are equal", joined({0.0f}, std::vector<float>(1000000, -19.0f))},
      {"equal to what all others come to", joined({0.0f}, std::vector<float>(32767, -10.3972f))},
      {"a part of what one dominates", joined(std::vector<float>(5000, -11.3f), {4.0f})},
      {"many terms that are zeros in float", joined({0.0f}, std::vector<float>(100000, -108.0f))},
      {"signs differ", {1.0000001f, -3.3e-5f, -0.99999994f, 0.5f, 1e-30f}},
      {"differences that do not fit a float", {-12345.678f, -12345.0f, 1e-5f - 12345.0f, -12340.5f}},
      {"large", {1e30f, 1e30f, 0.99999994e30f, -1e30f}},
      {"the whole range", {kLargest, -kLargest, 0.0f, kLargest}},
      {"largest and zero", {-kLargest, 0.0f, 1.0f}},
      {"denormals", {1e-45f, -1e-40f, 0.0f, 3e-39f}},
  };
  for (std::size_t size = 1; size <= 70; ++size) {
    result.push_back(
        {"normal, size " + std::to_string(size), random_floats(size, 3.0f, 5.0f, static_cast<unsigned>(size))});
  }
  // Where terms begin to be measured by the maximum, on both sides.
  for (const float maximum : {-1e4f, -400.0f, -220.1f, -219.9f, -90.0f, 140.0f, 253.0f, 259.9f, 260.1f, 400.0f, 1e4f}) {
    std::vector<float> x = random_floats(77, maximum - 60.0f, 30.0f, 74);
    for (float& value : x) value = std::min(value, maximum);
    result.push_back({"the maximum is " + std::to_string(maximum), joined(std::move(x), {maximum, maximum - 103.3f})});
  }
  result.push_back({"ImageNet", random_floats(1000, -1.0f, 5.0f, 71)});
  result.push_back({"wide", random_floats(4099, 10.0f, 40.0f, 72)});
  result.push_back({"a million", random_floats(1000003, 0.0f, 3.0f, 73)});
  return result;
}

TEST(Softmax, WithinFourUlpOfTheTrueValue) {
  for (const Row& row : rows()) {
    const Reference expected(row.x);
    on_every_isa([&] { expect_close(softmax_of(row.x), expected.softmax, row.name); });
  }
}

TEST(LogSoftmax, WithinFourUlpOfTheTrueValue) {
  for (const Row& row : rows()) {
    const Reference expected(row.x);
    on_every_isa([&] { expect_close(log_softmax_of(row.x), expected.log_softmax, row.name); });
  }
}

using PaddedRows = void (*)(const float*, std::size_t, float*, std::size_t, std::size_t, std::size_t);

// NaN in the padding would spread over its row if it counted.
TEST(Softmax, PaddingCountsForNothing) {
  on_every_isa([] {
    for (const auto& [dense, padded] : {std::pair<Rows, PaddedRows>{softmax, softmax_padded},
                                        std::pair<Rows, PaddedRows>{log_softmax, log_softmax_padded}}) {
      for (std::size_t columns = 1; columns <= 40; ++columns) {
        constexpr std::size_t kRows = 3;
        const std::vector<float> x = random_floats(kRows * columns, 0.0f, 4.0f, 9);
        std::vector<float> expected(x.size());
        dense(x.data(), expected.data(), kRows, columns);
        for (const std::size_t stride : {columns + 1, (columns + 15) / 16 * 16, columns + 64}) {
          std::vector<float> from(kRows * stride, kNan);
          for (std::size_t i = 0; i < x.size(); ++i) from[i / columns * stride + i % columns] = x[i];
          Guarded to(x.size());
          padded(from.data(), stride, to.data(), columns, kRows, columns);
          ASSERT_TRUE(to.intact()) << columns << ' ' << stride;
          ASSERT_EQ(to.values(), expected) << columns << ' ' << stride;
          // In place, the padding stays as it is.
          padded(from.data(), stride, from.data(), stride, kRows, columns);
          for (std::size_t i = 0; i < from.size(); ++i) {
            const bool is_padding = i % stride >= columns;
            ASSERT_EQ(std::isnan(from[i]), is_padding) << columns << ' ' << stride << ' ' << i;
            if (!is_padding) {
              ASSERT_EQ(from[i], expected[i / stride * columns + i % stride]) << columns << ' ' << stride << ' ' << i;
            }
          }
        }
      }
    }
  });
}

struct SpecialRow {
  const char* name;
  std::vector<float> x, softmax, log_softmax;
};

const SpecialRow kSpecialRows[] = {
    {"-inf counts nothing", {0.0f, -kInfinity, 0.0f}, {0.5f, 0.0f, 0.5f}, {-0.693147182f, -kInfinity, -0.693147182f}},
    {"only -inf", {-kInfinity, -kInfinity}, {kNan, kNan}, {kNan, kNan}},
    {"+inf", {1.0f, kInfinity, -kInfinity}, {kNan, kNan, kNan}, {kNan, kNan, kNan}},
    {"NaN first", {kNan, 1.0f, 7.0f}, {kNan, kNan, kNan}, {kNan, kNan, kNan}},
    {"NaN last", {7.0f, 1.0f, kNan}, {kNan, kNan, kNan}, {kNan, kNan, kNan}},
    {"one -inf", {-kInfinity}, {kNan}, {kNan}},
};

TEST(Softmax, SpecialRows) {
  on_every_isa([] {
    for (const SpecialRow& row : kSpecialRows) {
      // Padded with -inf, which counts nothing, to lengths that take other paths.
      for (const std::size_t padding : {0u, 1u, 13u, 40u}) {
        const std::vector<float> x = joined(row.x, std::vector<float>(padding, -kInfinity));
        const std::vector<float> y = softmax_of(x), log_y = log_softmax_of(x);
        for (std::size_t i = 0; i < row.x.size(); ++i) {
          EXPECT_TRUE(same(y[i], row.softmax[i])) << row.name << ' ' << padding << ' ' << i;
          EXPECT_TRUE(same(log_y[i], row.log_softmax[i])) << row.name << ' ' << padding << ' ' << i;
        }
      }
    }
  });
}

TEST(Softmax, RowsDoNotInfluenceEachOther) {
  on_every_isa([] {
    for (const Rows kernel : {Rows{softmax}, Rows{log_softmax}}) {
      for (std::size_t columns = 1; columns <= 70; ++columns) {
        constexpr std::size_t kRows = 3;
        const std::vector<float> x = random_floats(kRows * columns, 0.0f, 4.0f, 9);
        Guarded from(x), to(x.size()), in_place(x);
        kernel(from.data(), to.data(), kRows, columns);
        kernel(in_place.data(), in_place.data(), kRows, columns);
        ASSERT_TRUE(to.intact() && in_place.intact()) << columns;
        ASSERT_EQ(to.values(), in_place.values()) << columns;
        for (std::size_t row = 0; row < kRows; ++row) {
          std::vector<float> alone(columns);
          kernel(&x[row * columns], alone.data(), 1, columns);
          for (std::size_t i = 0; i < columns; ++i)
            ASSERT_EQ(to.values()[row * columns + i], alone[i]) << columns << ' ' << i;
        }
      }
    }
  });
}

void check_strided(std::size_t axis_length, std::size_t inner) {
  std::vector<float> x = random_floats(axis_length * inner, -2.0f, 6.0f, 11);
  if (inner > 2) x[inner + 2] = 500.0f;  // one column with a dominant element
  Guarded y(x), log_y(x.size());
  Guarded log_in_place(x);
  softmax_strided(y.data(), y.data(), axis_length, inner);
  log_softmax_strided(x.data(), log_y.data(), axis_length, inner);
  log_softmax_strided(log_in_place.data(), log_in_place.data(), axis_length, inner);
  ASSERT_TRUE(y.intact() && log_y.intact() && log_in_place.intact()) << inner;
  ASSERT_EQ(log_in_place.values(), log_y.values()) << inner;
  for (std::size_t column = 0; column < inner; ++column) {
    std::vector<float> one, got, log_got;
    for (std::size_t k = 0; k < axis_length; ++k) {
      one.push_back(x[k * inner + column]);
      got.push_back(y.values()[k * inner + column]);
      log_got.push_back(log_y.values()[k * inner + column]);
    }
    const Reference expected(one);
    expect_close(got, expected.softmax, "strided softmax");
    expect_close(log_got, expected.log_softmax, "strided log softmax");
  }
}

TEST(Softmax, Strided) {
  on_every_isa([] {
    for (std::size_t inner = 1; inner <= 40; ++inner) check_strided(7, inner);
    check_strided(3, 70);
    check_strided(1000, 5);
    check_strided(5, 300);  // columns that are brought side by side, in several groups
    check_strided(200, 45);
    check_strided(300, 20);
  });
}

using Strided = void (*)(const float*, float*, std::size_t, std::size_t);
using Columns = void (*)(const float*, float*, std::size_t, std::size_t, std::size_t);

void check_columns(Strided whole_kernel, Columns part_kernel) {
  constexpr std::size_t kAxis = 3, kInner = 45;
  const std::vector<float> x = random_floats(kAxis * kInner, 0.0f, 3.0f, 12);
  std::vector<float> whole(x.size());
  whole_kernel(x.data(), whole.data(), kAxis, kInner);
  for (std::size_t columns = 0; columns <= kInner; ++columns) {
    std::vector<float> part(x.size(), -1.0f);
    part_kernel(x.data(), part.data(), kAxis, kInner, columns);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(part[i], i % kInner < columns ? whole[i] : -1.0f) << columns;
  }
}

TEST(Softmax, SomeColumnsLeaveTheOthersAlone) {
  on_every_isa([] {
    check_columns(softmax_strided, softmax_columns);
    check_columns(log_softmax_strided, log_softmax_columns);
  });
}

TEST(Softmax, StridedSpecialColumns) {
  on_every_isa([] {
    for (const SpecialRow& row : kSpecialRows) {
      constexpr std::size_t kInner = 19;
      std::vector<float> x(row.x.size() * kInner, 1.0f);
      for (std::size_t k = 0; k < row.x.size(); ++k) x[k * kInner + 17] = row.x[k];
      std::vector<float> y(x.size()), log_y(x.size());
      softmax_strided(x.data(), y.data(), row.x.size(), kInner);
      log_softmax_strided(x.data(), log_y.data(), row.x.size(), kInner);
      for (std::size_t k = 0; k < row.x.size(); ++k) {
        EXPECT_TRUE(same(y[k * kInner + 17], row.softmax[k])) << row.name << ' ' << k;
        EXPECT_TRUE(same(log_y[k * kInner + 17], row.log_softmax[k])) << row.name << ' ' << k;
        EXPECT_FALSE(std::isnan(y[k * kInner + 16])) << row.name;
      }
    }
  });
}

TEST(Softmax, NothingToDo) {
  on_every_isa([] {
    Guarded nothing(std::size_t{0});
    softmax(nothing.data(), nothing.data(), 3, 0);
    log_softmax(nothing.data(), nothing.data(), 0, 3);
    softmax_strided(nothing.data(), nothing.data(), 0, 5);
    log_softmax_strided(nothing.data(), nothing.data(), 5, 0);
    EXPECT_TRUE(nothing.intact());
  });
}

}  // namespace
}  // namespace linnet::kernels
