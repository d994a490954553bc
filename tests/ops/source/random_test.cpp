#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "ops/source/random_numbers.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

// Philox-4x32-10 of key 0 and counter 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8, says the paper's own test.
constexpr double kFirst = 0x1.c2d38b1acc4fdp-1;
constexpr double kSecond = 0x1.3601b7b178af5p-1;
const double kRadius = std::sqrt(-2 * std::log(1 - kFirst));
const double kAngle = 2 * std::acos(-1.0) * kSecond;

TEST(RandomNumbers, AreThoseOfPhilox) {
  OpTest("RandomUniform", 22)
      .attribute("seed", 0.0F)
      .attribute("dtype", std::int64_t{11})
      .ints("shape", {1, 2})
      .expect<double>({1, 2}, {kFirst, kSecond})
      .run();
  OpTest("RandomUniform", 1)
      .attribute("seed", 0.0F)
      .attribute("low", -4.0F)
      .attribute("high", 8.0F)
      .ints("shape", {2})
      .expect<float>({2}, {static_cast<float>(12 * kFirst - 4), static_cast<float>(12 * kSecond - 4)})
      .tolerance(ulp(1))
      .run();
  OpTest("RandomNormal", 22)
      .attribute("seed", 0.0F)
      .attribute("dtype", std::int64_t{11})
      .attribute("mean", 3.0F)
      .attribute("scale", 2.0F)
      .ints("shape", {2})
      .expect<double>({2}, {3 + 2 * kRadius * std::cos(kAngle), 3 + 2 * kRadius * std::sin(kAngle)})
      .tolerance(close(1e-14, 0))
      .run();
}

/// The largest distance between the share of numbers below a bound and `below(bound)`, for random bounds.
double distance(std::vector<double> numbers, const std::function<double(double)>& below) {
  std::sort(numbers.begin(), numbers.end());
  double largest = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(numbers.size());
    largest = std::max(largest, std::abs(share - below(numbers[i])));
  }
  return largest;
}

TEST(RandomNumbers, AreSpreadAsTheyShould) {
  constexpr std::size_t kCount = 100000;
  constexpr double kLikely = 1.95 / 316.2;  // Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed once in 1000
  for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    std::vector<double> numbers(kCount);
    random_uniforms(key, 0, kCount, numbers.data());
    EXPECT_LT(distance(numbers, [](double x) { return x; }), kLikely) << key;
    random_normals(key, 0, kCount, numbers.data());
    EXPECT_LT(distance(numbers, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }), kLikely) << key;
  }
}

TEST(RandomNumbers, DependOnKeyAndPositionAlone) {
  double whole[100], part[10];
  for (auto* draw : {random_uniforms, random_normals}) {
    draw(5, 0, 100, whole);
    draw(5, 30, 9, part);
    EXPECT_TRUE(std::equal(part, part + 9, whole + 30));
    draw(6, 30, 9, part);
    EXPECT_FALSE(std::equal(part, part + 9, whole + 30));
  }
  const RandomKeys seeded(7), one(std::nullopt), other(std::nullopt);
  EXPECT_EQ(seeded.next(), seeded.next());
  EXPECT_NE(one.next(), one.next());
  EXPECT_NE(one.next(), other.next());
}

/// The same bits for every split, from random_uniforms.
TEST(RandomUniform, TakesTypesAndShapes) {
  const auto check = [](DataType type, auto tag) {
    using T = decltype(tag);
    constexpr std::size_t kCount = 30003;
    std::vector<double> drawn(kCount);
    random_uniforms(0x3f800000, 0, kCount, drawn.data());
    std::byte* data = nullptr;
    const ConstantPtr expected = make_constant(type, {3, 10001}, &data);
    for (std::size_t i = 0; i < kCount; ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(drawn[i]);
    OpTest("RandomUniformLike", 22)
        .attribute("seed", 1.0F)
        .attribute("dtype", static_cast<std::int64_t>(type))
        .random_input(DataType::kInt8, {3, 10001}, 0, 9)
        .expect(expected)
        .tolerance(ulp(1))
        .run();
  };
  check(DataType::kFloat32, float{});
  check(DataType::kFloat64, double{});
  check(DataType::kFloat16, Float16{});
  check(DataType::kBfloat16, Bfloat16{});
  OpTest("RandomUniform", 1).ints("shape", {0, 3}).expect<float>({0, 3}, {}).run();
}

TEST(RandomNormalLike, HasTheTypeOfItsInput) {
  OpTest("RandomNormalLike", 1)
      .symbolic_input(DataType::kFloat64, {"n", 3})
      .expect_dims(DataType::kFloat64, {"n", 3})
      .infer_only();
  OpTest("RandomNormalLike", 1)
      .attribute("dtype", std::int64_t{1})
      .symbolic_input(DataType::kInt64, {"n", 3})
      .expect_dims(DataType::kFloat32, {"n", 3})
      .infer_only();
}

TEST(Multinomial, DrawsByProbability) {
  // Of each row three numbers of one sequence: 0.88, 0.61, ... against sums of 1/2, 3/4, 1 and of 0, 0, 1.
  const float half = std::log(0.5F), quarter = std::log(0.25F), never = -std::numeric_limits<float>::infinity();
  double drawn[6];
  random_uniforms(0, 0, 6, drawn);
  Literals<std::int32_t> expected;
  for (std::size_t i = 0; i < 3; ++i) expected.push_back(drawn[i] < 0.5 ? 0 : drawn[i] < 0.75 ? 1 : 2);
  expected.insert(expected.end(), 3, 2);
  OpTest("Multinomial", 7)
      .attribute("seed", 0.0F)
      .attribute("sample_size", std::int64_t{3})
      .input<float>({2, 3}, {half, quarter, quarter, never, never, 5})
      .expect<std::int32_t>({2, 3}, expected)
      .run();
  EXPECT_EQ(expected[0], 2);
  EXPECT_EQ(expected[1], 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OpTest("Multinomial", 22)
      .attribute("dtype", std::int64_t{7})
      .input<float>({3, 2}, {nan, nan, never, never, never, 0})
      .expect<std::int64_t>({3, 1}, {0, 0, 1})
      .run();
  OpTest("Multinomial", 7).input<Float16>({0, 2}, {}).expect<std::int32_t>({0, 1}, {}).run();
}

TEST(Multinomial, DrawsManyOfEveryRow) {
  constexpr std::size_t kSamples = 1101;
  std::vector<double> drawn(2 * kSamples);
  random_uniforms(0, 0, drawn.size(), drawn.data());
  Literals<std::int32_t> expected;
  for (const double number : drawn) expected.push_back(number < 0.5 ? 0 : 1);
  OpTest("Multinomial", 7)
      .attribute("seed", 0.0F)
      .attribute("sample_size", static_cast<std::int64_t>(kSamples))
      .input<float>({2, 2}, {0, 0, 0, 0})
      .expect<std::int32_t>({2, static_cast<std::int64_t>(kSamples)}, expected)
      .run();
}

TEST(Random, SaysWhatIsWrong) {
  const auto refused = [](OpTest node, const char* words) { node.expect_error(ErrorCode::kInvalidModel, words).run(); };
  refused(OpTest("RandomNormal", 1), "attribute \"shape\" is missing");
  refused(OpTest("RandomUniform", 1).ints("shape", {2, -1}), "shape is [2,-1], with a negative size");
  refused(OpTest("RandomUniform", 1).ints("shape", {2}).attribute("dtype", std::int64_t{7}), "\"dtype\" is 7");
  refused(OpTest("RandomUniformLike", 1).input<std::int32_t>({1}, {1}), "input input is int32");
  refused(OpTest("Multinomial", 7).input<float>({2}, {1, 1}), "input is [2], expected [batch,classes] with a class");
  refused(OpTest("Multinomial", 7).input<float>({2, 0}, {}), "input is [2,0]");
  refused(OpTest("Multinomial", 7).attribute("sample_size", std::int64_t{0}).input<float>({1, 1}, {1}),
          "sample_size is 0, expected 1 or more");
}

}  // namespace
}  // namespace linnet::internal
